"""A ticket's clocks as people read them: what is left, what was met, what was missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from common import clock, durations
from escalations import calendars, sla
from escalations.access import sees_clock
from escalations.clocks import Aim, used_between
from escalations.models import AMONG_US, CalendarVersion, Clock, ClockEntry, ClockState, Metric, Ticket

#: The reason of the ledger's entry by which somebody set a deadline.
BY_HAND = "by_hand"


@dataclass(frozen=True)
class ByHand:
    """Who set a deadline by hand, when, and why."""

    by: User
    at: datetime
    because: str


@dataclass(frozen=True)
class Deadline:
    """One clock now. `remaining` is in seconds of the time the target counts, negative when over.

    `team` is whose work it measures, "" if it is what the customer is owed. `by_hand` says who set it, where
    that was asked for; `is_by_hand` whether anybody did. `probability` is how likely it is to be missed, while
    it is open and not missed, where somebody knows.
    """

    clock: int
    metric: str
    cycle: int
    label: str
    team: str
    state: str  # running, overdue, paused, met or missed
    due_at: datetime | None
    remaining: int | None
    business_time: bool
    zone: str
    target_seconds: int | None
    breached_at: datetime | None
    stopped_at: datetime | None
    used: int
    is_by_hand: bool
    by_hand: ByHand | None = None
    probability: float | None = None

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None

    @property
    def is_among_us(self) -> bool:
        """Whether it is between teams and partners, and not owed to the customer."""
        return self.metric in AMONG_US

    @property
    def risk(self) -> int | None:
        """The probability in percent."""
        return None if self.probability is None else round(100 * self.probability)

    @property
    def target_words(self) -> str:
        if self.target_seconds is None:
            return ""
        return durations.in_words(self.target_seconds, days=not self.business_time)

    @property
    def used_words(self) -> str:
        return durations.in_words(self.used, days=not self.business_time)


@dataclass
class Board:
    """Deadlines in the order in which they matter: the next one first, the rest by kind."""

    next: Deadline | None = None
    later: list[Deadline] = field(default_factory=list)
    among_us: list[Deadline] = field(default_factory=list)
    over: list[Deadline] = field(default_factory=list)

    @property
    def missed(self) -> int:
        return sum(deadline.state == "missed" for deadline in self.over)

    def __bool__(self) -> bool:
        return bool(self.next or self.among_us or self.over)


def seen_by(user: User, ticket: Ticket, clocks: Iterable[Clock]) -> list[Clock]:
    """Return those of a ticket's clocks that `user` may see."""
    return [row for row in clocks if sees_clock(user, ticket, row.metric, row.team_id)]


def board(clocks: Sequence[Clock]) -> Board:
    """Return the deadlines of one ticket's clocks as its page shows them, with who set any by hand.

    The clocks come with their teams.
    """
    found = Board()
    for deadline in of_clocks(clocks, set_by=_set_by(clocks)):
        if not deadline.is_open:
            found.over.append(deadline)
        elif deadline.is_among_us:
            found.among_us.append(deadline)
        elif found.next is None:
            found.next = deadline
        else:
            found.later.append(deadline)
    if found.next is None and found.among_us:
        found.next = found.among_us.pop(0)
    return found


def of_clocks(clocks: Sequence[Clock], *, set_by: dict[int, ByHand] | None = None) -> list[Deadline]:
    """Return the deadlines of clocks of one ticket: the next one first, what is owed to the customer first."""
    now = clock.now()
    rows = [row for row in newest(clocks) if row.state != ClockState.CANCELLED]
    deadlines = [_deadline(row, now, (set_by or {}).get(row.pk)) for row in rows]
    return sorted(
        deadlines, key=lambda one: (one.is_among_us, one.due_at is None, one.due_at, one.metric, one.cycle)
    )


def newest(clocks: Sequence[Clock]) -> list[Clock]:
    """Return the newest cycle of each metric, and every one that is still open."""
    last: dict[str, int] = {}
    for row in clocks:
        last[row.metric] = max(row.cycle, last.get(row.metric, 0))
    return [row for row in clocks if row.cycle == last[row.metric] or row.stopped_at is None]


def is_by_hand(row: Clock) -> bool:
    """Tell whether somebody set this clock's deadline."""
    aim = Aim(None, calendar_of(row), row.target_seconds, row.fixed_due_at)
    return sla.is_by_hand(row.metric, aim, row.started_at)


def set_by_hand(row: Clock) -> ByHand | None:
    """Return who set this clock's deadline, if somebody did."""
    return _set_by([row]).get(row.pk)


def _set_by(clocks: Iterable[Clock]) -> dict[int, ByHand]:
    ids = [row.pk for row in clocks if is_by_hand(row)]
    if not ids:
        return {}
    entries = (
        ClockEntry.objects.filter(clock__in=ids, reason=BY_HAND)
        .select_related("event__actor")
        .order_by("clock", "number")
    )
    return {
        entry.clock_id: ByHand(entry.event.actor, entry.event.at, entry.event.get("because", ""))
        for entry in entries
    }


def label_of(row: Clock) -> str:
    """Return the metric's name, with its number from the second cycle on."""
    if row.cycle == 1:
        return row.get_metric_display()
    return _("{metric} no. {number}").format(metric=row.get_metric_display(), number=row.cycle)


def _deadline(row: Clock, now: datetime, by_hand: ByHand | None) -> Deadline:
    calendar = calendar_of(row)
    return Deadline(
        clock=row.pk,
        metric=row.metric,
        cycle=row.cycle,
        label=str(Metric(row.metric).label),
        team=row.team.name if row.metric in AMONG_US and row.team is not None else "",
        state=_state(row, now),
        due_at=row.due_at,
        remaining=_remaining(row, now),
        business_time=calendar is not None,
        zone=calendar.zone if calendar else "",
        target_seconds=row.target_seconds,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
        used=used(row, now),
        is_by_hand=by_hand is not None or is_by_hand(row),
        by_hand=by_hand,
        probability=_probability(row, now),
    )


def _state(row: Clock, now: datetime) -> str:
    if row.due_at is not None:
        # Said here and not left to the time left, which stands at nothing until the next opening.
        return "overdue" if row.due_at < now else "running"
    if row.state == ClockState.PAUSED:
        return "paused"
    return "missed" if row.breached_at else "met"


def _probability(row: Clock, now: datetime) -> float | None:
    lost = row.breached_at is not None or (row.due_at is not None and row.due_at < now)
    return None if lost or row.stopped_at is not None else row.breach_probability


def used(row: Clock, now: datetime) -> int:
    """Return the seconds that the clock has counted by `now`; a running one goes on after its last entry."""
    if row.state != ClockState.RUNNING:
        return row.used_seconds
    return row.used_seconds + used_between(calendar_of(row), row.counted_to, max(now, row.counted_to))


def calendar_of(row: Clock) -> CalendarVersion | None:
    """Return the version of the calendar that a clock is counted by; None counts all time."""
    return calendars.version(row.calendar_id) if row.calendar_id else None


def _remaining(row: Clock, now: datetime) -> int | None:
    calendar = calendar_of(row)
    if row.due_at is not None:
        if row.due_at >= now:
            return used_between(calendar, now, row.due_at)
        return -used_between(calendar, row.due_at, now)
    if row.state == ClockState.PAUSED:
        return (row.target_seconds or 0) - row.used_seconds
    return None
