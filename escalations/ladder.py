"""When each step of a ladder comes (escalations.steps documents them), and the rows that wait for that instant.

The instants are a function of the clock's ledger and nothing else (`instants`), `plan` keeps them in rows, and
escalations.climbing takes the steps whose instant has come.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from escalations import sla
from escalations.clocks import Entry, Ledger, due_after, used_between
from escalations.models import Does, LadderRung, PolicyVersion, RungState, Ticket
from escalations.steps import Step, steps_of

_OVER = {Does.STOP, Does.CANCEL}


class _Segment(NamedTuple):
    """What a clock does from `entry` to `end` (None: until further notice), with `used` seconds behind it.

    `missed_at` and `used_when_missed` tell of a breach that came before.
    """

    entry: Entry
    end: datetime | None
    used: int
    missed_at: datetime | None
    used_when_missed: int


def instants(ledger: Ledger, *, policy: PolicyVersion | None = None) -> dict[Step, datetime | None]:
    """Return when each step of an open clock comes, None while it stands still; what won't come is left out.

    A step comes once, when the clock first crosses its mark: on its way, or because a change put the mark
    behind it. So a warning for which the target leaves no room from the start does not come at all. Nor does
    one whose mark was crossed before the clock last stopped, or before it went by a version with this step:
    nothing is made up for. After a breach the missed deadline is what steps are counted from.

    `policy` is whose steps a clock takes that has none itself, such as a promise.
    """
    steps = steps_of(ledger.aim.policy or policy, ledger.metric)
    if not steps or not ledger.is_open:
        return {}
    segments = list(_segments(ledger))
    found: dict[Step, datetime | None] = {}
    for step in steps:
        crossed = _crossing(segments, step.minutes, ledger.entries[0].at)
        if crossed is None:
            found[step] = None
            continue
        number, at = crossed
        stopped_since = any(one.entry.does in _OVER for one in segments[number:])
        if not stopped_since and step in steps_of(segments[number].entry.aim.policy or policy, ledger.metric):
            found[step] = at
    return found


def _segments(ledger: Ledger) -> Iterator[_Segment]:
    """Yield what the clock did, stretch by stretch; what lasts no time has no effect."""
    missed_at = ledger.now.breached_at
    used = used_when_missed = 0
    ends = [entry.at for entry in ledger.entries[1:]]
    for entry, end in zip(ledger.entries, [*ends, None], strict=True):
        if entry.at == end:
            continue
        before = missed_at is not None and missed_at < entry.at
        yield _Segment(entry, end, used, missed_at if before else None, used_when_missed)
        if end is None:
            return
        runs = entry.does == Does.RUN
        if missed_at is not None and entry.at <= missed_at < end:
            used_when_missed = used + (used_between(entry.aim.calendar, entry.at, missed_at) if runs else 0)
        if runs:
            used += used_between(entry.aim.calendar, entry.at, end)


def _crossing(segments: Sequence[_Segment], minutes: int, begun_at: datetime) -> tuple[int, datetime] | None:
    """Return in which segment, and when, the clock first crosses the mark `minutes` from its deadline."""
    ahead = minutes >= 0  # whether the mark has lain before the clock: a warning needs room for it
    for number, segment in enumerate(segments):
        at = _mark(segment, minutes, begun_at)
        if at is None:
            continue
        if at > segment.entry.at:
            ahead = True
            if segment.end is None or at < segment.end:
                return number, at
        elif ahead:
            return number, segment.entry.at
    return None


def _mark(segment: _Segment, minutes: int, begun_at: datetime) -> datetime | None:
    """Return when the segment would reach the mark if it lasted for ever; not after its begin: it is behind."""
    entry, aim, away = segment.entry, segment.entry.aim, minutes * 60
    if entry.does in _OVER:
        return None
    if aim.due_at is not None:
        due_at = segment.missed_at or max(aim.due_at, entry.at)
        if away >= 0:
            return due_after(aim.calendar, due_at, away)
        room = used_between(aim.calendar, begun_at, due_at) + away
        return due_after(aim.calendar, begun_at, room) if room > 0 else begun_at
    if entry.does == Does.PAUSE or aim.seconds is None:
        return None
    deadline = max(aim.seconds, segment.used) if segment.missed_at is None else segment.used_when_missed
    left = deadline + away - segment.used
    return due_after(aim.calendar, entry.at, left) if left > 0 else entry.at


def plan(tickets: Iterable[Sequence[Ledger]], *, imported_at: datetime | None = None) -> None:
    """Bring the stored rungs to what the ledgers say: for each ticket all of its ledgers, kept already.

    Two statements, however many there are. What is done or skipped stays so. With `imported_at`, steps
    before it are noted as skipped: nobody is alerted of what lies before the ticket was here.
    """
    clocks: list[int] = []
    rungs = []
    for ledgers in tickets:
        policy = sla.service_policy(ledgers)
        for ledger in ledgers:
            if ledger.clock_id is None:
                raise ValueError("a ledger that is not kept yet")
            clocks.append(ledger.clock_id)
            for step, at in instants(ledger, policy=policy).items():
                past = imported_at is not None and at is not None and at < imported_at
                state = RungState.SKIPPED if past else RungState.PLANNED
                rungs.append((ledger.clock_id, step.minutes, str(step.does), at, str(state)))
    if clocks:
        _keep(clocks, rungs)


def next_step(ticket: Ticket) -> LadderRung | None:
    """Return the step of the ticket's ladder that comes next, if one is in sight."""
    planned = LadderRung.objects.filter(clock__ticket=ticket, state=RungState.PLANNED, at__isnull=False)
    return planned.select_related("clock").order_by("at", "pk").first()


def _keep(clocks: list[int], rungs: list[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*rungs, strict=True)] or [[], [], [], [], []]
    table = connection.ops.quote_name(LadderRung._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table} AS rung SET state = 'cancelled'
            WHERE clock_id = ANY(%s) AND state = 'planned' AND NOT EXISTS (
                SELECT FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS wanted (clock_id, minutes, does)
                WHERE (wanted.clock_id, wanted.minutes, wanted.does) = (rung.clock_id, rung.minutes, rung.does)
            )
            """,  # noqa: S608  our own names only
            [clocks, *columns[:3]],
        )
        if not rungs:
            return
        cursor.execute(
            f"""
            INSERT INTO {table} AS rung (clock_id, minutes, does, at, state)
            SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::timestamptz[], %s::text[])
            ON CONFLICT (clock_id, minutes, does) DO UPDATE SET at = excluded.at, state = excluded.state
            WHERE rung.state IN ('planned', 'cancelled')
                AND (rung.at, rung.state) IS DISTINCT FROM (excluded.at, excluded.state)
            """,  # noqa: S608  our own names only
            columns,
        )
