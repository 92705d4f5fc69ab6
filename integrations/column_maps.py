"""Column maps: a TOML file that says which columns of a table make which field of a ticket.

docs/imports.md documents the format; every mistake in a map names its key.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from common import clock
from escalations.models import Channel, Segment, State

STATES = frozenset(
    {
        State.NEW,
        State.ACCEPTED,
        State.IN_PROGRESS,
        State.WAITING_CUSTOMER,
        State.WAITING_L1,
        State.WAITING_PARTNER,
        State.RESOLVED,
        State.CLOSED,
    }
)
#: Field to the values it may take; None is any text.
FIELDS: dict[str, frozenset[str] | None] = {
    "reference": None,
    "subject": None,
    "description": None,
    "category": None,
    "team": None,
    "customer": None,
    "customer_name": None,
    "segment": frozenset(Segment.values),
    "country": None,
    "channel": frozenset(Channel.values),
    "state": frozenset(STATES),
    "priority": frozenset("1234"),
    "impact": frozenset("123"),
    "urgency": frozenset("123"),
    "created_at": None,
    "resolved_at": None,
    "closed_at": None,
    "owner": None,
    "created_by": None,
    "resolution": None,
    "product": None,
    "error_code": None,
    "transaction_ref": None,
}
REQUIRED = ("reference", "created_at", "subject", "category", "team", "customer")
DATES = frozenset({"created_at", "resolved_at", "closed_at"})
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_SOURCE_KEYS = {"column", "columns", "constant", "join", "values", "default", "format", "existing"}
_TOP_KEYS = {"origin", "encoding", "delimiter", "zone", "missing", "sla", "ticket", "facts"}


class BadMap(Exception):
    """The map can't be used; the message names the key and says what is wrong."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(_("The map's “%(key)s”: %(problem)s") % {"key": key, "problem": problem})


class BadValue(ValueError):
    """A row holds something that the map gives no meaning to."""


@dataclass(frozen=True)
class Source:
    """Where a field's text comes from: columns joined, or a constant; then translated."""

    name: str
    columns: tuple[str, ...] = ()
    constant: str = ""
    join: str = " "
    values: dict[str, str] | None = None
    default: str = ""
    format: str = ""
    existing: bool = False

    def text(self, row: dict[str, str], missing: frozenset[str]) -> str:
        """Return the field's text for a row, empty if nothing is there. Raises BadValue."""
        if not self.columns:
            return self.constant
        parts = (row[column].strip() for column in self.columns)
        text = self.join.join(part for part in parts if part not in missing)
        if not text:
            return self.default
        if self.values is None:
            return text
        translated = self.values.get(text, self.default)
        if not translated:
            raise BadValue(
                _("%(field)s: the map has no value for “%(text)s”") % {"field": self.name, "text": text[:60]}
            )
        return translated


@dataclass(frozen=True)
class ColumnMap:
    """A checked map."""

    origin: str
    encoding: str
    delimiter: str
    zone: ZoneInfo
    sla: str
    fields: dict[str, Source]
    facts: dict[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[str]:
        """The columns that the table must have."""
        named = [column for source in self.fields.values() for column in source.columns]
        return list(dict.fromkeys([*named, *self.facts.values()]))

    def text(self, name: str, row: dict[str, str]) -> str:
        """Return a field's text for a row, empty if the map or the row has none. Raises BadValue."""
        source = self.fields.get(name)
        if source is None:
            return ""
        text = source.text(row, self.missing)
        allowed = FIELDS[name]
        if text and allowed is not None and text not in allowed:
            raise BadValue(_("%(field)s can't be “%(text)s”") % {"field": name, "text": text[:60]})
        return text

    def moment(self, name: str, row: dict[str, str]) -> datetime | None:
        """Return the instant of a date field, a day's beginning in the map's zone. Raises BadValue."""
        text = self.text(name, row)
        if not text:
            return None
        pattern = self.fields[name].format
        at: datetime | None
        try:
            at = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007  # next line
            at = (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            at = None
        if at is None or not _EARLIEST <= at <= clock.now() + timedelta(days=1):
            raise BadValue(
                _("%(field)s: “%(text)s” is not a date that can be right") % {"field": name, "text": text[:60]}
            )
        return at


def read(path: Path) -> ColumnMap:
    """Return the map in a TOML file. Raises BadMap."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadMap(path.name, str(error)) from error
    return checked(raw)


def checked(raw: dict[str, Any]) -> ColumnMap:
    """Return the map written as `raw`. Raises BadMap."""
    _only(raw, _TOP_KEYS, "")
    ticket = _table(raw, "ticket")
    _only(ticket, FIELDS, "ticket.")
    for name in REQUIRED:
        if name not in ticket:
            raise BadMap(f"ticket.{name}", _("is needed"))
    return ColumnMap(
        origin=_text(raw, "origin", longest=40),
        encoding=_text(raw, "encoding", "utf-8-sig"),
        delimiter=_text(raw, "delimiter", ",", longest=1),
        zone=_zone(_text(raw, "zone", "UTC")),
        sla=_text(raw, "sla", "none", longest=80),
        fields={name: _source(name, value) for name, value in ticket.items()},
        facts={name: _text(_table(raw, "facts"), name, where="facts.") for name in _table(raw, "facts")},
        missing=frozenset(_texts(raw.get("missing", []), "missing")) | {""},
    )


def _source(name: str, value: object) -> Source:
    key = f"ticket.{name}"
    if isinstance(value, str):
        value = {"column": value}
    if not isinstance(value, dict):
        raise BadMap(key, _("must be a column's name or a table"))
    _only(value, _SOURCE_KEYS, f"{key}.")
    if len({"column", "columns", "constant"} & value.keys()) != 1:
        raise BadMap(key, _("needs exactly one of column, columns and constant"))
    columns = [_text(value, "column", where=f"{key}.")] if "column" in value else value.get("columns", [])
    source = Source(
        name=name,
        columns=tuple(_texts(columns, f"{key}.columns")),
        constant=_scalar(value.get("constant", ""), f"{key}.constant"),
        join=_scalar(value.get("join", " "), f"{key}.join"),
        values=_values(value.get("values"), f"{key}.values"),
        default=_scalar(value.get("default", ""), f"{key}.default"),
        format=_format(name, value.get("format", ""), f"{key}.format"),
        existing=_existing(name, value.get("existing", False), f"{key}.existing"),
    )
    if "constant" not in value and not source.columns:
        raise BadMap(f"{key}.columns", _("names no column"))
    allowed = FIELDS[name]
    for text in [source.constant, source.default, *(source.values or {}).values()]:
        if text and allowed is not None and text not in allowed:
            raise BadMap(
                key, _("“%(text)s” is none of %(allowed)s") % {"text": text, "allowed": ", ".join(sorted(allowed))}
            )
    return source


def _only(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise BadMap(f"{where}{key}", _("is unknown here. Known: %s") % ", ".join(sorted(known)))


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise BadMap(key, _("must be a table"))
    return table


def _text(
    table: dict[str, Any], key: str, default: str | None = None, *, longest: int = 200, where: str = ""
) -> str:
    text = table.get(key, default)
    if text is None:
        raise BadMap(f"{where}{key}", _("is needed"))
    if not isinstance(text, str) or not 0 < len(text) <= longest or "\x00" in text:
        raise BadMap(f"{where}{key}", _("must be a text of 1 to %d characters") % longest)
    return text


def _texts(value: object, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadMap(key, _("must be a list of texts"))
    return value


def _scalar(value: object, key: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadMap(key, _("must be a text or a whole number"))
    return str(value)


def _values(value: object, key: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadMap(key, _("must be a table"))
    return {name: _scalar(text, f"{key}.{name}") for name, text in value.items()}


def _format(name: str, value: object, key: str) -> str:
    text = _scalar(value, key)
    if not text:
        return ""
    if name not in DATES:
        raise BadMap(key, _("only dates have a format"))
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        same_day = datetime.strptime(sample.strftime(text), text).date() == sample.date()  # noqa: DTZ007  # a day
    except ValueError:
        same_day = False
    if not same_day:
        raise BadMap(key, _("“%s” does not describe a day, month and year") % text)
    return text


def _existing(name: str, value: object, key: str) -> bool:
    if not isinstance(value, bool) or (value and name != "category"):
        raise BadMap(key, _("is true or false, and for the category only"))
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadMap("zone", _("“%s” is not a time zone") % name) from None
