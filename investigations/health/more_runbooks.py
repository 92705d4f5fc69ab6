"""More runbooks that come with Secondline: for what is no shop's plugin."""

from investigations.health.first_runbooks import FIRST, Steps

MORE: dict[str, dict[str, Steps]] = {
    "rest": {
        "en": [
            ("Send one failing call", "Send us the X-Request-Id, the time with its zone, method and path, and the status of one call that failed. No keys and no card numbers."),
            ("Check key and address", "Live keys work at the live address only, test keys at the test address only. A 401 is nearly always this."),
            ("Check the clock", "The server's clock may be wrong by a minute at most, or signed requests are refused. Compare it with time.is."),
            ("Check what is sent", "Compare headers and body of the call with the reference: Content-Type application/json, amounts as whole numbers of cents, an Idempotency-Key of its own for each payment."),
            ("Check time-outs and repeats", "Wait 30 seconds for an answer at least. Repeat after 429 and 5xx with a growing pause and the same Idempotency-Key."),
            ("Try it from the server itself", "Call the status address with curl -v from the machine that fails, and send us what it prints but for the Authorization header."),
        ],
        "es": [
            ("Enviar una llamada fallida", "Enviar el X-Request-Id, la hora con su zona, el método y la ruta, y el estado de una llamada que falló. Sin claves ni números de tarjeta."),
            ("Revisar clave y dirección", "Las claves reales funcionan solo en la dirección real, las de prueba solo en la de prueba. Un 401 casi siempre es esto."),
            ("Revisar el reloj", "El reloj del servidor puede errar como máximo un minuto, o las solicitudes firmadas se rechazan. Compararlo con time.is."),
            ("Revisar lo que se envía", "Comparar encabezados y cuerpo con la referencia: Content-Type application/json, importes en céntimos enteros, un Idempotency-Key propio para cada pago."),
            ("Revisar tiempos de espera y reintentos", "Esperar al menos 30 segundos la respuesta. Repetir tras 429 y 5xx con una pausa creciente y el mismo Idempotency-Key."),
            ("Probar desde el propio servidor", "Llamar la dirección de estado con curl -v desde la máquina que falla y enviar lo que muestra, salvo el encabezado Authorization."),
        ],
    },
    "webhooks": {
        "en": [
            ("Check the address", "The address in the dashboard must begin with https://, be reachable from the internet, and not redirect."),
            ("Answer first, work later", "Answer 200 within 5 seconds and do the work afterwards. Slower answers count as failed and are sent again."),
            ("Check the signature over the raw body", "Compute the HMAC over the body as it arrived, before any JSON is read, with the secret of this very endpoint, and compare in constant time."),
            ("Let us through the firewall", "Allow our addresses, and switch off challenges for robots at this path. A 403 with HTML in the delivery log is a firewall."),
            ("Expect repeats", "The same delivery may come twice. Keep its id and do nothing the second time."),
            ("Send one again", "In the dashboard open a failed delivery and send it again. Tell us its id and what your server's log says at that time."),
        ],
        "es": [
            ("Revisar la dirección", "La dirección en el panel debe empezar por https://, ser accesible desde internet y no redirigir."),
            ("Responder primero, procesar después", "Responder 200 en 5 segundos y procesar después. Las respuestas más lentas cuentan como fallidas y se reenvían."),
            ("Verificar la firma sobre el cuerpo original", "Calcular el HMAC sobre el cuerpo tal como llegó, antes de leer el JSON, con el secreto de este mismo endpoint, y comparar en tiempo constante."),
            ("Permitirnos en el firewall", "Permitir nuestras direcciones y desactivar los desafíos para robots en esta ruta. Un 403 con HTML en el registro de entregas es un firewall."),
            ("Esperar repeticiones", "La misma entrega puede llegar dos veces. Guardar su identificador y no hacer nada la segunda vez."),
            ("Reenviar una entrega", "En el panel abrir una entrega fallida y reenviarla. Indicar su identificador y qué dice el registro del servidor a esa hora."),
        ],
    },
    "tls": {
        "en": [
            ("Check the date of the certificate", "Open the address in a browser and look at the certificate. It must not have expired and must name this very host."),
            ("Check the chain", "Run openssl s_client -connect HOST:443 -servername HOST. It must end in “Verify return code: 0 (ok)”. Otherwise install the intermediate certificate, too."),
            ("Check the version of TLS", "TLS 1.2 or later is needed. Older PHP, Java 7 and .NET 4.5 must be told to use it, or be updated."),
            ("Update the trusted roots", "Update the package ca-certificates, or the trust store of Java, and restart the program."),
            ("Check the name in DNS", "Run dig HOST from the machine that fails. It must give the address that we name, and the answer must not be older than its time to live."),
        ],
        "es": [
            ("Revisar la fecha del certificado", "Abrir la dirección en un navegador y ver el certificado. No debe haber caducado y debe nombrar este mismo servidor."),
            ("Revisar la cadena", "Ejecutar openssl s_client -connect HOST:443 -servername HOST. Debe terminar en «Verify return code: 0 (ok)». Si no, instalar también el certificado intermedio."),
            ("Revisar la versión de TLS", "Se necesita TLS 1.2 o posterior. Versiones antiguas de PHP, Java 7 y .NET 4.5 deben configurarse para usarlo o actualizarse."),
            ("Actualizar las raíces de confianza", "Actualizar el paquete ca-certificates o el almacén de Java, y reiniciar el programa."),
            ("Revisar el nombre en DNS", "Ejecutar dig HOST desde la máquina que falla. Debe dar la dirección que indicamos, y la respuesta no debe ser más vieja que su tiempo de vida."),
        ],
    },
}  # fmt: skip

ALL = FIRST | MORE
