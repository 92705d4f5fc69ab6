"""Forms about money on its way: payments, deliveries, points and refunds, credit."""

from escalations.defaults.fields import YES_NO, Field, Words, choice, closing, field, transaction_id

#: Product names are stored as they stand: reports and trends count by them.
PAYMENT_PRODUCTS: dict[str, Words] = {
    "Card payments": ("Card payments", "Pagos con tarjeta"),
    "QR payments": ("QR payments", "Pagos con QR"),
    "Wallet transfers": ("Wallet transfers", "Transferencias entre billeteras"),
    "Bank transfers": ("Bank transfers", "Transferencias bancarias"),
    "Bill payments": ("Bill payments", "Pago de servicios"),
    "Payment links": ("Payment links", "Enlaces de pago"),
    "Cash-out": ("Cash-out", "Retiro de efectivo"),
    "Remittances": ("Remittances", "Remesas"),
}
CREDIT_PRODUCTS: dict[str, Words] = {
    "Credit line": ("Credit line", "Línea de crédito"),
    "Pay Later": ("Pay Later", "Pago aplazado"),
    "Business advance": ("Business advance", "Anticipo para empresas"),
}

TRANSACTION_FAILURE: list[Field] = [
    transaction_id(),
    choice("product", ("Product", "Producto"), PAYMENT_PRODUCTS, required=True, fills="product"),
    field(
        "amount",
        "money",
        ("Amount", "Importe"),
        hint=("Such as 1250.00 PHP", "Por ejemplo 1250.00 PHP"),
        required=True,
    ),
    field("happened_on", "date", ("Date of the transaction", "Fecha de la transacción"), required=True),
    choice(
        "outcome",
        ("What happened to it", "Qué le pasó"),
        {
            "declined": ("Declined", "Rechazada"),
            "timed_out": ("Timed out", "Agotó el tiempo de espera"),
            "pending": ("Pending for too long", "Pendiente demasiado tiempo"),
            "debited": ("Debited, not credited", "Debitada, pero no abonada"),
            "duplicated": ("Taken twice", "Cobrada dos veces"),
        },
        required=True,
    ),
    field(
        "error_code",
        "text",
        ("Error code", "Código de error"),
        hint=(
            "Exactly as shown, such as QR-4102 or 51",
            "Exactamente como se muestra, por ejemplo QR-4102 o 51",
        ),
        required=True,
        when=("outcome", ("declined", "timed_out")),
        fills="error_code",
    ),
    field(
        "pending_since",
        "date",
        ("Pending since", "Pendiente desde"),
        required=True,
        when=("outcome", ("pending",)),
    ),
    choice(
        "money_seen",
        ("Where the money is, as far as you can see", "Dónde está el dinero, hasta donde puede ver"),
        {
            "held": ("Held on the customer’s account", "Retenido en la cuenta del cliente"),
            "left": ("Left the account", "Salió de la cuenta"),
            "unknown": ("I can’t see it", "No lo puedo ver"),
        },
        required=True,
        when=("outcome", ("debited", "duplicated")),
    ),
    field("counterparty", "text", ("Merchant or recipient", "Comercio o destinatario")),
    field("attempts", "number", ("How many attempts", "Cuántos intentos")),
    *closing(
        (
            "One per line: retry, another network, balance and limits checked, status page…",
            "Uno por línea: reintento, otra red, saldo y límites revisados, página de estado…",
        ),
        (
            "For example: trace it at the acquirer, release the hold, or say why it was declined.",
            "Por ejemplo: rastrearla en el adquirente, liberar la retención o explicar el rechazo.",
        ),
    ),
]

UNRECOGNISED_DELIVERY: list[Field] = [
    choice(
        "item",
        ("What was delivered", "Qué se entregó"),
        {
            "card": ("A payment card", "Una tarjeta de pago"),
            "reader": ("A card reader", "Un lector de tarjetas"),
            "goods": ("Goods paid with us", "Mercancía pagada con nosotros"),
            "letter": ("A letter or contract", "Una carta o un contrato"),
        },
        required=True,
    ),
    field(
        "tracking_id",
        "reference",
        ("Tracking number", "Número de seguimiento"),
        required=True,
        when=("item", ("card", "reader", "goods")),
        fills="transaction_ref",
    ),
    field("carrier", "text", ("Carrier", "Transportista"), when=("item", ("card", "reader", "goods"))),
    field("delivered_on", "date", ("Delivered on", "Entregado el"), required=True),
    choice(
        "address",
        ("The address on it", "La dirección que lleva"),
        {
            "current": ("The customer’s address on file", "La dirección registrada del cliente"),
            "former": ("A former address", "Una dirección anterior"),
            "foreign": ("Not theirs at all", "No es suya"),
        },
        required=True,
    ),
    field(
        "order_id",
        "reference",
        ("Order number", "Número de pedido"),
        required=True,
        when=("item", ("goods",)),
    ),
    field(
        "amount",
        "money",
        ("Amount of the order", "Importe del pedido"),
        required=True,
        when=("item", ("goods",)),
    ),
    choice(
        "activated",
        ("Was the card or reader activated?", "¿Se activó la tarjeta o el lector?"),
        YES_NO,
        required=True,
        when=("item", ("card", "reader")),
    ),
    choice(
        "second_account",
        ("Does a second account in their name show up?", "¿Aparece una segunda cuenta a su nombre?"),
        YES_NO,
    ),
    *closing(
        (
            "For example: order history read, address confirmed, card blocked, carrier asked.",
            "Por ejemplo: historial de pedidos revisado, dirección confirmada, tarjeta bloqueada.",
        ),
        (
            "For example: find out who ordered it, cancel the card, arrange the pick-up.",
            "Por ejemplo: averiguar quién lo pidió, cancelar la tarjeta, organizar la recogida.",
        ),
    ),
]

POINTS_REFUND: list[Field] = [
    choice(
        "problem",
        ("What is wrong", "Qué está mal"),
        {
            "points_missing": ("Points not credited", "Puntos no abonados"),
            "points_reversed": ("Points taken back", "Puntos revertidos"),
            "redemption_failed": ("Redemption failed", "El canje falló"),
            "refund_missing": ("Refund has not arrived", "El reembolso no ha llegado"),
            "refund_amount": ("Refund of a wrong amount", "Reembolso por un importe incorrecto"),
        },
        required=True,
    ),
    transaction_id(),
    field(
        "points",
        "number",
        ("How many points", "Cuántos puntos"),
        required=True,
        when=("problem", ("points_missing", "points_reversed", "redemption_failed")),
    ),
    field(
        "campaign",
        "text",
        ("Campaign or reward", "Campaña o recompensa"),
        when=("problem", ("points_missing", "points_reversed", "redemption_failed")),
    ),
    field(
        "error_code",
        "text",
        ("Error code", "Código de error"),
        when=("problem", ("redemption_failed",)),
        fills="error_code",
    ),
    field(
        "amount",
        "money",
        ("Amount of the refund", "Importe del reembolso"),
        required=True,
        when=("problem", ("refund_missing", "refund_amount")),
    ),
    field(
        "refund_id",
        "reference",
        ("Refund reference", "Referencia del reembolso"),
        hint=(
            "The acquirer reference (ARN), if the merchant gave one",
            "La referencia del adquirente (ARN), si el comercio la dio",
        ),
        when=("problem", ("refund_missing", "refund_amount")),
    ),
    field(
        "promised_on",
        "date",
        ("Promised for", "Prometido para el"),
        required=True,
        when=("problem", ("points_missing", "refund_missing")),
    ),
    *closing(
        (
            "For example: campaign terms read, merchant’s proof asked for, 10 working days have passed.",
            "Por ejemplo: bases de la campaña leídas, comprobante pedido, pasaron 10 días hábiles.",
        ),
        (
            "For example: credit the points, trace the refund by its ARN.",
            "Por ejemplo: abonar los puntos, rastrear el reembolso por su ARN.",
        ),
    ),
]

CREDIT_LINE: list[Field] = [
    choice(
        "problem",
        ("What it is about", "De qué se trata"),
        {
            "increase": ("Increase asked for", "Solicitud de aumento"),
            "decrease": ("Limit lowered", "Límite reducido"),
            "suspended": ("Line suspended", "Línea suspendida"),
            "balance": ("Balance is wrong", "Saldo incorrecto"),
            "interest": ("Interest or fee disputed", "Interés o comisión en disputa"),
        },
        required=True,
    ),
    choice("product", ("Product", "Producto"), CREDIT_PRODUCTS, required=True, fills="product"),
    field(
        "contract_id",
        "reference",
        ("Contract id", "Identificador del contrato"),
        required=True,
        fills="transaction_ref",
    ),
    field("limit_now", "money", ("Limit now", "Límite actual"), required=True),
    field(
        "limit_wanted",
        "money",
        ("Limit asked for", "Límite solicitado"),
        required=True,
        when=("problem", ("increase",)),
    ),
    choice(
        "income_proof",
        ("Proof of income uploaded", "Comprobante de ingresos cargado"),
        YES_NO,
        required=True,
        when=("problem", ("increase",)),
    ),
    field(
        "told_on",
        "date",
        ("When the customer was told", "Cuándo se avisó al cliente"),
        when=("problem", ("decrease", "suspended")),
    ),
    field(
        "disputed",
        "money",
        ("Amount in dispute", "Importe en disputa"),
        required=True,
        when=("problem", ("balance", "interest")),
    ),
    field(
        "statement_on",
        "date",
        ("Date of the statement", "Fecha del estado de cuenta"),
        required=True,
        when=("problem", ("balance", "interest")),
    ),
    *closing(
        (
            "For example: statement read together, payments posted checked, cooling-off period explained.",
            "Por ejemplo: estado de cuenta revisado juntos, pagos aplicados verificados.",
        ),
        (
            "For example: review the limit, correct the interest, explain the decision.",
            "Por ejemplo: revisar el límite, corregir el interés, explicar la decisión.",
        ),
    ),
]
