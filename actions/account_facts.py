"""What the back office knows of an account, as facts that rules can be applied to.

A field that did not come, or that nobody can read, is None: not known. Nothing here guesses.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

import redaction
from actions import back_office
from actions.back_office import Unavailable

LAST_DIGITS = 3
MASK = "•••"


@dataclass(frozen=True)
class SignIn:
    at: datetime
    succeeded: bool
    country: str
    device: str


@dataclass(frozen=True)
class Account:
    """An account. Money is in minor units of `currency`; `phone` shows the last three digits only.

    A time of change is None if there was none; whether that is known `tells` says. `sign_ins` are all of them
    since `sign_ins_since`.
    """

    reference: str
    status: str
    opened: datetime | None
    kyc_level: int | None
    phone: str
    phone_changed_at: datetime | None
    address_changed_at: datetime | None
    credit_limit: int | None
    currency: str
    sign_ins: tuple[SignIn, ...] | None = None
    sign_ins_since: datetime | None = None
    told: frozenset[str] = frozenset()

    def tells(self, name: str) -> bool:
        """Tell whether the back office said anything readable about the field of this name, be it "never"."""
        return name in self.told

    @property
    def is_banned(self) -> bool:
        return self.status == "banned"


@dataclass(frozen=True)
class Transaction:
    """A payment or transfer; `state` is settled, declined, disputed, charged_back or reversed."""

    reference: str
    at: datetime
    kind: str
    state: str
    amount: int
    currency: str
    counterparty: str


@dataclass(frozen=True)
class Transactions:
    """Transactions, newest first; all of them since `complete_since` (None: nobody says since when)."""

    rows: tuple[Transaction, ...]
    complete_since: datetime | None


@dataclass(frozen=True)
class PointsEntry:
    """Points that were earned, spent or refunded; `original` is the entry that a refund gives back."""

    reference: str
    at: datetime
    kind: str
    points: int
    original: str


@dataclass(frozen=True)
class CourierEvent:
    """What the courier reported; `code` is one of actions.delivery_cases.COURIER_CODES, or unknown to us."""

    at: datetime
    code: str
    place: str
    note: str


@dataclass(frozen=True)
class Delivery:
    """Something sent to the customer. `resets` are the earlier second deliveries of it."""

    reference: str
    item: str
    ordered_at: datetime | None
    city: str
    address_complete: bool | None
    address_matches: bool | None
    events: tuple[CourierEvent, ...] | None
    resets: tuple[datetime, ...] | None


@dataclass(frozen=True)
class Ban:
    """One ban of the account; it is in force while `lifted_at` is None."""

    reference: str
    at: datetime
    lifted_at: datetime | None
    reason: str
    note: str


def account(reference: str) -> Account | None:
    """Return the account, or None if the back office has none like that. Raises Unavailable."""
    row = back_office.read(_of(reference))
    return None if row is None else account_of(row)


def account_of(row: dict[str, Any]) -> Account:
    """Read an account as the back office spells it, or as `spelled` kept it. Raises Unavailable."""
    known = _Row(row)
    rows = row.get("sign_ins")
    return Account(
        reference=known.text("reference"),
        status=known.text("status"),
        opened=known.moment("opened"),
        kyc_level=known.number("kyc_level"),
        phone=masked_phone(str(row.get("phone") or "")),
        phone_changed_at=known.moment("phone_changed_at"),
        address_changed_at=known.moment("address_changed_at"),
        credit_limit=known.number("credit_limit"),
        currency=known.text("currency"),
        sign_ins=tuple(_sign_in(_Row(one)) for one in rows or ()) if _is_rows(rows) else None,
        sign_ins_since=known.moment("sign_ins_since"),
        told=frozenset(name for name, value in row.items() if value is None or not _is_garbled(name, value)),
    )


def transactions(reference: str) -> Transactions:
    """Return the account's transactions, newest first. Raises Unavailable."""
    answer = back_office.read(_of(reference, "/transactions")) or {}
    rows = tuple(
        Transaction(
            reference=row.text("reference"),
            at=row.when("at"),
            kind=row.text("kind"),
            state=row.text("state"),
            amount=row.count("amount"),
            currency=row.text("currency"),
            counterparty=row.text("counterparty"),
        )
        for row in _rows(answer, "transactions")
    )
    return Transactions(rows, _Row(answer).moment("complete_since"))


def points(reference: str) -> tuple[PointsEntry, ...]:
    """Return the account's points entries, newest first. Raises Unavailable."""
    answer = back_office.read(_of(reference, "/points")) or {}
    return tuple(
        PointsEntry(
            row.text("reference"), row.when("at"), row.text("kind"), row.count("points"), row.text("original")
        )
        for row in _rows(answer, "points")
    )


def deliveries(reference: str) -> tuple[Delivery, ...]:
    """Return what was sent to the account's holder, newest first. Raises Unavailable."""
    answer = back_office.read(_of(reference, "/deliveries")) or {}
    return tuple(
        Delivery(
            reference=row.text("reference"),
            item=row.text("item"),
            ordered_at=row.moment("ordered_at"),
            city=row.text("city"),
            address_complete=row.truth("address_complete"),
            address_matches=row.truth("address_matches"),
            events=_courier_events(row.raw.get("events")),
            resets=_moments(row.raw.get("resets")),
        )
        for row in _rows(answer, "deliveries")
    )


def bans(reference: str) -> tuple[Ban, ...]:
    """Return the account's bans, newest first. Raises Unavailable."""
    return bans_of(back_office.read(_of(reference, "/bans")) or {})


def bans_of(answer: dict[str, Any]) -> tuple[Ban, ...]:
    """Read bans as the back office spells them, or as `spelled` kept them. Raises Unavailable."""
    return tuple(
        Ban(row.text("reference"), row.when("at"), row.moment("lifted_at"), row.text("reason"), row.text("note"))
        for row in _rows(answer, "bans")
    )


def spelled(account: Account) -> dict[str, Any]:
    """Return what is kept of an account with a decision about it; `account_of` reads it, without sign-ins."""
    kept = {name: value for name, value in asdict(account).items() if name in account.told}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()} | {
        "sign_ins": None,
        "sign_ins_since": None,
    }


def masked_phone(number: str) -> str:
    """Return a phone number of which only the last three digits can be read; "" of none."""
    if number.startswith(MASK):
        return number
    digits = [char for char in number if char.isdigit()]
    return f"{MASK}{''.join(digits[-LAST_DIGITS:])}" if len(digits) > LAST_DIGITS else ""


def _of(reference: str, part: str = "") -> str:
    return f"/accounts/{quote(reference, safe='')}{part}"


def _is_garbled(name: str, value: object) -> bool:
    """Tell whether a time of change can't be read: it must not be taken for none."""
    return name.endswith("_at") and _moment(value) is None


def _is_rows(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _rows(answer: dict[str, Any], name: str) -> "list[_Row]":
    rows = answer.get(name)
    if not isinstance(rows, list) or not _is_rows(rows):
        raise Unavailable(_("The back office's answer can't be read."))
    return [_Row(row) for row in rows]


def _sign_in(row: "_Row") -> SignIn:
    return SignIn(row.when("at"), row.raw.get("succeeded") is True, row.text("country"), row.text("device"))


def _courier_events(rows: Any) -> tuple[CourierEvent, ...] | None:
    if not _is_rows(rows):
        return None
    read = (_Row(row) for row in rows)
    events = (CourierEvent(one.when("at"), one.text("code"), one.text("place"), one.text("note")) for one in read)
    return tuple(sorted(events, key=lambda event: event.at))


def _moments(values: Any) -> tuple[datetime, ...] | None:
    if not isinstance(values, list):
        return None
    moments = [_moment(value) for value in values]
    return tuple(moment for moment in moments if moment) if all(moments) else None


def _moment(value: object) -> datetime | None:
    """Read an ISO time; without a zone it is none."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


class _Row:
    """One object of an answer, read field by field."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def text(self, name: str) -> str:
        """Return a text, redacted; "" if there is none."""
        value = self.raw.get(name)
        return redaction.clean(value)[:300] if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        value = self.raw.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def truth(self, name: str) -> bool | None:
        value = self.raw.get(name)
        return value if isinstance(value, bool) else None

    def moment(self, name: str) -> datetime | None:
        return _moment(self.raw.get(name))

    def when(self, name: str) -> datetime:
        """Return a time that must be there. Raises Unavailable."""
        found = self.moment(name)
        if found is None:
            raise Unavailable(_("The back office's answer can't be read."))
        return found

    def count(self, name: str) -> int:
        """Return a whole number that must be there. Raises Unavailable."""
        found = self.number(name)
        if found is None:
            raise Unavailable(_("The back office's answer can't be read."))
        return found
