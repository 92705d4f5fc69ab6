"""One clock in memory: run, pause, stop, retarget. No database, no tickets.

A clock's segments are its ledger. What was used of the target is the sum over
the running segments, each counted by the calendar that was in force, so nothing
that changes later (priority, policy, calendar) can take away time already used
or paused. Everything is counted in whole seconds.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalations import calendars
from escalations.models import Calendar, Clock, ClockSegment
from escalations.models.sla import ClockState

_RUNNING = {ClockState.RUNNING, ClockState.PAUSED}


def whole_second(at: datetime) -> datetime:
    """Return the second that `at` lies in, which is what clocks count in."""
    return at.replace(microsecond=0)


def used_between(calendar: Calendar | None, start: datetime, end: datetime) -> int:
    """Return the seconds between two instants: open ones, or all of them without a calendar."""
    if calendar is None:
        return int((end - start).total_seconds())
    return int(calendars.hours(calendar).between(start, end))


def due_after(calendar: Calendar | None, start: datetime, seconds: int) -> datetime:
    """Return the earliest instant with `seconds` of (open) time since `start`."""
    if calendar is None:
        return start + timedelta(seconds=seconds)
    return calendars.hours(calendar).add(start, seconds)


@dataclass
class Ledger:
    """A clock together with all its segments, oldest first."""

    clock: Clock
    segments: list[ClockSegment] = field(default_factory=list)

    @property
    def current(self) -> ClockSegment | None:
        """The segment that has not ended, if the clock is not stopped."""
        if self.segments and self.segments[-1].ended_at is None:
            return self.segments[-1]
        return None

    def used(self, at: datetime) -> int:
        """Return the seconds counted against the target up to `at`."""
        total = sum(segment.used_seconds or 0 for segment in self.segments)
        current = self.current
        if current is not None and current.is_running:
            total += used_between(current.calendar, current.started_at, max(whole_second(at), current.started_at))
        return total

    def run(self, at: datetime, reason: str) -> None:
        """Let the clock run from `at`; a stopped one goes on where it stopped."""
        if self.clock.state == ClockState.RUNNING:
            return
        stopped_at = self.clock.stopped_at
        if stopped_at is not None:
            # The time spent stopped (resolved, then reopened) is a pause in the ledger.
            self._begin(stopped_at, "stopped", running=False)
            self.clock.stopped_at = None
        self._change(at, ClockState.RUNNING, reason)

    def pause(self, at: datetime, reason: str) -> None:
        """Let the clock stand still from `at`, if it runs."""
        if self.clock.state == ClockState.RUNNING:
            self._change(at, ClockState.PAUSED, reason)

    def stop(self, at: datetime) -> None:
        """End the clock at `at`: its aim is reached."""
        self._finish(at, ClockState.STOPPED)

    def cancel(self, at: datetime) -> None:
        """End the clock at `at` without a result: its ticket was cancelled or merged."""
        self._finish(at, ClockState.CANCELLED)

    def retarget(self, at: datetime, target_seconds: int, calendar: Calendar | None, reason: str) -> None:
        """Give an unfinished clock another target or calendar; what is used stays used."""
        clock = self.clock
        if clock.state not in _RUNNING:
            return
        if (clock.target_seconds, clock.calendar) == (target_seconds, calendar):
            return
        running = clock.state == ClockState.RUNNING
        self._end_current(at)
        clock.target_seconds, clock.calendar = target_seconds, calendar
        self._begin(at, reason, running=running)
        self._plan(at)

    def _change(self, at: datetime, state: ClockState, reason: str) -> None:
        self._end_current(at)
        self.clock.state = state
        self._begin(at, reason, running=state == ClockState.RUNNING)
        self._plan(at)

    def _finish(self, at: datetime, state: ClockState) -> None:
        if self.clock.state not in _RUNNING:
            return
        self._end_current(at)
        self.clock.state = state
        self.clock.stopped_at = max(whole_second(at), self.clock.started_at)
        self.clock.due_at = None

    def _begin(self, at: datetime, reason: str, *, running: bool) -> None:
        self.segments.append(
            ClockSegment(
                clock=self.clock,
                is_running=running,
                calendar=self.clock.calendar,
                reason=reason,
                started_at=whole_second(at),
            )
        )

    def _end_current(self, at: datetime) -> None:
        current = self.current
        if current is None:
            return
        at = max(whole_second(at), current.started_at)
        clock = self.clock
        if clock.due_at is not None and clock.breached_at is None and clock.due_at < at:
            clock.breached_at = clock.due_at  # nobody had noticed it yet
        current.used_seconds = used_between(current.calendar, current.started_at, at) if current.is_running else 0
        current.ended_at = at

    def _plan(self, at: datetime) -> None:
        """Set the due time of a running clock; a used-up target was due where it ran out."""
        clock = self.clock
        if clock.state != ClockState.RUNNING:
            clock.due_at = None
            return
        if clock.breached_at is not None:
            clock.due_at = clock.breached_at
            return
        at = whole_second(at)
        left = clock.target_seconds - self.used(at)
        clock.due_at = due_after(clock.calendar, at, left) if left >= 0 else at


def started(clock: Clock, at: datetime, reason: str, *, running: bool) -> Ledger:
    """Return the ledger of a new clock that runs, or waits, from `at`."""
    ledger = Ledger(clock)
    clock.started_at = whole_second(at)
    clock.state = ClockState.PAUSED
    if running:
        ledger.run(at, reason)
    else:
        ledger._begin(at, reason, running=False)
    return ledger
