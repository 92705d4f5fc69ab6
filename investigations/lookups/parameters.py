"""Parameters of a lookup: typed, checked, and filled in from a ticket.

An admin writes one a line: `NAME: TYPE`, then in any order `/PATTERN/`, `= FILL` and `optional`:

    account: reference /C-[0-9]+/ = customer
    since: time = happened-24h
    largest: money optional

Types: text, integer, date, time, money (such as 12.50), reference (letters, digits and . _ : / + - only).
Fills: customer, transaction, error_code, product, answer.KEY (an answer of the contract), happened or escalated
with `-24h`, `+3d` behind it. What happened is the contract's first answer with a time of day, else the escalation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

import redaction
from common.errors import Refused
from escalations.models import Ticket

TYPES = ("text", "integer", "date", "time", "money", "reference")
MOST = 12
LONGEST_VALUE = 200
_LARGEST_INTEGER = 2**63 - 1
_LINE = re.compile(r"([a-z][a-z0-9_]{0,39})\s*:\s*([a-z]+)(.*)")
_REST = re.compile(r"\s+(?:/(?P<pattern>[^/]{1,200})/|=\s*(?P<fill>\S+)|(?P<optional>optional))")
_FILL = re.compile(
    r"customer|transaction|error_code|product|answer\.[a-z][a-z0-9_]{0,39}|(?:happened|escalated)(?:[+-][0-9]{1,4}[mhd])?"
)
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]*")
_MONEY = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,3})?")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Value = str | int | date | datetime | Decimal | None


@dataclass(frozen=True)
class Parameter:
    """One place of a question."""

    name: str
    type: str
    pattern: str = ""
    fill: str = ""
    optional: bool = False

    def spelled(self) -> str:
        """Return the line that an admin would write."""
        rest = [f"/{self.pattern}/"] if self.pattern else []
        rest += [f"= {self.fill}"] if self.fill else []
        rest += ["optional"] if self.optional else []
        return " ".join([f"{self.name}: {self.type}", *rest])


def parse(lines: str) -> list[Parameter]:
    """Return the parameters that an admin wrote. Raises Refused (field `parameters`), naming the line."""
    found: list[Parameter] = []
    for line in filter(None, (line.strip() for line in lines.splitlines())):
        parameter = _parsed(line)
        if parameter is None:
            raise Refused(_("This line can't be read: %s") % line[:80], field="parameters")
        if parameter.name in {one.name for one in found}:
            raise Refused(_("Two parameters are called “%s”.") % parameter.name, field="parameters")
        found.append(parameter)
    if len(found) > MOST:
        raise Refused(_("A lookup has at most %d parameters.") % MOST, field="parameters")
    return found


def _parsed(line: str) -> Parameter | None:
    match = _LINE.fullmatch(line)
    if not match or match[2] not in TYPES:
        return None
    given: dict[str, Any] = {}
    position, rest = 0, match[3]
    while position < len(rest.rstrip()):
        part = _REST.match(rest, position)
        if not part or part.lastgroup is None or part.lastgroup in given:
            return None
        given[part.lastgroup] = True if part.lastgroup == "optional" else part[part.lastgroup]
        position = part.end()
    if "fill" in given and not _FILL.fullmatch(given["fill"]):
        return None
    try:
        re.compile(given.get("pattern", ""))
    except re.error:
        return None
    return Parameter(match[1], match[2], **given)


def stored(rows: Sequence[Mapping[str, Any]]) -> list[Parameter]:
    """Return parameters as a version has them."""
    return [Parameter(**row) for row in rows]


def to_store(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    """Return them as a version keeps them."""
    return [asdict(one) for one in parameters]


def value(parameter: Parameter, given: str) -> Value:
    """Return what is bound for what a person typed. Raises Refused (field: the parameter's name)."""
    text = given.strip()
    if not text:
        if parameter.optional:
            return None
        raise _bad(parameter, _("Fill this in."))
    if len(text) > LONGEST_VALUE or not text.isprintable():
        raise _bad(parameter, _("At most %d characters, on one line.") % LONGEST_VALUE)
    if redaction.clean(text) != text:
        raise _bad(parameter, _("This looks like a card number or a secret, which is never sent in a lookup."))
    bound = _bound(parameter, text)
    if parameter.pattern and not re.fullmatch(parameter.pattern, text):
        raise _bad(parameter, _("This is not of the form %s.") % parameter.pattern)
    return bound


def _bound(parameter: Parameter, text: str) -> Value:
    try:
        match parameter.type:
            case "integer":
                return _integer(text)
            case "date":
                return date.fromisoformat(text)
            case "time":
                at = datetime.fromisoformat(text)
                return (at if at.tzinfo else timezone.make_aware(at)).astimezone(UTC)
            case "money":
                return _amount(text)
            case "reference":
                if not _REFERENCE.fullmatch(text):
                    raise _bad(parameter, _("Only letters, digits and . _ : / + - stand in a reference."))
        return text
    except (ValueError, OverflowError, InvalidOperation) as error:
        raise _bad(parameter, _expected(parameter.type)) from error


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or abs(number := int(text)) > _LARGEST_INTEGER:
        raise ValueError
    return number


def _amount(text: str) -> Decimal:
    if not _MONEY.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _expected(kind: str) -> str:
    return {
        "integer": _("This is not a whole number."),
        "date": _("This is not a date, such as 2026-11-27."),
        "time": _("This is not a time, such as 2026-11-27 09:30."),
        "money": _("This is not an amount, such as 12.50."),
    }.get(kind, _("This can't be read."))


def _bad(parameter: Parameter, sentence: str) -> Refused:
    return Refused(sentence, field=parameter.name)


def filled(parameters: Sequence[Parameter], ticket: Ticket) -> dict[str, str]:
    """Return what a ticket says of each, as a person would type it; "" where it says nothing."""
    return {one.name: _filled(one, ticket) for one in parameters}


def _filled(parameter: Parameter, ticket: Ticket) -> str:
    fill, _dot, key = parameter.fill.partition(".")
    match fill:
        case "customer":
            return ticket.customer.external_id
        case "transaction":
            return ticket.transaction_ref
        case "error_code":
            return ticket.error_code
        case "product":
            return ticket.product
        case "answer":
            answer = ticket.answers.get(key, "")
            return answer if isinstance(answer, str) else ""
        case "":
            return ""
    at = ticket.created_at if fill.startswith("escalated") else happened(ticket)
    if shift := re.search(r"([+-][0-9]+)([mhd])$", fill):
        at += timedelta(**{_UNITS[shift[2]]: int(shift[1])})
    local = timezone.localtime(at)
    return local.date().isoformat() if parameter.type == "date" else local.strftime("%Y-%m-%dT%H:%M")


def happened(ticket: Ticket) -> datetime:
    """Return when what the ticket is about happened, as far as it says so."""
    for answer in ticket.answers.values():
        if isinstance(answer, str) and 16 <= len(answer) <= 40:
            try:
                at = datetime.fromisoformat(answer)
            except ValueError:
                continue
            return at if at.tzinfo else timezone.make_aware(at)
    return ticket.created_at
