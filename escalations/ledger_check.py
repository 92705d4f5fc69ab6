"""Whether the cached columns of clocks and tickets say what the ledgers say.

The ledger is the truth (escalations.clocks); what the queue sorts by and the pages show is a cache of it.
`recompute` reads every clock, open or ended, and computes its columns anew from its entries. Nothing is locked
and nothing written: escalations.ledger_alarm does so every night and says what was found.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from common import clock
from escalations import calendars, policies, sla
from escalations.clocks import Aim, Entry, Ledger, whole_second
from escalations.models import Does, Ticket

#: Tickets per question, which bounds the memory.
BATCH = 500
#: A breach is noticed by a job that runs every 30 seconds: until then its mark may be missing.
NOTICED_WITHIN = timedelta(minutes=5)

#: The columns of a clock that its ledger decides.
COLUMNS = (
    "policy_id", "calendar_id", "target_seconds", "fixed_due_at", "state", "counted_to", "used_seconds",
    "paused_seconds", "due_at", "stopped_at", "breached_at",
)  # fmt: skip
#: The columns of a ticket that its clocks decide.
DUE = ("next_due_at", "next_due_metric")

_DOES = {str(does): does for does in Does}  # calling Does takes ten times as long
_TICKET = ("pk", *DUE)
_CLOCK = ("pk", "metric", "cycle", "started_at", "team_id", *COLUMNS)
_ENTRY = ("at", "does", "reason", "policy_id", "calendar_id", "target_seconds", "fixed_due_at")
_CLOCK_AT, _ENTRY_AT = len(_TICKET), len(_TICKET) + len(_CLOCK)

Row = tuple[Any, ...]


class Difference(NamedTuple):
    """A column that says something else than the ledger; without a clock it is one of the ticket's own.

    A clock without a single entry differs in "entries".
    """

    ticket: int
    clock: int | None
    column: str
    cached: Any
    ledger: Any


class Recomputed(NamedTuple):
    """One ticket, looked at."""

    ticket: int
    clocks: int
    differences: list[Difference]


def recompute(*, after: int = 0) -> Iterator[Recomputed]:
    """Yield each ticket whose number is beyond `after`, in order, with what differs in its clocks.

    Each batch is one question to the database: every ticket is seen as one transaction left it, whatever goes
    on beside.
    """
    while numbers := list(Ticket.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from _look_at(numbers)
        after = numbers[-1]


def _look_at(numbers: list[int]) -> Iterator[Recomputed]:
    rows = (
        Ticket.objects.filter(pk__in=numbers)
        .order_by("pk", "clocks__pk", "clocks__entries__number")
        .values_list(
            *_TICKET, *(f"clocks__{name}" for name in _CLOCK), *(f"clocks__entries__{name}" for name in _ENTRY)
        )
    )
    now = clock.now()
    for _number, of_ticket in groupby(rows, key=lambda row: row[0]):
        yield _ticket(list(of_ticket), now)


def _ticket(rows: Sequence[Row], now: datetime) -> Recomputed:
    number, *due = rows[0][:_CLOCK_AT]
    differences: list[Difference] = []
    ledgers = []
    clocks = 0
    for clock_id, of_clock in groupby(rows, key=lambda row: row[_CLOCK_AT]):
        if clock_id is None:
            continue
        clocks += 1
        lines = list(of_clock)
        if lines[0][_ENTRY_AT] is None:
            differences.append(Difference(number, clock_id, "entries", 0, ""))
            continue
        _pk, metric, cycle, started_at, team_id, *cached = lines[0][_CLOCK_AT:_ENTRY_AT]
        ledger = Ledger(metric, cycle, started_at, team_id, [_entry(*line[_ENTRY_AT:]) for line in lines])
        ledgers.append(ledger)
        differences += _compare(number, clock_id, COLUMNS, cached, _columns(ledger, cached[-1], now))
    differences += _compare(number, None, DUE, due, sla.next_due(ledgers))
    return Recomputed(number, clocks, differences)


def _compare(
    ticket: int, clock_id: int | None, columns: Sequence[str], cached: Sequence[Any], ledger: Sequence[Any]
) -> list[Difference]:
    return [
        Difference(ticket, clock_id, column, has, should)
        for column, has, should in zip(columns, cached, ledger, strict=True)
        if has != should
    ]


def _entry(
    at: datetime,
    does: str,
    reason: str,
    policy: int | None,
    calendar: int | None,
    seconds: int | None,
    due_at: datetime | None,
) -> Entry:
    aim = Aim(
        policies.version(policy) if policy else None,
        calendars.version(calendar) if calendar else None,
        seconds,
        due_at,
    )
    return Entry(at, _DOES[does], aim, reason)


def _columns(ledger: Ledger, marked: datetime | None, now: datetime) -> Row:
    """Return what the ledger says of COLUMNS. A breach just now may not have been `marked` yet."""
    aim, reading = ledger.aim, ledger.now
    breached_at = ledger.breached(now)
    if marked is None and reading.breached_at is None and breached_at is not None:
        breached_at = breached_at if breached_at < whole_second(now) - NOTICED_WITHIN else None
    return (
        aim.policy_id,
        aim.calendar_id,
        aim.seconds,
        aim.due_at,
        reading.state,
        ledger.entries[-1].at,
        reading.used,
        reading.paused,
        reading.due_at,
        reading.stopped_at,
        breached_at,
    )
