"""Reading a ServiceNow incident audit log: each row is one incident after one change.

The columns are those of the published log "Incident management process enriched
event log": dates as d/m/Y H:M without a zone, "?" where a value is missing. Some
columns hold the incident's final value in every one of its rows (`resolved_at`,
`closed_at`, `closed_code`, `resolved_by`): nothing is decided by them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

import redaction
from common import clock
from escalations.models import Channel, State
from integrations import sources
from integrations.sources import BadRow, Row

MISSING = frozenset({"?", ""})
NEEDED = (
    "number", "incident_state", "sys_mod_count", "made_sla", "caller_id", "opened_by", "opened_at",
    "sys_created_by", "sys_updated_by", "sys_updated_at", "contact_type", "location", "category", "subcategory",
    "u_symptom", "cmdb_ci", "impact", "urgency", "priority", "assignment_group", "assigned_to", "problem_id",
    "vendor", "closed_code", "reassignment_count", "reopen_count", "resolved_at", "closed_at",
)  # fmt: skip

STATES = {
    "New": State.NEW,
    "Active": State.IN_PROGRESS,
    "Awaiting User Info": State.WAITING_CUSTOMER,
    "Awaiting Problem": State.WAITING_PARTNER,
    "Awaiting Vendor": State.WAITING_PARTNER,
    "Awaiting Evidence": State.WAITING_PARTNER,
    "Resolved": State.RESOLVED,
    "Closed": State.CLOSED,
}
CHANNELS = {"Phone": Channel.PHONE, "IVR": Channel.PHONE, "Email": Channel.EMAIL}
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """One row of the log. `state` is None where the log names none that we know."""

    line: int
    number: str
    at: datetime
    opened_at: datetime
    order: int
    state: State | None
    priority: int
    impact: int
    urgency: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """Return a column's text, empty where the log says that it is missing."""
        value = self.values[column].strip()
        return "" if value in MISSING else value


@dataclass(frozen=True)
class Incident:
    """All usable rows of one incident, in order of time."""

    number: str
    entries: list[Entry]


class Log:
    """One file, gone through twice: `survey` counts, `incidents` reads.

    The survey finds a damaged file before anything is stored, and where the last
    row of each incident stands, so that the rows need not lie together.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self.path, self.zone = path, zone
        self.rows = 0
        self._left: dict[str, int] = {}

    def survey(self) -> None:
        """Count rows and incidents. Raises Unreadable."""
        for row in sources.rows(self.path, needs=NEEDED):
            self.rows += 1
            if isinstance(row, Row):
                number = _number(row)
                self._left[number] = self._left.get(number, 0) + 1

    def incidents(self) -> Iterator[Incident | BadRow]:
        """Yield each incident after its last row, and every row that can't be used when it is met."""
        left = dict(self._left)
        gathered: dict[str, list[Entry]] = {}
        for row in sources.rows(self.path, needs=NEEDED):
            if isinstance(row, BadRow):
                yield row
                continue
            entry = parse(row, self.zone)
            number = _number(row)
            if isinstance(entry, BadRow):
                yield entry
            else:
                gathered.setdefault(number, []).append(entry)
                if entry.state is None:
                    yield BadRow(
                        row.line,
                        _("unknown state “%s”: the former state is kept") % row.values["incident_state"][:40],
                    )
            left[number] = left.get(number, 1) - 1
            if left[number] == 0 and number in gathered:
                entries = sorted(gathered.pop(number), key=lambda entry: (entry.at, entry.order, entry.line))
                yield Incident(number, entries)


def _number(row: Row) -> str:
    return redaction.clean(row.values["number"].strip())


def parse(row: Row, zone: ZoneInfo) -> Entry | BadRow:
    """Return the row as an Entry, or say what is wrong with it."""
    values = row.values
    number = _number(row)
    try:
        if number in MISSING or len(number) > 80:
            raise ValueError(_("no usable incident number"))
        return Entry(
            line=row.line,
            number=number,
            at=_moment(values, "sys_updated_at", zone),
            opened_at=_moment(values, "opened_at", zone),
            order=_count(values, "sys_mod_count"),
            state=STATES.get(values["incident_state"].strip()),
            priority=_level(values, "priority", 4),
            impact=_level(values, "impact", 3),
            urgency=_level(values, "urgency", 3),
            values=values,
        )
    except ValueError as error:
        return BadRow(row.line, str(error))


def _moment(values: dict[str, str], column: str, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time. One that occurs twice in the zone is its first; none lies ahead."""
    text = values[column].strip()
    try:
        at: datetime | None = datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            _("%(column)s “%(text)s” is not a date") % {"column": column, "text": text[:40]}
        ) from None
    if at is None:
        raise ValueError(_("%(column)s “%(text)s” is not a date") % {"column": column, "text": text[:40]})
    if not _EARLIEST <= at <= clock.now() + timedelta(days=1):
        raise ValueError(_("%(column)s “%(text)s” can't be right") % {"column": column, "text": text[:40]})
    return at


def _count(values: dict[str, str], column: str) -> int:
    text = values[column].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(_("%(column)s “%(text)s” is not a number") % {"column": column, "text": text[:40]})
    return int(text)


def _level(values: dict[str, str], column: str, lowest: int) -> int:
    """Return the number that a value like "3 - Moderate" begins with."""
    text = values[column].strip()
    if text[:1] not in {str(level) for level in range(1, lowest + 1)} or text[1:2].isdigit():
        raise ValueError(_("unknown %(column)s “%(text)s”") % {"column": column, "text": text[:40]})
    return int(text[:1])
