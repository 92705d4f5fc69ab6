"""The runbooks that come with Secondline: plugin → language → steps (title, text). A migration stores them."""

Steps = list[tuple[str, str]]

FIRST: dict[str, dict[str, Steps]] = {
    "woocommerce": {
        "en": [
            ("Look up the versions", "In WordPress open WooCommerce › Status. Note the versions of WordPress, WooCommerce, PHP and of our plugin, and send them to us."),
            ("Update our plugin", "Make a backup, then open Plugins and update ours. If an update fails, send us the message that is shown."),
            ("Check the keys", "In WooCommerce › Settings › Payments open our plugin. Key and environment must belong together: live keys in live mode, test keys in test mode. Never send us a secret key."),
            ("Check the permalinks", "In Settings › Permalinks choose “Post name” and save, even if it is chosen already. This renews the addresses that our webhooks call."),
            ("Rule out other plugins", "In a copy of the shop, switch off caching, security and firewall plugins and try once more. Tell us which one made the difference."),
            ("Pay once as a test", "Place a small order. In WooCommerce › Status › Logs open the newest log of our plugin and send it to us; card numbers are masked."),
        ],
        "es": [
            ("Consultar las versiones", "En WordPress, abrir WooCommerce › Estado. Anotar las versiones de WordPress, WooCommerce, PHP y de nuestro plugin, y enviarlas."),
            ("Actualizar nuestro plugin", "Hacer una copia de seguridad, abrir Plugins y actualizar el nuestro. Si la actualización falla, enviar el mensaje que aparece."),
            ("Revisar las claves", "En WooCommerce › Ajustes › Pagos, abrir nuestro plugin. La clave y el entorno deben corresponder: claves reales en modo real, claves de prueba en modo de prueba. Nunca enviar una clave secreta."),
            ("Revisar los enlaces permanentes", "En Ajustes › Enlaces permanentes elegir «Nombre de la entrada» y guardar, aunque ya esté elegido. Así se renuevan las direcciones que llaman nuestros webhooks."),
            ("Descartar otros plugins", "En una copia de la tienda, desactivar los plugins de caché, seguridad y firewall, e intentar de nuevo. Indicar cuál hizo la diferencia."),
            ("Hacer un pago de prueba", "Hacer un pedido pequeño. En WooCommerce › Estado › Registros abrir el registro más reciente de nuestro plugin y enviarlo; los números de tarjeta se ocultan."),
        ],
    },
    "magento": {
        "en": [
            ("Look up the versions", "Run bin/magento --version and composer show for our package. Send us both, with the version of PHP."),
            ("Update our extension", "In a copy of the shop run composer update for our package, then setup:upgrade and setup:di:compile. Take it live when a test payment works."),
            ("Empty the caches", "Run bin/magento cache:flush, and empty the cache of Varnish or of the CDN if there is one."),
            ("Check keys and mode", "In Stores › Configuration › Sales › Payment Methods open ours. Key and mode must belong together. Mind the scope: a website or store view may have its own keys."),
            ("Check cron", "Run bin/magento cron:run. In the table cron_schedule there must be jobs of the last minutes that succeeded."),
            ("Send the logs", "Pay once as a test, then send us var/log/exception.log and the log of our extension of that minute."),
        ],
        "es": [
            ("Consultar las versiones", "Ejecutar bin/magento --version y composer show para nuestro paquete. Enviar ambas, con la versión de PHP."),
            ("Actualizar nuestra extensión", "En una copia de la tienda ejecutar composer update para nuestro paquete, después setup:upgrade y setup:di:compile. Pasar a producción cuando un pago de prueba funcione."),
            ("Vaciar las cachés", "Ejecutar bin/magento cache:flush, y vaciar la caché de Varnish o de la CDN si existe."),
            ("Revisar claves y modo", "En Stores › Configuration › Sales › Payment Methods abrir el nuestro. La clave y el modo deben corresponder. Revisar el ámbito: un sitio o una vista pueden tener claves propias."),
            ("Revisar cron", "Ejecutar bin/magento cron:run. En la tabla cron_schedule debe haber tareas de los últimos minutos terminadas con éxito."),
            ("Enviar los registros", "Hacer un pago de prueba y enviar var/log/exception.log y el registro de nuestra extensión de ese minuto."),
        ],
    },
    "shopify": {
        "en": [
            ("Check that the app is installed", "In Shopify open Settings › Apps and sales channels. Our app must be there and ask for no permission. If it asks, grant it."),
            ("Check the payment method", "In Settings › Payments our method must be active, with test mode off unless it is a test."),
            ("Connect the account anew", "Open our app, choose Disconnect and then Connect, and sign in with the account that receives the payments."),
            ("Look at a failed order", "Open an order that failed and unfold its timeline. Send us what is said there, with the number of the order."),
            ("Pay once as a test", "Place a small order in a private window of the browser. Tell us the time and what the last page said."),
        ],
        "es": [
            ("Comprobar que la aplicación está instalada", "En Shopify abrir Configuración › Aplicaciones y canales de venta. Nuestra aplicación debe estar allí sin pedir permisos. Si los pide, concederlos."),
            ("Comprobar el método de pago", "En Configuración › Pagos nuestro método debe estar activo, sin modo de prueba, salvo que sea una prueba."),
            ("Conectar la cuenta de nuevo", "Abrir nuestra aplicación, elegir Desconectar y después Conectar, e iniciar sesión con la cuenta que recibe los pagos."),
            ("Ver un pedido fallido", "Abrir un pedido que falló y desplegar su cronología. Enviar lo que dice, con el número del pedido."),
            ("Hacer un pago de prueba", "Hacer un pedido pequeño en una ventana privada del navegador. Indicar la hora y qué decía la última página."),
        ],
    },
}  # fmt: skip
