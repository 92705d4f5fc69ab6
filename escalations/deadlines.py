"""A ticket's clocks as people read them: what is left, what was met, what was missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common import clock, durations
from escalations import calendars
from escalations.clocks import used_between
from escalations.models import CalendarVersion, Clock, ClockState


@dataclass(frozen=True)
class Deadline:
    """One clock now. `remaining` is in seconds of the time the target counts, negative when over."""

    metric: str
    label: str
    state: str  # running, overdue, paused, met or missed
    due_at: datetime | None
    remaining: int | None
    business_time: bool
    zone: str
    target_seconds: int | None
    breached_at: datetime | None
    stopped_at: datetime | None
    used: int

    @property
    def target_words(self) -> str:
        if self.target_seconds is None:
            return ""
        return durations.in_words(self.target_seconds, days=not self.business_time)

    @property
    def used_words(self) -> str:
        return durations.in_words(self.used, days=not self.business_time)


def of_clocks(clocks: Sequence[Clock]) -> list[Deadline]:
    """Return the deadlines of clocks of one ticket, next one first."""
    now = clock.now()
    deadlines = [_deadline(row, now) for row in newest(clocks) if row.state != ClockState.CANCELLED]
    return sorted(deadlines, key=lambda deadline: (deadline.due_at is None, deadline.due_at, deadline.metric))


def newest(clocks: Sequence[Clock]) -> list[Clock]:
    """Return the newest cycle of each metric, and every one that is still open."""
    last: dict[str, int] = {}
    for row in clocks:
        last[row.metric] = max(row.cycle, last.get(row.metric, 0))
    return [row for row in clocks if row.cycle == last[row.metric] or row.stopped_at is None]


def _deadline(row: Clock, now: datetime) -> Deadline:
    return Deadline(
        metric=row.metric,
        label=row.get_metric_display(),
        state=_state(row, now),
        due_at=row.due_at,
        remaining=_remaining(row, now),
        business_time=row.calendar_id is not None,
        zone=calendar.zone if (calendar := _calendar(row)) else "",
        target_seconds=row.target_seconds,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
        used=_used(row, now),
    )


def _state(row: Clock, now: datetime) -> str:
    if row.due_at is not None:
        # Said here and not left to the time left, which stands at nothing until the next opening.
        return "overdue" if row.due_at < now else "running"
    if row.state == ClockState.PAUSED:
        return "paused"
    return "missed" if row.breached_at else "met"


def _used(row: Clock, now: datetime) -> int:
    if row.state != ClockState.RUNNING:
        return row.used_seconds
    return row.used_seconds + used_between(_calendar(row), row.counted_to, max(now, row.counted_to))


def _calendar(row: Clock) -> CalendarVersion | None:
    return calendars.version(row.calendar_id) if row.calendar_id else None


def _remaining(row: Clock, now: datetime) -> int | None:
    calendar = _calendar(row)
    if row.due_at is not None:
        if row.due_at >= now:
            return used_between(calendar, now, row.due_at)
        return -used_between(calendar, row.due_at, now)
    if row.state == ClockState.PAUSED:
        return (row.target_seconds or 0) - row.used_seconds
    return None
