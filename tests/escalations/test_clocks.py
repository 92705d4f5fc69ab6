"""Clocks: whatever happens, time used and time paused stay; a breach is at its own instant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from escalations import calendars
from escalations.clocks import Aim, Ledger, read
from escalations.models import Calendar, CalendarVersion, ClockState, Does, Metric

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Manila, an hour before opening
MINUTE = timedelta(minutes=1)


def _manila(name: str, opens: str, closes: str, days: int) -> CalendarVersion:
    weekly = [{"day": day, "opens": opens, "closes": closes} for day in range(days)]
    return CalendarVersion(calendar=Calendar(name=name), number=1, zone="Asia/Manila", weekly=weekly)


LATE = _manila("Late", "16:00", "01:00", 5)
EARLY = _manila("Early", "06:00", "15:00", 7)


def ledger(
    seconds: int | None, calendar: CalendarVersion | None, *, running: bool = True, **aim: datetime
) -> Ledger:
    """Return the ledger of a clock that began on Monday."""
    begun = Ledger(Metric.RESOLUTION, 1, MONDAY)
    begun.begin(MONDAY, Does.RUN if running else Does.PAUSE, Aim(None, calendar, seconds, **aim), "created")
    return begun


@dataclass
class Oracle:
    """The obvious model: walk every minute, count the open ones while the clock runs."""

    calendar: CalendarVersion | None
    target: int
    running: bool
    now: datetime
    used: int = 0
    breached: datetime | None = None
    finished: bool = False
    marks: list[datetime] = field(default_factory=list)

    def walk_to(self, end: datetime) -> None:
        while self.now < end:
            counts = self.calendar is None or calendars.hours(self.calendar).is_open(self.now)
            runs = self.running and not self.finished
            if runs and self.used >= self.target and self.breached is None:
                self.breached = self.marks[-1] if self.marks else self.now
            if runs and counts:
                self.used += 60
                if self.used == self.target:
                    self.marks.append(self.now + MINUTE)
            self.now += MINUTE


def test_a_clock_counts_open_hours_only() -> None:
    clock = ledger(3600, LATE)
    assert clock.now.due_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 17:00 in Manila
    clock.do(datetime(2026, 3, 2, 8, 30, tzinfo=UTC), Does.STOP, "done")
    assert (clock.used(MONDAY + timedelta(days=9)), clock.now.breached_at) == (1800, None)


def test_a_breach_noticed_late_is_dated_when_it_happened() -> None:
    clock = ledger(600, None)
    clock.do(MONDAY + timedelta(hours=5), Does.PAUSE, "waiting")
    assert clock.now.breached_at == MONDAY + timedelta(minutes=10)
    clock.do(MONDAY + timedelta(hours=6), Does.RUN, "in_progress")
    assert clock.now.due_at == clock.now.breached_at


def test_answering_at_the_very_last_second_is_in_time() -> None:
    clock = ledger(600, None)
    clock.do(MONDAY + timedelta(seconds=600, microseconds=999_999), Does.STOP, "done")
    assert clock.now.breached_at is None
    assert clock.breached(MONDAY + timedelta(days=1)) is None


def test_the_last_second_can_still_be_kept_and_the_next_one_not() -> None:
    clock = ledger(600, None)
    assert clock.breached(MONDAY + timedelta(seconds=600, microseconds=999_999)) is None
    assert clock.breached(MONDAY + timedelta(seconds=601)) == MONDAY + timedelta(seconds=600)


def test_nothing_is_written_before_a_breach_that_was_marked() -> None:
    """A colleague whose transaction began in time and ends late does not undo it."""
    clock = ledger(600, None)
    clock.noticed = MONDAY + timedelta(seconds=600)
    clock.do(MONDAY + timedelta(seconds=599), Does.STOP, "done")
    assert clock.now.stopped_at == MONDAY + timedelta(seconds=601)
    assert clock.now.breached_at == clock.noticed


def test_reopening_counts_the_time_stopped_as_a_pause() -> None:
    clock = ledger(7200, None)
    clock.do(MONDAY + timedelta(hours=1), Does.STOP, "resolved")
    clock.do(MONDAY + timedelta(days=30), Does.RUN, "reopened")
    assert clock.now.due_at == MONDAY + timedelta(days=30, hours=1)
    assert clock.now.paused == (timedelta(days=30) - timedelta(hours=1)).total_seconds()


def test_a_date_stands_whether_the_clock_runs_or_not() -> None:
    friday = MONDAY + timedelta(days=4)
    clock = ledger(None, None, due_at=friday)
    clock.do(MONDAY + timedelta(days=1), Does.PAUSE, "waiting")
    assert (clock.now.state, clock.now.due_at) == (ClockState.PAUSED, friday)
    clock.do(friday + timedelta(days=3), Does.RUN, "resumed")
    assert clock.now.breached_at == friday


def test_a_date_set_into_the_past_is_due_at_once() -> None:
    clock = ledger(7200, None)
    at = MONDAY + timedelta(hours=1)
    clock.aim_at(at, Aim(None, None, 7200, MONDAY), "by_hand")
    assert clock.now.due_at == at
    assert clock.breached(at + timedelta(seconds=1)) == at


def test_a_breach_is_not_undone_by_a_later_target() -> None:
    clock = ledger(600, None)
    at = MONDAY + timedelta(hours=1)
    clock.aim_at(at, Aim(None, None, 86_400), "priority")
    assert clock.now.breached_at == clock.now.due_at == MONDAY + timedelta(minutes=10)


steps = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.sampled_from(["run", "pause", "stop", "retarget:30:late", "retarget:240:early", "retarget:90:none"]),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(steps=steps, running=st.booleans(), target=st.integers(5, 600))
def test_the_ledger_agrees_with_walking_every_minute(
    steps: list[tuple[int, str]], running: bool, target: int
) -> None:
    clock = ledger(target * 60, LATE, running=running)
    oracle = Oracle(LATE, target * 60, running, MONDAY)
    at = MONDAY
    for minutes, step in steps:
        at += minutes * MINUTE
        oracle.walk_to(at)
        if step == "run":
            clock.do(at, Does.RUN, "x")
            oracle.running, oracle.finished = True, False
        elif step == "pause" and not oracle.finished:
            clock.do(at, Does.PAUSE, "x")
            oracle.running = False
        elif step == "stop" and not oracle.finished:
            clock.do(at, Does.STOP, "x")
            oracle.finished = True
        elif not oracle.finished:
            _verb, wanted, which = step.split(":")
            calendar = {"late": LATE, "early": EARLY, "none": None}[which]
            clock.aim_at(at, Aim(None, calendar, int(wanted) * 60), "x")
            oracle.target, oracle.calendar = int(wanted) * 60, calendar
        assert clock.used(at) == oracle.used
        assert (clock.now.state == ClockState.RUNNING) == (oracle.running and not oracle.finished)
    assert clock.now == read(clock.entries)
    if clock.now.due_at is not None and clock.now.breached_at is None and clock.now.due_at > at:
        oracle.walk_to(clock.now.due_at)
        assert oracle.used == oracle.target


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=6), target=st.integers(5, 900)
)
def test_the_breach_is_the_minute_in_which_the_target_ran_out(pauses: list[tuple[int, int]], target: int) -> None:
    clock = ledger(target * 60, LATE)
    oracle = Oracle(LATE, target * 60, True, MONDAY)
    at = MONDAY
    for run_for, pause_for in pauses:
        at += run_for * MINUTE
        oracle.walk_to(at)
        clock.do(at, Does.PAUSE, "x")
        oracle.running = False
        at += pause_for * MINUTE
        oracle.walk_to(at)
        clock.do(at, Does.RUN, "x")
        oracle.running = True
        if (
            oracle.used == oracle.target and oracle.breached is None
        ):  # nothing was left when it paused, nor is when it goes on
            oracle.marks.append(at)
    oracle.walk_to(at + timedelta(days=3))
    clock.do(at + timedelta(days=3), Does.STOP, "x")
    assert clock.now.breached_at == oracle.breached
