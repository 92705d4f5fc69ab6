"""Contracts: the typed fields a category demands of L1.

A form's `fields` is a list of definitions:

    key        name of the answer, unique in the form
    type       one of TYPES
    label      {"en": …, "es": …}; `help` likewise, optional
    required   true if an answer is demanded whenever the field shows
    show_if    {"field": key of an earlier field, "in": [values]}: asked only then
    choices    for type choice: [{"value": …, "label": {"en": …, "es": …}}]
    fills      transaction_ref, product or error_code: the ticket's column it also fills

An answer is text, except `number` (kept as a decimal's text), `money`
({"amount": minor units, "currency": ISO code}) and `steps` (a list of texts).
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, StaleVersion
from escalations.models import Category, ContractForm
from events.recording import record

TYPES = (
    "text", "long_text", "choice", "number", "money", "date", "url", "reference", "steps", "request",
)  # fmt: skip
FILLS = ("transaction_ref", "product", "error_code")
LONGEST = {"text": 300, "reference": 120, "url": 1000, "long_text": 10_000, "request": 4_000}
MOST_STEPS = 30
_MOST_DIGITS = 15  # on either side of the point
_LARGEST_AMOUNT = 10**15  # minor units

# Minor units of the currencies that do not have two decimals (ISO 4217).
_DECIMALS = {
    "BHD": 3,
    "CLP": 0,
    "JPY": 0,
    "JOD": 3,
    "KRW": 0,
    "KWD": 3,
    "OMR": 3,
    "PYG": 0,
    "TND": 3,
    "VND": 0,
}
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

Field = Mapping[str, Any]


class Asking(Protocol):
    """A version of a form: a category's, or a partner's."""

    fields: Any


class Invalid(Exception):
    """Answers that break the contract: `errors` names each field and what to mend."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {error}" for key, error in errors.items()))
        self.errors = errors


class Malformed(ValidationError):
    """Definitions that make no form: `index` is the field to mend (None: the whole), `part` what of it."""

    def __init__(self, message: str, *, index: int | None = None, part: str = "") -> None:
        super().__init__(message)
        self.index, self.part = index, part


def label(field: Field, part: str = "label") -> str:
    """Return the field's label (or `part`, such as help) in the active language."""
    texts = field.get(part) or {}
    language = (get_language() or "en")[:2]
    return str(texts.get(language) or texts.get("en") or "")


def shown(field: Field, answers: Mapping[str, Any]) -> bool:
    """Tell whether the field is asked, given the answers to the others."""
    condition = field.get("show_if")
    return not condition or answers.get(condition["field"]) in condition["in"]


def clean(form: Asking, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked answers of a filled-in form. Raises Invalid, naming every wrong field.

    Answers to fields that are not asked, or not in the form, are left out.
    """
    answers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in form.fields:
        if not shown(field, answers):
            continue
        key = field["key"]
        try:
            value = _PARSERS[field["type"]](field, raw.get(key))
        except ValueError as error:
            errors[key] = str(error)
            continue
        if value is not None:
            answers[key] = value
        elif field.get("required"):
            errors[key] = _("This is needed.")
    if errors:
        raise Invalid(errors)
    return answers


def columns(form: ContractForm, answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what the answers put into the ticket's own columns."""
    filled = dict.fromkeys(FILLS, "")
    for field in form.fields:
        if (column := field.get("fills")) and (value := answers.get(field["key"])):
            filled[column] = str(value)[: 80 if column != "transaction_ref" else 120]
    return filled


def rows(form: Asking | None, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the label and the answer, as text, of each answered field in the form's order."""
    if form is None:
        return []
    return [
        (label(field), as_text(field, answers[field["key"]])) for field in form.fields if field["key"] in answers
    ]


def as_text(field: Field, value: Any) -> str:
    """Return an answer as people read it, in the active language."""
    if field["type"] == "money":
        return amount_as_text(value)
    if field["type"] == "number":
        return number_format(Decimal(value))
    if field["type"] == "date":
        return date_format(date.fromisoformat(value), _("j M Y"))
    if field["type"] == "steps":
        return "\n".join(f"{number}. {step}" for number, step in enumerate(value, 1))
    if field["type"] == "choice":
        chosen = next((choice for choice in field["choices"] if choice["value"] == value), None)
        return label(chosen) if chosen else str(value)
    return str(value)


def amount_as_text(value: Mapping[str, Any]) -> str:
    """Return an amount as people read it, "1,250.00 PHP", in the active language."""
    decimals = _DECIMALS.get(value["currency"], 2)
    return f"{number_format(_amount(value), decimals, force_grouping=True)} {value['currency']}"


def typed_amount(value: Mapping[str, Any]) -> str:
    """Return an amount as people type it, "1250.00 PHP", in any language."""
    return f"{_amount(value):f} {value['currency']}"


def _amount(value: Mapping[str, Any]) -> Decimal:
    return Decimal(value["amount"]).scaleb(-_DECIMALS.get(value["currency"], 2))


def may_edit_forms(user: User) -> bool:
    """Tell whether `user` may change what a category asks: admins, and Secondline itself."""
    if user.is_auditor:
        return False
    return user.is_superuser or user.is_robot or (user.is_staff and user.has_perm("escalations.change_category"))


@transaction.atomic
def publish(
    category: Category, fields: list[dict[str, Any]], *, by: User, version: int | None = None
) -> ContractForm:
    """Store `fields` as the category's next form, and return it; the current one if nothing changed.

    Tickets keep the version they were written in. `version` is the one that `by` had before them,
    0 for none; left out, it is not compared. Raises NotAllowed unless `by` may edit forms,
    Malformed if the fields make no form, StaleVersion if somebody published meanwhile.
    """
    if not may_edit_forms(by):
        raise NotAllowed(_("Only admins change what a category asks."))
    check_definition(fields)
    Category.objects.select_for_update(of=("self",), no_key=True).get(pk=category.pk)
    newest = category.current_form
    current = newest.version if newest else 0
    if version is not None and version != current:
        raise StaleVersion(
            _("Somebody published this form while you had it open. Nothing was saved."), current=newest
        )
    fields = [redacted(field) for field in fields]
    if newest is not None and newest.fields == fields:
        return newest
    form = ContractForm.objects.create(
        category=category, version=current + 1, fields=fields, created_at=clock.now()
    )
    record(
        "category.form_published",
        subject=("category", category.pk),
        by=by,
        data={"version": form.version, "fields": len(fields)},
    )
    return form


def redacted(field: dict[str, Any]) -> dict[str, Any]:
    """Return the field with its texts redacted: an admin's example may be a real card number."""
    texts = {
        part: {language: redaction.clean(text) for language, text in field[part].items()}
        for part in ("label", "help")
        if isinstance(field.get(part), dict)
    }
    if "choices" not in field:
        return field | texts
    return field | texts | {"choices": [redacted(choice) for choice in field["choices"]]}


def check_definition(fields: Any) -> None:
    """Raise Malformed, naming the field, unless `fields` defines a form."""
    if not isinstance(fields, list) or not fields:
        raise Malformed(_("A form is a list of at least one field."))
    seen: set[str] = set()
    for index, field in enumerate(fields):
        problem = _definition_problem(field, seen)
        if problem:
            key = field.get("key", "?") if isinstance(field, dict) else "?"
            part, sentence = problem
            message = _("Field “%(key)s”: %(problem)s") % {"key": key, "problem": sentence}
            raise Malformed(message, index=index, part=part)
        seen.add(field["key"])


def _definition_problem(field: Any, seen: set[str]) -> tuple[str, str] | None:
    """Return which part of the field is wrong, and a sentence about it; None if it is well defined."""
    if not isinstance(field, dict) or not _KEY.fullmatch(str(field.get("key", ""))):
        return "key", _("its key must be lower-case letters, digits and underscores.")
    if field["key"] in seen:
        return "key", _("another field has the same key.")
    if field.get("type") not in TYPES:
        return "type", _("its type must be one of %s.") % ", ".join(TYPES)
    if not _is_text(field.get("label")) or not field["label"].get("en"):
        return "label", _("it needs an English label.")
    if field.get("help") is not None and not _is_text(field["help"]):
        return "help", _("its help must be text in English and Spanish.")
    if field["type"] == "choice" and not _has_choices(field):
        return "choices", _("it needs choices, each with a value and a label.")
    if (condition := field.get("show_if")) is not None and not (
        isinstance(condition, dict)
        and condition.get("field") in seen
        and isinstance(condition.get("in"), list)
        and condition["in"]
    ):
        return "show_if", _("its condition must name an earlier field and a list of values.")
    if field.get("fills") and field["fills"] not in FILLS:
        return "fills", _("it can fill only %s.") % ", ".join(FILLS)
    return None


def _is_text(texts: Any) -> bool:
    return isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())


def _has_choices(field: Field) -> bool:
    choices = field.get("choices")
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(c, dict) and c.get("value") and _is_text(c.get("label")) for c in choices)
        and len({str(c["value"]) for c in choices}) == len(choices)
    )


def _text(field: Field, raw: Any) -> str | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise ValueError(_("This must be text."))
    value = raw.replace("\x00", "").strip()
    longest = LONGEST.get(field["type"], 300)
    if len(value) > longest:
        raise ValueError(_("This may have at most %d characters.") % longest)
    return value or None


def _choice(field: Field, raw: Any) -> str | None:
    value = _text(field, raw)
    if value is not None and value not in [choice["value"] for choice in field["choices"]]:
        raise ValueError(_("Choose one of the list."))
    return value


def _number(field: Field, raw: Any) -> str | None:
    value = _text(field, str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw)
    if value is None:
        return None
    try:
        number = Decimal(value.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    # Asked of the digits: arithmetic overflows at 1e999999999, and 1e-999999999 would be written out.
    if not number.is_finite() or number.adjusted() >= _MOST_DIGITS or _decimals(number) > _MOST_DIGITS:
        raise ValueError(_("This must be a number, such as 12 or 3.5."))
    return f"{number.normalize():f}"


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _money(field: Field, raw: Any) -> dict[str, Any] | None:
    """Read "12.50 EUR", or the stored form of an API client."""
    if isinstance(raw, Mapping):
        amount, currency = raw.get("amount"), str(raw.get("currency", "")).upper()
        if isinstance(amount, bool) or not isinstance(amount, int) or abs(amount) > _LARGEST_AMOUNT:
            raise ValueError(_("This must be an amount in minor units and a currency."))
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValueError(_("This must be an amount in minor units and a currency."))
        return {"amount": amount, "currency": currency}
    value = _text(field, raw)
    if value is None:
        return None
    match = re.fullmatch(r"(?P<amount>[0-9]{1,12}(?:[.,][0-9]{1,3})?)\s*(?P<currency>[A-Za-z]{3})", value)
    if match is None:
        raise ValueError(_("This must be an amount with its currency, such as 12.50 EUR."))
    currency = match["currency"].upper()
    amount, decimals = Decimal(match["amount"].replace(",", ".")), _DECIMALS.get(currency, 2)
    if _decimals(amount) > decimals:  # "1,250 PHP" says a thousand, not 1.25
        raise ValueError(_("%s has fewer decimals than that. Thousands go without a separator.") % currency)
    return {"amount": int(amount.scaleb(decimals)), "currency": currency}


def _date(field: Field, raw: Any) -> str | None:
    value = _text(field, raw)
    if value is None:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(_("This must be a date, such as 2026-03-31.")) from None


def _url(field: Field, raw: Any) -> str | None:
    value = _text(field, raw)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_("This must be an address that begins with https:// or http://."))
    return value


def _reference(field: Field, raw: Any) -> str | None:
    value = _text(field, raw)
    if value is not None and re.search(r"\s", value):
        raise ValueError(_("An id has no spaces in it."))
    return value


def _steps(field: Field, raw: Any) -> list[str] | None:
    """Read one step a line, or a list of steps."""
    lines = raw if isinstance(raw, list) else (raw or "").splitlines() if isinstance(raw, str | None) else None
    if lines is None:
        raise ValueError(_("This must be a list of steps."))
    steps = [step for line in lines if (step := _text(field, line))]
    if len(steps) > MOST_STEPS:
        raise ValueError(_("At most %d steps can be listed.") % MOST_STEPS)
    return steps or None


_PARSERS = {
    "text": _text,
    "long_text": _text,
    "request": _text,
    "choice": _choice,
    "number": _number,
    "money": _money,
    "date": _date,
    "url": _url,
    "reference": _reference,
    "steps": _steps,
}
