"""Forms about what the law or a card scheme sets a date for: chargebacks, requests about personal data."""

from escalations.defaults.fields import Field, choice, closing, field, transaction_id

CHARGEBACK: list[Field] = [
    transaction_id(),
    field("amount", "money", ("Disputed amount", "Importe en disputa"), required=True),
    field(
        "notified_on",
        "date",
        ("Date of the scheme's notice", "Fecha del aviso de la marca"),
        hint=("The time to answer counts from it.", "El plazo de respuesta corre desde esta fecha."),
        required=True,
    ),
    field(
        "error_code",
        "text",
        ("Reason code", "Código de motivo"),
        hint=("As in the notice, such as 10.4 or 4853", "Como en el aviso, por ejemplo 10.4 o 4853"),
        required=True,
        fills="error_code",
    ),
    choice(
        "stage",
        ("Stage", "Etapa"),
        {
            "inquiry": ("Inquiry", "Solicitud de información"),
            "first": ("First chargeback", "Primer contracargo"),
            "second": ("Pre-arbitration", "Prearbitraje"),
        },
        required=True,
    ),
    field("merchant", "text", ("Merchant", "Comercio")),
    *closing(
        ("Such as: asked the merchant for the proof of delivery", "Por ejemplo: se pidió el acuse de entrega"),
        ("Such as: decide whether to contest it", "Por ejemplo: decidir si se impugna"),
    ),
]

DATA_REQUEST: list[Field] = [
    choice(
        "right",
        ("What the person asks for", "Qué pide la persona"),
        {
            "access": ("A copy of their data", "Una copia de sus datos"),
            "correction": ("Correction", "Rectificación"),
            "erasure": ("Erasure", "Supresión"),
            "objection": ("No longer to be contacted or profiled", "No ser contactada ni perfilada"),
            "portability": ("Data to take along", "Datos para llevarlos a otro lugar"),
        },
        required=True,
    ),
    field("received_on", "date", ("Date of the request", "Fecha de la solicitud"), required=True),
    choice(
        "identity",
        ("How the person was identified", "Cómo se identificó a la persona"),
        {
            "signed_in": ("From the signed-in account", "Desde su cuenta, con sesión iniciada"),
            "document": ("By a document", "Con un documento"),
            "not_yet": ("Not yet", "Todavía no"),
        },
        required=True,
    ),
    *closing(
        ("Such as: confirmed the receipt to the person", "Por ejemplo: se confirmó la recepción"),
        ("Such as: collect the data of both accounts", "Por ejemplo: reunir los datos de ambas cuentas"),
    ),
]
