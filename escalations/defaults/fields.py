"""Words for writing forms down: each returns a field as escalations.contract documents it.

Texts are pairs, English and Spanish. The desk's own texts stand here rather than in
the message catalogue because they become rows that admins may change.
"""

from typing import Any

Words = tuple[str, str]
Field = dict[str, Any]
#: Asked only when an earlier field has one of these values.
When = tuple[str, tuple[str, ...]]


def both(words: Words) -> dict[str, str]:
    """Return the pair as the stored text in two languages."""
    english, spanish = words
    return {"en": english, "es": spanish}


def field(
    key: str,
    kind: str,
    label: Words,
    *,
    hint: Words | None = None,
    required: bool = False,
    when: When | None = None,
    fills: str = "",
) -> Field:
    """Return a field of type `kind`. `hint` is shown below it, `fills` names a column of the ticket."""
    definition: Field = {"key": key, "type": kind, "label": both(label)}
    if hint:
        definition["help"] = both(hint)
    if required:
        definition["required"] = True
    if when:
        definition["show_if"] = {"field": when[0], "in": list(when[1])}
    if fills:
        definition["fills"] = fills
    return definition


def choice(
    key: str,
    label: Words,
    choices: dict[str, Words],
    *,
    hint: Words | None = None,
    required: bool = False,
    when: When | None = None,
    fills: str = "",
) -> Field:
    """Return a field answered by one of `choices`: value to label."""
    definition = field(key, "choice", label, hint=hint, required=required, when=when, fills=fills)
    definition["choices"] = [{"value": value, "label": both(words)} for value, words in choices.items()]
    return definition


YES_NO: dict[str, Words] = {"yes": ("Yes", "Sí"), "no": ("No", "No")}


def transaction_id(*, required: bool = True, when: When | None = None) -> Field:
    """Return the field for the transaction the escalation is about."""
    return field(
        "transaction_id",
        "reference",
        ("Transaction id", "Identificador de la transacción"),
        hint=(
            "As the back office shows it, such as TXN-8F3K2M9Q. Never a card number.",
            "Tal como aparece en el back office, por ejemplo TXN-8F3K2M9Q. Nunca un número de tarjeta.",
        ),
        required=required,
        when=when,
        fills="transaction_ref",
    )


def closing(steps_hint: Words, request_hint: Words) -> list[Field]:
    """Return the two questions every form ends with: what was tried, and what is asked of L2."""
    return [
        field(
            "steps_tried",
            "steps",
            ("Steps already tried", "Pasos ya intentados"),
            hint=steps_hint,
            required=True,
        ),
        field(
            "request",
            "request",
            ("What you need from second line", "Qué necesita de la segunda línea"),
            hint=request_hint,
            required=True,
        ),
    ]
