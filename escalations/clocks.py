"""One clock as a ledger: entries that are only ever added, and what follows from them. No database.

Each entry says what the clock does from then on (run, stand still, stop, end) and by which aim. A segment
lasts from one entry to the next. Everything else is a function of the entries (`read`): the time used is
the sum over the running segments, each counted by the calendar that was in force, so nothing that changes
later (priority, policy, calendar) can take away time already used or paused. Everything is counted in whole
seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from escalations import calendars
from escalations.models import CalendarVersion, ClockState, Does, PolicyVersion

_SECOND = timedelta(seconds=1)
_STATES = {
    Does.RUN: ClockState.RUNNING,
    Does.PAUSE: ClockState.PAUSED,
    Does.STOP: ClockState.STOPPED,
    Does.CANCEL: ClockState.CANCELLED,
}
_OVER = {Does.STOP, Does.CANCEL}


class Aim(NamedTuple):
    """What a clock runs towards: so many seconds by a calendar (None: of all time), or a fixed date.

    A date stands whether the clock runs or not: a promise, a regulatory deadline, one set by hand.
    """

    policy: PolicyVersion | None
    calendar: CalendarVersion | None
    seconds: int | None
    due_at: datetime | None = None

    @property
    def policy_id(self) -> int | None:
        return self.policy.pk if self.policy is not None else None

    @property
    def calendar_id(self) -> int | None:
        return self.calendar.pk if self.calendar is not None else None


class Entry(NamedTuple):
    """From `at` on the clock `does` something, by `aim`, because of `reason`."""

    at: datetime
    does: Does
    aim: Aim
    reason: str


class Reading(NamedTuple):
    """What a ledger says; `used` and `paused` count up to its last entry."""

    state: ClockState
    used: int
    paused: int
    due_at: datetime | None
    stopped_at: datetime | None
    breached_at: datetime | None


def whole_second(at: datetime) -> datetime:
    """Return the second that `at` lies in, which is what clocks count in."""
    return at.replace(microsecond=0) if at.microsecond else at


def used_between(calendar: CalendarVersion | None, start: datetime, end: datetime) -> int:
    """Return the seconds between two instants: open ones, or all of them without a calendar."""
    if calendar is None:
        return int((end - start).total_seconds())
    return int(calendars.hours(calendar).between(start, end))


def due_after(calendar: CalendarVersion | None, start: datetime, seconds: int) -> datetime:
    """Return the earliest instant with `seconds` of (open) time since `start`."""
    if calendar is None:
        return start + timedelta(seconds=seconds)
    return calendars.hours(calendar).add(start, seconds)


def read(entries: Sequence[Entry]) -> Reading:
    """Return what follows from a ledger. A breach counts from the instant at which the time was used up.

    A clock that stops in the very second in which it falls due has kept its target. A target that is set
    below what is used already is due at once. A breach, once it happened, is not undone by a later aim.
    """
    used = paused = 0
    breached_at: datetime | None = None
    for entry, following in pairwise(entries):
        running = entry.does == Does.RUN
        spent = used_between(entry.aim.calendar, entry.at, following.at) if running else 0
        if breached_at is None and not _has_time_left(entry.aim, used + spent):
            due_at = _due(entry, used)
            if due_at is not None and due_at < following.at:
                breached_at = due_at
        used += spent
        if not running:
            paused += int((following.at - entry.at).total_seconds())
    final = entries[-1]
    due_at = _due(final, used)
    return Reading(
        state=_STATES[final.does],
        used=used,
        paused=paused,
        due_at=breached_at or due_at if due_at is not None else None,  # a missed deadline stays where it was
        stopped_at=final.at if final.does in _OVER else None,
        breached_at=breached_at,
    )


def _has_time_left(aim: Aim, used: int) -> bool:
    """Tell whether a target is not used up by then, which spares asking when it would be."""
    return aim.due_at is None and aim.seconds is not None and used < aim.seconds


def _due(entry: Entry, used: int) -> datetime | None:
    """Return when the segment that `entry` begins would use the target up, if nothing came between."""
    aim = entry.aim
    if entry.does in _OVER:
        return None
    if aim.due_at is not None:
        return max(aim.due_at, entry.at)
    if entry.does == Does.PAUSE or aim.seconds is None:
        return None
    left = aim.seconds - used
    return due_after(aim.calendar, entry.at, left) if left >= 0 else entry.at


@dataclass(slots=True)
class Ledger:
    """A clock's identity and its entries, oldest first. `stored` of them are in the database already.

    `noticed` is a breach that was marked before; no later entry can come before it.
    `forecast` is how likely a breach was when somebody last reckoned it.
    """

    metric: str
    cycle: int
    started_at: datetime
    team_id: int | None = None
    entries: list[Entry] = field(default_factory=list)
    clock_id: int | None = None
    stored: int = 0
    noticed: datetime | None = None
    forecast: float | None = None

    _reading: Reading | None = None

    @property
    def now(self) -> Reading:
        """What the ledger says by its last entry. It must have begun."""
        if self._reading is None:
            self._reading = read(self.entries)
        return self._reading

    @property
    def aim(self) -> Aim:
        return self.entries[-1].aim

    @property
    def is_open(self) -> bool:
        return self.entries[-1].does not in _OVER

    def used(self, at: datetime) -> int:
        """Return the seconds counted against the target up to `at`."""
        last, reading = self.entries[-1], self.now
        if reading.state != ClockState.RUNNING:
            return reading.used
        return reading.used + used_between(last.aim.calendar, last.at, max(whole_second(at), last.at))

    def breached(self, at: datetime) -> datetime | None:
        """Return when the target was used up, if that was before the second of `at`."""
        reading = self.now
        if reading.breached_at is not None:
            return reading.breached_at
        return reading.due_at if reading.due_at is not None and reading.due_at < whole_second(at) else None

    def begin(self, at: datetime, does: Does, aim: Aim, reason: str) -> None:
        """Write the first entry."""
        self._add(Entry(whole_second(at), does, aim, reason))

    def do(self, at: datetime, does: Does, reason: str) -> None:
        """Run, stand still, stop or end from `at` on, unless it does so already."""
        if self.entries[-1].does != does:
            self._write(at, does, self.aim, reason)

    def aim_at(self, at: datetime, aim: Aim, reason: str) -> None:
        """Give an open clock another aim from `at` on; what is used stays used."""
        if self.is_open and aim != self.aim:
            self._write(at, self.entries[-1].does, aim, reason)

    def _write(self, at: datetime, does: Does, aim: Aim, reason: str) -> None:
        at = max(whole_second(at), self.entries[-1].at)
        if self.noticed is not None:
            at = max(at, self.noticed + _SECOND)
        self._add(Entry(at, does, aim, reason))

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._reading = None
