"""The kinds of sensitive actions: what each asks for and which evidence it needs, in one definition each.

Form, API, JSON Schema and checks are all made from this. A field is one of escalations.contract's. What the action
is done to (`order`) and how much of it counts against limits (`amount`) follow from the payload.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actions.models import Kind
from escalations import contract, json_schema
from escalations.contract import Invalid
from escalations.defaults.fields import Field, choice, field
from escalations.models import ContractForm

Payload = Mapping[str, Any]
NOTHING = ""
POINTS, MONEY, TIMES = "points", "money", "times"

_E164_LEAST, _E164_MOST = 8, 15


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence: a file of the ticket if `file`, else words or a file."""

    key: str
    label: str | Promise
    file: bool = False
    required: bool = True


@dataclass(frozen=True)
class Definition:
    """All that is particular about a kind. `faults` finds what is wrong with answers that are each well-formed."""

    kind: Kind
    fields: tuple[Field, ...]
    evidence: tuple[Evidence, ...]
    order: Callable[[Payload], str]
    unit: str
    amount: Callable[[Payload], tuple[int, str]]
    faults: Callable[[Payload], dict[str, str]] = lambda _payload: {}

    @cached_property
    def form(self) -> ContractForm:
        """The fields as a form that is never stored."""
        return ContractForm(version=1, fields=list(self.fields))

    def clean(self, raw: Payload) -> dict[str, Any]:
        """Return the checked payload. Raises Invalid, naming every wrong field."""
        payload = contract.clean(self.form, raw)
        if errors := self.faults(payload):
            raise Invalid(errors)
        return payload

    def rows(self, payload: Payload) -> list[tuple[str, str]]:
        """Return label and value of each answered field, as people read them."""
        return contract.rows(self.form, payload)

    def schema(self) -> dict[str, Any]:
        """Return the payload's JSON Schema."""
        return {**json_schema.of_fields(self.form), "title": str(self.kind.label), "additionalProperties": False}


def _account() -> Field:
    return field(
        "account",
        "reference",
        ("Account", "Cuenta"),
        hint=("The customer id in the back office.", "El identificador del cliente en el back office."),
        required=True,
    )


def _reason(**choices: tuple[str, str]) -> Field:
    return choice("reason", ("Reason", "Motivo"), choices, required=True)


def _positive_money(payload: Payload, key: str) -> dict[str, str]:
    return {} if payload[key]["amount"] > 0 else {key: _("This must be more than nothing.")}


def _raise(payload: Payload) -> dict[str, str]:
    present, wanted = payload["present_limit"], payload["new_limit"]
    if present["currency"] != wanted["currency"]:
        return {"new_limit": _("Both limits must be in the same currency.")}
    if present["amount"] < 0 or wanted["amount"] <= present["amount"]:
        return {"new_limit": _("The new limit must be higher than the present one.")}
    return {}


def _points(payload: Payload) -> dict[str, str]:
    if payload["points"].isdecimal() and 0 < int(payload["points"]) < 10**9:
        return {}
    return {"points": _("This must be a whole number of points, 1 or more.")}


def _phone(payload: Payload) -> dict[str, str]:
    phone = payload["new_phone"]
    is_number = phone.isascii() and phone.startswith("+") and phone[1:].isdecimal()
    if is_number and _E164_LEAST <= len(phone) - 1 <= _E164_MOST:
        return {}
    return {"new_phone": _("Write the number with + and country code, without spaces, such as +639171234567.")}


def _money_of(payload: Payload, key: str) -> tuple[int, str]:
    return payload[key]["amount"], payload[key]["currency"]


_STATEMENT = gettext_lazy("What the customer says")
_IDENTITY = gettext_lazy("How the customer’s identity was checked")

KINDS: dict[Kind, Definition] = {
    one.kind: one
    for one in (
        Definition(
            kind=Kind.CREDIT_LINE,
            fields=(
                _account(),
                field("present_limit", "money", ("Present limit", "Límite actual"), required=True,
                      hint=("Such as 15000.00 PHP", "Por ejemplo 15000.00 PHP")),
                field("new_limit", "money", ("New limit", "Límite nuevo"), required=True),
                _reason(
                    income=("Higher income", "Ingresos más altos"),
                    history=("Good payment history", "Buen historial de pagos"),
                    business=("Business need", "Necesidad del negocio"),
                ),
            ),
            evidence=(
                Evidence("income", gettext_lazy("Proof of income"), file=True),
                Evidence("statement", _STATEMENT),
            ),
            order=lambda payload: payload["account"],
            unit=MONEY,
            amount=lambda payload: (
                payload["new_limit"]["amount"] - payload["present_limit"]["amount"],
                payload["new_limit"]["currency"],
            ),
            faults=_raise,
        ),
        Definition(
            kind=Kind.PHONE_CHANGE,
            fields=(
                _account(),
                field("new_phone", "reference", ("New number", "Número nuevo"), required=True,
                      hint=("Such as +639171234567", "Por ejemplo +639171234567")),
                _reason(
                    lost=("SIM or phone lost", "SIM o teléfono perdido"),
                    changed=("Number changed", "Cambió de número"),
                    abroad=("Moved abroad", "Se mudó al extranjero"),
                ),
            ),
            evidence=(
                Evidence("identity", _IDENTITY),
                Evidence("document", gettext_lazy("Identity document"), file=True),
            ),
            order=lambda payload: payload["account"],
            unit=TIMES,
            amount=lambda _payload: (1, NOTHING),
            faults=_phone,
        ),
        Definition(
            kind=Kind.UNBAN,
            fields=(
                _account(),
                field("ban", "reference", ("Ban", "Bloqueo"),
                      hint=("Its number there, if known.", "Su número allí, si se conoce.")),
                _reason(
                    mistake=("Banned by mistake", "Bloqueada por error"),
                    cleared=("Cleared by review", "Aclarada en la revisión"),
                    appeal=("Appeal granted", "Apelación aceptada"),
                ),
            ),
            evidence=(
                Evidence("review", gettext_lazy("What the account review found")),
                Evidence("statement", _STATEMENT, required=False),
            ),
            order=lambda payload: payload["account"],
            unit=TIMES,
            amount=lambda _payload: (1, NOTHING),
        ),
        Definition(
            kind=Kind.POINTS_REFUND,
            fields=(
                _account(),
                field("original", "reference", ("Original reference", "Referencia original"), required=True,
                      hint=("Under which the points were spent.", "Con el que se gastaron los puntos.")),
                field("points", "number", ("Points", "Puntos"), required=True),
                _reason(
                    failed=("Redemption failed", "Falló el canje"),
                    twice=("Taken twice", "Cobrados dos veces"),
                    returned=("Order returned", "Pedido devuelto"),
                ),
            ),
            evidence=(Evidence("proof", gettext_lazy("What shows that the points are owed")),),
            order=lambda payload: payload["original"],
            unit=POINTS,
            amount=lambda payload: (int(payload["points"]), NOTHING),
            faults=_points,
        ),
        Definition(
            kind=Kind.DELIVERY_RESET,
            fields=(
                _account(),
                field("delivery", "reference", ("Delivery", "Entrega"), required=True),
                choice(
                    "address",
                    ("Address", "Dirección"),
                    {
                        "same": ("Confirmed as it is", "Confirmada tal como está"),
                        "corrected": ("Corrected with the customer", "Corregida con el cliente"),
                    },
                    required=True,
                ),
                _reason(
                    lost=("Lost by the courier", "Perdida por la mensajería"),
                    returned=("Returned to sender", "Devuelta al remitente"),
                    damaged=("Arrived damaged", "Llegó dañada"),
                ),
            ),
            evidence=(
                Evidence("courier", gettext_lazy("What the courier says")),
                Evidence("statement", _STATEMENT),
            ),
            order=lambda payload: payload["delivery"],
            unit=TIMES,
            amount=lambda _payload: (1, NOTHING),
        ),
        Definition(
            kind=Kind.REVERSAL,
            fields=(
                _account(),
                field("transaction", "reference", ("Transaction id", "Identificador de la transacción"),
                      required=True),
                field("amount", "money", ("Amount", "Importe"), required=True,
                      hint=("Such as 1250.00 PHP", "Por ejemplo 1250.00 PHP")),
                _reason(
                    duplicated=("Taken twice", "Cobrada dos veces"),
                    wrong=("Sent to the wrong person", "Enviada a la persona equivocada"),
                    fraud=("Not made by the customer", "No la hizo el cliente"),
                ),
            ),
            evidence=(
                Evidence("statement", _STATEMENT),
                Evidence("trace", gettext_lazy("Trace of the transaction")),
            ),
            order=lambda payload: payload["transaction"],
            unit=MONEY,
            amount=lambda payload: _money_of(payload, "amount"),
            faults=lambda payload: _positive_money(payload, "amount"),
        ),
    )
}  # fmt: skip


def of(kind: str) -> Definition:
    """Return the definition of a kind. Raises ValueError for none of ours."""
    return KINDS[Kind(kind)]


def measured(kind: str, amount: int, currency: str = "") -> str:
    """Return an amount in the kind's unit, as people read it."""
    unit = of(kind).unit
    if unit == MONEY:
        return contract.as_text({"type": "money"}, {"amount": amount, "currency": currency})
    number = number_format(amount, force_grouping=True)
    return _("%s points") % number if unit == POINTS else number
