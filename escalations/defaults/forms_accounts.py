"""Forms about accounts and the people behind them: restrictions, security, identity, phone numbers."""

from escalations.defaults.fields import YES_NO, Field, choice, closing, field, transaction_id

ACCOUNT_RESTRICTION: list[Field] = [
    choice(
        "restriction",
        ("What is restricted", "Qué está restringido"),
        {
            "login": ("Sign-in blocked", "Inicio de sesión bloqueado"),
            "sending": ("Sending blocked", "Envíos bloqueados"),
            "payouts": ("Payouts or withdrawals held", "Pagos o retiros retenidos"),
            "merchant": ("Merchant account suspended", "Cuenta de comercio suspendida"),
            "banned": ("Account closed or banned", "Cuenta cerrada o vetada"),
        },
        required=True,
    ),
    field("restricted_since", "date", ("Since when", "Desde cuándo"), required=True),
    field(
        "case_id",
        "reference",
        ("Case id in the notice", "Identificador del caso en el aviso"),
        hint=(
            "Such as RSK-20417, from the notice the customer got",
            "Por ejemplo RSK-20417, del aviso que recibió el cliente",
        ),
        fills="transaction_ref",
    ),
    field(
        "balance",
        "money",
        ("Balance that is out of reach", "Saldo inaccesible"),
        required=True,
        when=("restriction", ("payouts", "merchant", "banned")),
    ),
    field(
        "activity",
        "long_text",
        ("What the customer says about the activity", "Qué dice el cliente sobre la actividad"),
        required=True,
    ),
    choice(
        "documents_sent",
        ("Has the customer sent documents?", "¿El cliente envió documentos?"),
        YES_NO,
        required=True,
    ),
    field(
        "documents",
        "text",
        ("Which documents", "Qué documentos"),
        required=True,
        when=("documents_sent", ("yes",)),
    ),
    choice(
        "essential",
        ("Does it stop wages, rent or medicine?", "¿Impide pagar sueldos, renta o medicinas?"),
        YES_NO,
        required=True,
    ),
    *closing(
        (
            "For example: identity verified, notice explained, earlier restrictions read.",
            "Por ejemplo: identidad verificada, aviso explicado, restricciones anteriores revisadas.",
        ),
        (
            "For example: review the restriction, say which document would lift it.",
            "Por ejemplo: revisar la restricción, indicar qué documento la levantaría.",
        ),
    ),
]

SECURITY_ALERT: list[Field] = [
    choice(
        "alert",
        ("What was noticed", "Qué se detectó"),
        {
            "unauthorised": ("A transaction they did not make", "Una transacción que no hizo"),
            "takeover": ("Somebody else in the account", "Alguien más dentro de la cuenta"),
            "sim_swap": ("The phone number was taken over", "Le quitaron el número de teléfono"),
            "phishing": (
                "A false message or page in our name",
                "Un mensaje o una página falsa a nuestro nombre",
            ),
            "api_key": ("An API key or secret leaked", "Se filtró una clave de API"),
        },
        required=True,
    ),
    field("noticed_on", "date", ("Noticed on", "Detectado el"), required=True),
    choice("ongoing", ("Is it still going on?", "¿Sigue ocurriendo?"), YES_NO, required=True),
    transaction_id(when=("alert", ("unauthorised",))),
    field(
        "amount_at_risk",
        "money",
        ("Amount lost or at risk", "Importe perdido o en riesgo"),
        required=True,
        when=("alert", ("unauthorised", "takeover", "sim_swap")),
    ),
    field(
        "false_address",
        "url",
        ("Address of the false page", "Dirección de la página falsa"),
        when=("alert", ("phishing",)),
    ),
    field(
        "key_ends",
        "text",
        ("How the key begins", "Cómo empieza la clave"),
        hint=("Its first eight characters only, such as pk_live_", "Solo los primeros ocho caracteres"),
        required=True,
        when=("alert", ("api_key",)),
    ),
    choice(
        "secured",
        ("What has been secured", "Qué se ha asegurado"),
        {
            "nothing": ("Nothing yet", "Nada todavía"),
            "sessions": ("Password changed, sessions ended", "Contraseña cambiada, sesiones cerradas"),
            "frozen": ("Account or card frozen", "Cuenta o tarjeta congelada"),
            "revoked": ("Key revoked", "Clave revocada"),
        },
        required=True,
    ),
    choice(
        "shared_code",
        ("Did they tell anybody a code?", "¿Compartieron algún código?"),
        YES_NO,
        when=("alert", ("unauthorised", "takeover", "sim_swap", "phishing")),
    ),
    *closing(
        (
            "For example: account frozen, recent devices read out, customer told not to answer.",
            "Por ejemplo: cuenta congelada, dispositivos recientes revisados, cliente advertido.",
        ),
        (
            "For example: block the recipient, read the sign-in history, start the dispute.",
            "Por ejemplo: bloquear al destinatario, leer el historial de accesos, iniciar la disputa.",
        ),
    ),
]

KYC_DOCUMENT: list[Field] = [
    choice(
        "check",
        ("Which check", "Qué verificación"),
        {
            "identity": ("Identity document", "Documento de identidad"),
            "selfie": ("Selfie or liveness", "Selfi o prueba de vida"),
            "address": ("Proof of address", "Comprobante de domicilio"),
            "business": ("Business documents", "Documentos de la empresa"),
            "funds": ("Source of funds", "Origen de los fondos"),
            "screening": ("Sanctions or PEP match", "Coincidencia en sanciones o PEP"),
        },
        required=True,
    ),
    field(
        "verification_id",
        "reference",
        ("Verification id", "Identificador de la verificación"),
        hint=("Such as KYC-55D0A1", "Por ejemplo KYC-55D0A1"),
        required=True,
        fills="transaction_ref",
    ),
    choice(
        "document",
        ("Which document", "Qué documento"),
        {
            "passport": ("Passport", "Pasaporte"),
            "national_id": ("National id card", "Documento nacional de identidad"),
            "licence": ("Driving licence", "Licencia de conducir"),
            "permit": ("Residence permit", "Permiso de residencia"),
        },
        required=True,
        when=("check", ("identity",)),
    ),
    field("issued_by", "text", ("Issuing country", "País emisor"), required=True, when=("check", ("identity",))),
    field("submitted_on", "date", ("Submitted on", "Enviado el"), required=True),
    choice(
        "result",
        ("What came of it", "Resultado"),
        {
            "rejected": ("Rejected", "Rechazado"),
            "no_answer": ("No answer", "Sin respuesta"),
            "wrong_data": ("Accepted with wrong data", "Aceptado con datos incorrectos"),
            "cannot_upload": ("The upload fails", "La carga falla"),
        },
        required=True,
    ),
    field(
        "error_code",
        "text",
        ("Rejection or error code", "Código de rechazo o de error"),
        required=True,
        when=("result", ("rejected", "cannot_upload")),
        fills="error_code",
    ),
    field(
        "name_on_document",
        "text",
        ("Name exactly as on the document", "Nombre tal como figura en el documento"),
        required=True,
        when=("result", ("wrong_data",)),
    ),
    *closing(
        (
            "For example: picture requirements explained, expiry date checked, second upload.",
            "Por ejemplo: requisitos de la foto explicados, fecha de caducidad revisada.",
        ),
        (
            "For example: review by a person, correct the name, say which document is accepted.",
            "Por ejemplo: revisión manual, corregir el nombre, indicar qué documento se acepta.",
        ),
    ),
]

PHONE_CHANGE: list[Field] = [
    choice(
        "why",
        ("Why it changes", "Por qué cambia"),
        {
            "new_number": ("New number", "Número nuevo"),
            "lost": ("Phone lost or stolen", "Teléfono perdido o robado"),
            "abroad": ("Moved to another country", "Se mudó a otro país"),
            "recycled": (
                "The carrier gave the number to somebody else",
                "El operador dio el número a otra persona",
            ),
            "not_theirs": ("Changed without their consent", "Cambiado sin su consentimiento"),
        },
        required=True,
    ),
    field(
        "old_ends",
        "text",
        ("Old number, last four digits", "Número anterior, últimos cuatro dígitos"),
        required=True,
    ),
    field(
        "new_ends",
        "text",
        ("New number, last four digits", "Número nuevo, últimos cuatro dígitos"),
        required=True,
        when=("why", ("new_number", "lost", "abroad", "recycled")),
    ),
    choice(
        "has_old",
        ("Can they still get codes on the old number?", "¿Aún recibe códigos en el número anterior?"),
        YES_NO,
        required=True,
    ),
    choice(
        "verified_by",
        ("How you verified who they are", "Cómo verificó su identidad"),
        {
            "document": ("Identity document and selfie", "Documento de identidad y selfi"),
            "email_code": ("Code by email", "Código por correo"),
            "questions": ("Questions about the account", "Preguntas sobre la cuenta"),
            "not": ("Could not verify", "No se pudo verificar"),
        },
        required=True,
        when=("has_old", ("no",)),
    ),
    field(
        "verification_id",
        "reference",
        ("Verification id", "Identificador de la verificación"),
        required=True,
        when=("verified_by", ("document",)),
        fills="transaction_ref",
    ),
    choice(
        "recent_change",
        (
            "Was the email or password changed in the last 30 days?",
            "¿Cambió el correo o la contraseña en los últimos 30 días?",
        ),
        YES_NO,
        required=True,
    ),
    *closing(
        (
            "For example: self-service change tried, code sent again, carrier’s port confirmed.",
            "Por ejemplo: cambio en autoservicio intentado, código reenviado, portabilidad confirmada.",
        ),
        (
            "For example: change the number, undo the change, lift the 72-hour hold.",
            "Por ejemplo: cambiar el número, revertir el cambio, levantar la retención de 72 horas.",
        ),
    ),
]
