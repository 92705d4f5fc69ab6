"""A ticket's clocks as people read them: what is left, what was met, what was missed."""

from dataclasses import dataclass
from datetime import datetime

from common import clock, durations
from escalations.clocks import Ledger, used_between
from escalations.models import Clock, ClockState


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
    target_seconds: int
    breached_at: datetime | None
    stopped_at: datetime | None
    used: int

    @property
    def target_words(self) -> str:
        return durations.in_words(self.target_seconds, days=not self.business_time)

    @property
    def used_words(self) -> str:
        return durations.in_words(self.used, days=not self.business_time)


def of_clocks(clocks: list[Clock]) -> list[Deadline]:
    """Return the deadlines of clocks fetched with calendar and segments, next one first."""
    now = clock.now()
    deadlines = [_deadline(row, now) for row in clocks if row.state != ClockState.CANCELLED]
    return sorted(deadlines, key=lambda deadline: (deadline.due_at is None, deadline.due_at, deadline.metric))


def _deadline(row: Clock, now: datetime) -> Deadline:
    return Deadline(
        metric=row.metric,
        label=row.get_metric_display(),
        state=_state(row, now),
        due_at=row.due_at,
        remaining=_remaining(row, now),
        business_time=row.calendar is not None,
        zone=row.calendar.zone if row.calendar else "",
        target_seconds=row.target_seconds,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
        used=Ledger(row, list(row.segments.all())).used(now),
    )


def _state(row: Clock, now: datetime) -> str:
    if row.due_at is not None:
        # Said here and not left to the time left, which stands at nothing until the next opening.
        return "overdue" if row.due_at < now else "running"
    if row.state == ClockState.PAUSED:
        return "paused"
    return "missed" if row.breached_at else "met"


def _remaining(row: Clock, now: datetime) -> int | None:
    if row.due_at is not None:
        if row.due_at >= now:
            return used_between(row.calendar, now, row.due_at)
        return -used_between(row.calendar, row.due_at, now)
    if row.state == ClockState.PAUSED:
        return row.target_seconds - Ledger(row, list(row.segments.all())).used(now)
    return None
