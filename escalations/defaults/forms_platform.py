"""Forms about the platform itself: integrations, behaviour, what is said in public, and the rest."""

from escalations.defaults.fields import YES_NO, Field, Words, choice, closing, field, transaction_id

_PLUGINS = ("WooCommerce plugin", "Shopify app", "PrestaShop module", "Magento extension")
_NETWORKS = ("Facebook", "X", "Instagram", "TikTok", "Reddit")
_STORES = ("App Store", "Google Play", "Trustpilot")

INTEGRATIONS: dict[str, Words] = {
    "Payments API": ("Payments API", "API de pagos"),
    "Payouts API": ("Payouts API", "API de dispersiones"),
    "Webhooks": ("Webhooks", "Webhooks"),
    **{name: (name, name) for name in _PLUGINS},
    "Mobile SDK": ("Mobile SDK", "SDK móvil"),
}
SURFACES: dict[str, Words] = {
    "Android app": ("Android app", "Aplicación Android"),
    "iOS app": ("iOS app", "Aplicación iOS"),
    "Web wallet": ("Web wallet", "Billetera web"),
    "Merchant dashboard": ("Merchant dashboard", "Panel de comercios"),
    "Card reader": ("Card reader", "Lector de tarjetas"),
}

API_INTEGRATION: list[Field] = [
    choice("integration", ("Integration", "Integración"), INTEGRATIONS, required=True, fills="product"),
    choice(
        "environment",
        ("Environment", "Entorno"),
        {"live": ("Live", "Producción"), "sandbox": ("Sandbox", "Pruebas")},
        required=True,
    ),
    field(
        "version",
        "text",
        ("Version of the plugin or SDK", "Versión del plugin o del SDK"),
        required=True,
        when=("integration", (*_PLUGINS, "Mobile SDK")),
    ),
    field(
        "endpoint",
        "text",
        ("Endpoint", "Endpoint"),
        hint=("Method and path, such as POST /v2/charges", "Método y ruta, por ejemplo POST /v2/charges"),
        required=True,
        when=("integration", ("Payments API", "Payouts API")),
    ),
    field(
        "webhook_event",
        "text",
        ("Webhook event", "Evento del webhook"),
        required=True,
        when=("integration", ("Webhooks",)),
    ),
    field(
        "request_id",
        "reference",
        ("Request id", "Identificador de la solicitud"),
        hint=("The X-Request-Id of one failing call", "El X-Request-Id de una llamada fallida"),
        required=True,
        fills="transaction_ref",
    ),
    field("http_status", "number", ("HTTP status", "Estado HTTP")),
    field(
        "error_code",
        "text",
        ("Error code in the answer", "Código de error en la respuesta"),
        fills="error_code",
    ),
    choice(
        "extent",
        ("How many calls fail", "Cuántas llamadas fallan"),
        {
            "all": ("All of them", "Todas"),
            "some": ("Some", "Algunas"),
            "one": ("One so far", "Una hasta ahora"),
        },
        required=True,
    ),
    field("since", "date", ("Since when", "Desde cuándo"), required=True),
    field("site", "url", ("Shop’s address", "Dirección de la tienda"), when=("integration", _PLUGINS)),
    field(
        "answer",
        "long_text",
        ("Answer of the API", "Respuesta de la API"),
        hint=("Without keys, tokens or card numbers", "Sin claves, tokens ni números de tarjeta"),
    ),
    *closing(
        (
            "For example: keys checked, sandbox tried, plugin updated, logs asked for.",
            "Por ejemplo: claves revisadas, entorno de pruebas probado, plugin actualizado.",
        ),
        (
            "For example: find the request in our logs, say which field is wrong.",
            "Por ejemplo: encontrar la solicitud en nuestros registros, decir qué campo está mal.",
        ),
    ),
]

PLATFORM_BEHAVIOUR: list[Field] = [
    choice("surface", ("Where", "Dónde"), SURFACES, required=True, fills="product"),
    field(
        "version",
        "text",
        ("App version", "Versión de la aplicación"),
        required=True,
        when=("surface", ("Android app", "iOS app", "Card reader")),
    ),
    field(
        "device",
        "text",
        ("Device and system", "Dispositivo y sistema"),
        required=True,
        when=("surface", ("Android app", "iOS app")),
    ),
    field(
        "browser",
        "text",
        ("Browser", "Navegador"),
        required=True,
        when=("surface", ("Web wallet", "Merchant dashboard")),
    ),
    field("expected", "long_text", ("What should have happened", "Qué debería haber pasado"), required=True),
    choice(
        "repeats",
        ("Does it happen again?", "¿Vuelve a pasar?"),
        {
            "always": ("Every time", "Siempre"),
            "sometimes": ("Sometimes", "A veces"),
            "once": ("Only once", "Solo una vez"),
        },
        required=True,
    ),
    field("error_code", "text", ("Error shown", "Error mostrado"), fills="error_code"),
    field("since", "date", ("Since when", "Desde cuándo"), required=True),
    transaction_id(required=False),
    *closing(
        (
            "For example: signed out and in, cache cleared, reinstalled, another network.",
            "Por ejemplo: cerrar y abrir sesión, borrar caché, reinstalar, otra red.",
        ),
        (
            "For example: confirm that it is a fault, give a workaround.",
            "Por ejemplo: confirmar que es una falla, dar una solución provisional.",
        ),
    ),
]

SOCIAL_COMPLAINT: list[Field] = [
    choice(
        "network",
        ("Where it was posted", "Dónde se publicó"),
        {name: (name, name) for name in (*_NETWORKS, *_STORES)},
        required=True,
    ),
    field("post", "url", ("Address of the post", "Dirección de la publicación"), required=True),
    field("posted_on", "date", ("Posted on", "Publicado el"), required=True),
    field("reach", "number", ("Followers or views", "Seguidores o vistas"), when=("network", _NETWORKS)),
    field("stars", "number", ("Stars", "Estrellas"), required=True, when=("network", _STORES)),
    choice("identified", ("Do we know which customer it is?", "¿Sabemos qué cliente es?"), YES_NO, required=True),
    choice(
        "press",
        ("Do they mention press, lawyers or a regulator?", "¿Menciona prensa, abogados o un regulador?"),
        YES_NO,
        required=True,
    ),
    field("regulator", "text", ("Which", "Cuál"), required=True, when=("press", ("yes",))),
    transaction_id(required=False),
    *closing(
        (
            "For example: public reply with the case number, asked for a direct message.",
            "Por ejemplo: respuesta pública con el número de caso, se pidió un mensaje directo.",
        ),
        (
            "For example: solve what is behind it, and say what we may answer in public.",
            "Por ejemplo: resolver el fondo y decir qué podemos responder en público.",
        ),
    ),
]

OTHER: list[Field] = [
    field("about", "text", ("What it is about", "De qué se trata"), required=True),
    field(
        "why_other",
        "long_text",
        ("Why no other category fits", "Por qué no encaja otra categoría"),
        required=True,
    ),
    transaction_id(required=False),
    field("product", "text", ("Product", "Producto"), fills="product"),
    field(
        "deadline",
        "date",
        ("Is there a date it must be answered by?", "¿Debe responderse antes de una fecha?"),
    ),
    *closing(
        ("One per line.", "Uno por línea."),
        (
            "Say what would make this case closed for the customer.",
            "Diga con qué quedaría resuelto el caso para el cliente.",
        ),
    ),
]
