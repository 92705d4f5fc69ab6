"""The codes people choose from: for returning, reopening, cancelling and resolving, and root causes."""

from escalations.defaults.fields import Words
from escalations.models import ReasonKind

REASONS: dict[ReasonKind, dict[str, Words]] = {
    ReasonKind.RETURN: {
        "missing_information": ("Information is missing", "Falta información"),
        "steps_not_done": ("First-line steps were not done", "No se hicieron los pasos de primera línea"),
        "wrong_category": ("Wrong category", "Categoría equivocada"),
        "not_verified": ("Customer was not verified", "No se verificó al cliente"),
        "unclear_request": ("What is asked of us is unclear", "No queda claro qué se pide"),
        "first_line_can_solve": ("First line can solve it", "La primera línea puede resolverlo"),
    },
    ReasonKind.REOPEN: {
        "not_fixed": ("The problem is still there", "El problema continúa"),
        "came_back": ("It came back", "Volvió a ocurrir"),
        "answer_incomplete": ("The answer was incomplete", "La respuesta quedó incompleta"),
        "customer_disagrees": ("The customer disagrees", "El cliente no está de acuerdo"),
        "new_information": ("New information", "Información nueva"),
    },
    ReasonKind.CANCEL: {
        "solved_itself": ("It solved itself", "Se resolvió solo"),
        "withdrawn": ("The customer withdrew it", "El cliente lo retiró"),
        "by_mistake": ("Escalated by mistake", "Escalado por error"),
        "no_answer": ("The customer does not answer", "El cliente no responde"),
    },
    ReasonKind.RESOLUTION: {
        "fixed": ("Fixed", "Corregido"),
        "workaround": ("Workaround given", "Se dio una solución provisional"),
        "explained": ("Explained: works as intended", "Explicado: funciona como debe"),
        "refunded": ("Refunded or credited", "Reembolsado o abonado"),
        "access_restored": ("Access restored", "Acceso restablecido"),
        "decision_upheld": ("Decision upheld", "Decisión confirmada"),
        "third_party": ("Fixed by a third party", "Corregido por un tercero"),
        "not_reproducible": ("Could not be reproduced", "No se pudo reproducir"),
    },
}

#: Parents with their leaves; only leaves are chosen.
ROOT_CAUSES: dict[str, tuple[Words, dict[str, Words]]] = {
    "payments": (
        ("Payments", "Pagos"),
        {
            "issuer_declined": ("Declined by the issuer", "Rechazada por el emisor"),
            "acquirer_timeout": ("Acquirer timed out", "Tiempo agotado en el adquirente"),
            "routing_misconfigured": ("Routing misconfigured", "Enrutamiento mal configurado"),
            "duplicate_submission": ("Submitted twice", "Enviada dos veces"),
            "settlement_delay": ("Settlement delayed", "Liquidación demorada"),
            "limit_reached": ("Limit reached", "Límite alcanzado"),
            "reconciliation_gap": ("Reconciliation gap", "Descuadre de conciliación"),
        },
    ),
    "platform": (
        ("Our platform", "Nuestra plataforma"),
        {
            "software_defect": ("Software defect", "Defecto de software"),
            "release_regression": ("Regression of a release", "Regresión de una versión"),
            "configuration": ("Wrong configuration", "Configuración incorrecta"),
            "capacity": ("Overload or outage", "Sobrecarga o caída"),
            "documentation_gap": ("Documentation is wrong or missing", "Documentación errónea o ausente"),
        },
    ),
    "integration": (
        ("Merchant’s integration", "Integración del comercio"),
        {
            "wrong_credentials": ("Wrong or expired credentials", "Credenciales erróneas o vencidas"),
            "invalid_request": ("Request not as documented", "Solicitud distinta de lo documentado"),
            "outdated_plugin": ("Outdated plugin or SDK", "Plugin o SDK desactualizado"),
            "webhook_unreachable": ("Webhook address unreachable", "Dirección del webhook inaccesible"),
        },
    ),
    "risk": (
        ("Risk and compliance", "Riesgo y cumplimiento"),
        {
            "fraud_confirmed": ("Fraud confirmed", "Fraude confirmado"),
            "false_positive": ("False positive of a rule", "Falso positivo de una regla"),
            "policy_breach": ("Terms were broken", "Se incumplieron los términos"),
            "document_unreadable": ("Document unreadable", "Documento ilegible"),
            "document_mismatch": (
                "Data do not match the document",
                "Los datos no coinciden con el documento",
            ),
            "screening_hit": ("Name matched a list", "El nombre coincidió con una lista"),
        },
    ),
    "customer_side": (
        ("Customer’s side", "Lado del cliente"),
        {
            "misunderstanding": ("Misunderstanding", "Malentendido"),
            "device_or_network": ("Device or network", "Dispositivo o red"),
            "credentials_shared": ("Code or password was shared", "Compartió un código o la contraseña"),
            "wrong_details": ("Wrong details entered", "Datos mal ingresados"),
        },
    ),
    "third_party": (
        ("Third party", "Terceros"),
        {
            "bank_outage": ("Bank or network outage", "Caída del banco o de la red"),
            "carrier": ("Carrier or delivery service", "Transportista u operador"),
            "merchant_dispute": (
                "Merchant did not deliver or refund",
                "El comercio no entregó o no reembolsó",
            ),
        },
    ),
    "process": (
        ("Our process", "Nuestro proceso"),
        {
            "manual_error": ("Manual error", "Error manual"),
            "campaign_terms": ("Campaign terms unclear", "Bases de campaña poco claras"),
            "credit_policy": ("Credit policy", "Política de crédito"),
            "unknown": ("Not found", "No se encontró"),
        },
    ),
}
