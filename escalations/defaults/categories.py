"""The categories a new desk starts with, each with its form."""

from typing import NamedTuple

from escalations.defaults import forms_accounts, forms_obligations, forms_payments, forms_platform
from escalations.defaults.fields import Field, Words


class CategoryDefault(NamedTuple):
    """A category before it is stored; `hint` tells L1 when to choose it."""

    key: str
    name: Words
    hint: Words
    form: list[Field]


CATEGORIES = [
    CategoryDefault(
        "transaction_failure",
        ("Transaction failure", "Transacción fallida"),
        (
            "A payment or transfer was declined, hangs, was taken twice or never arrived.",
            "Un pago o una transferencia se rechazó, quedó pendiente, se cobró dos veces o no llegó.",
        ),
        forms_payments.TRANSACTION_FAILURE,
    ),
    CategoryDefault(
        "api_integration",
        ("API or plugin integration", "Integración por API o plugin"),
        (
            "A merchant’s API calls, webhooks or shop plugin fail or behave unlike the documentation.",
            "Las llamadas a la API, los webhooks o el plugin de un comercio fallan.",
        ),
        forms_platform.API_INTEGRATION,
    ),
    CategoryDefault(
        "account_restriction",
        ("Account restriction or ban", "Restricción o veto de cuenta"),
        (
            "We limited, held, suspended or closed an account and the customer asks why.",
            "Limitamos, retuvimos, suspendimos o cerramos una cuenta y el cliente pregunta por qué.",
        ),
        forms_accounts.ACCOUNT_RESTRICTION,
    ),
    CategoryDefault(
        "security_alert",
        ("Security alert", "Alerta de seguridad"),
        (
            "Signs of fraud: unknown transactions, a taken-over account, phishing, leaked keys.",
            "Indicios de fraude: transacciones desconocidas, cuenta tomada, phishing, claves filtradas.",
        ),
        forms_accounts.SECURITY_ALERT,
    ),
    CategoryDefault(
        "platform_behaviour",
        ("Platform behaviour", "Comportamiento de la plataforma"),
        (
            "App, web or card reader does something it should not, without a failed payment behind it.",
            "La aplicación, la web o el lector hace algo indebido, sin un pago fallido de por medio.",
        ),
        forms_platform.PLATFORM_BEHAVIOUR,
    ),
    CategoryDefault(
        "kyc_document",
        ("KYC or document check", "KYC o verificación de documentos"),
        (
            "An identity, address, business or source-of-funds check is rejected or stuck.",
            "Una verificación de identidad, domicilio, empresa u origen de fondos se rechazó o se atascó.",
        ),
        forms_accounts.KYC_DOCUMENT,
    ),
    CategoryDefault(
        "unrecognised_delivery",
        ("Unrecognised delivery", "Entrega no reconocida"),
        (
            "A card, reader or goods arrived that the customer did not order.",
            "Llegó una tarjeta, un lector o mercancía que el cliente no pidió.",
        ),
        forms_payments.UNRECOGNISED_DELIVERY,
    ),
    CategoryDefault(
        "points_refund",
        ("Points or refund", "Puntos o reembolso"),
        (
            "Points are missing or were taken back; a refund is late or of a wrong amount.",
            "Faltan puntos o se revirtieron; un reembolso se demora o llegó por otro importe.",
        ),
        forms_payments.POINTS_REFUND,
    ),
    CategoryDefault(
        "credit_line",
        ("Credit line change", "Cambio de línea de crédito"),
        (
            "Limit, balance, interest or suspension of a credit product.",
            "Límite, saldo, intereses o suspensión de un producto de crédito.",
        ),
        forms_payments.CREDIT_LINE,
    ),
    CategoryDefault(
        "phone_change",
        ("Phone number change", "Cambio de número de teléfono"),
        (
            "The customer cannot change, or did not change, the number that receives codes.",
            "El cliente no puede cambiar, o no cambió, el número que recibe los códigos.",
        ),
        forms_accounts.PHONE_CHANGE,
    ),
    CategoryDefault(
        "social_complaint",
        ("Social or app-review complaint", "Queja en redes o reseña de la app"),
        (
            "A public post or review that needs an answer.",
            "Una publicación o reseña pública que necesita respuesta.",
        ),
        forms_platform.SOCIAL_COMPLAINT,
    ),
    CategoryDefault(
        "chargeback",
        ("Chargeback", "Contracargo"),
        (
            "A card scheme or the customer's bank disputes a payment; there is a date to answer by.",
            "La marca o el banco del cliente disputa un pago; hay una fecha para responder.",
        ),
        forms_obligations.CHARGEBACK,
    ),
    CategoryDefault(
        "data_request",
        ("Request about personal data", "Solicitud sobre datos personales"),
        (
            "Somebody asks for their data, or for correction or erasure; the law sets a date.",
            "Alguien pide sus datos, o que se rectifiquen o supriman; la ley fija una fecha.",
        ),
        forms_obligations.DATA_REQUEST,
    ),
    CategoryDefault(
        "other",
        ("Other", "Otro"),
        ("Only when nothing above fits.", "Solo cuando nada de lo anterior encaja."),
        forms_platform.OTHER,
    ),
]
