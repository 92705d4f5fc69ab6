"""Clocks: whatever happens, time used and time paused stay; a breach is at its own instant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from escalations import calendars
from escalations.clocks import started
from escalations.models import Calendar, Clock, ClockState, Metric

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Manila, an hour before opening
MINUTE = timedelta(minutes=1)

LATE = Calendar(
    pk=1,
    name="Late",
    zone="Asia/Manila",
    weekly=[{"day": day, "opens": "16:00", "closes": "01:00"} for day in range(5)],
)
EARLY = Calendar(
    pk=2,
    name="Early",
    zone="Asia/Manila",
    weekly=[{"day": day, "opens": "06:00", "closes": "15:00"} for day in range(7)],
)


@dataclass
class Oracle:
    """The obvious model: walk every minute, count the open ones while the clock runs."""

    calendar: Calendar | None
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
            if self.running and not self.finished and counts:
                if self.used >= self.target and self.breached is None:
                    self.breached = self.marks[-1] if self.marks else self.now
                self.used += 60
                if self.used == self.target:
                    self.marks.append(self.now + MINUTE)
            self.now += MINUTE


def test_a_clock_counts_open_hours_only() -> None:
    clock = Clock(metric=Metric.ACCEPT, calendar=LATE, target_seconds=3600)
    ledger = started(clock, MONDAY, "created", running=True)
    assert clock.due_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 17:00 in Manila
    ledger.stop(datetime(2026, 3, 2, 8, 30, tzinfo=UTC))
    assert (ledger.used(MONDAY + timedelta(days=9)), clock.breached_at) == (1800, None)


def test_a_breach_noticed_late_is_dated_when_it_happened() -> None:
    clock = Clock(metric=Metric.ACCEPT, calendar=None, target_seconds=600)
    ledger = started(clock, MONDAY, "created", running=True)
    ledger.pause(MONDAY + timedelta(hours=5), "waiting")
    assert clock.breached_at == MONDAY + timedelta(minutes=10)
    ledger.run(MONDAY + timedelta(hours=6), "in_progress")
    assert clock.due_at == clock.breached_at


def test_answering_at_the_very_last_second_is_in_time() -> None:
    clock = Clock(metric=Metric.ACCEPT, calendar=None, target_seconds=600)
    ledger = started(clock, MONDAY, "created", running=True)
    ledger.stop(MONDAY + timedelta(seconds=600))
    assert clock.breached_at is None


def test_reopening_counts_the_time_stopped_as_a_pause() -> None:
    clock = Clock(metric=Metric.RESOLUTION, calendar=None, target_seconds=7200)
    ledger = started(clock, MONDAY, "created", running=True)
    ledger.stop(MONDAY + timedelta(hours=1))
    ledger.run(MONDAY + timedelta(days=30), "reopened")
    assert clock.due_at == MONDAY + timedelta(days=30, hours=1)
    assert [segment.is_running for segment in ledger.segments] == [True, False, True]
    assert all(a.ended_at == b.started_at for a, b in zip(ledger.segments, ledger.segments[1:], strict=False))


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
    clock = Clock(metric=Metric.RESOLUTION, calendar=LATE, target_seconds=target * 60)
    ledger = started(clock, MONDAY, "created", running=running)
    oracle = Oracle(LATE, target * 60, running, MONDAY)
    at = MONDAY
    for minutes, step in steps:
        at += minutes * MINUTE
        oracle.walk_to(at)
        if step == "run":
            ledger.run(at, "x")
            oracle.running, oracle.finished = True, False
        elif step == "pause":
            ledger.pause(at, "x")
            if not oracle.finished:
                oracle.running = False
        elif step == "stop":
            ledger.stop(at)
            oracle.finished = True
        elif not oracle.finished:
            _verb, wanted, which = step.split(":")
            calendar = {"late": LATE, "early": EARLY, "none": None}[which]
            ledger.retarget(at, int(wanted) * 60, calendar, "x")
            oracle.target, oracle.calendar = int(wanted) * 60, calendar
        assert ledger.used(at) == oracle.used
        assert (clock.state == ClockState.RUNNING) == (oracle.running and not oracle.finished)
    ends = [segment.ended_at for segment in ledger.segments[:-1]]
    assert ends == [segment.started_at for segment in ledger.segments[1:]]
    if clock.due_at is not None and clock.breached_at is None and clock.due_at > at:
        oracle.walk_to(clock.due_at)
        assert oracle.used == oracle.target


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=6), target=st.integers(5, 900)
)
def test_the_breach_is_the_minute_in_which_the_target_ran_out(pauses: list[tuple[int, int]], target: int) -> None:
    clock = Clock(metric=Metric.RESOLUTION, calendar=LATE, target_seconds=target * 60)
    ledger = started(clock, MONDAY, "created", running=True)
    oracle = Oracle(LATE, target * 60, True, MONDAY)
    at = MONDAY
    for run_for, pause_for in pauses:
        at += run_for * MINUTE
        oracle.walk_to(at)
        ledger.pause(at, "x")
        oracle.running = False
        at += pause_for * MINUTE
        oracle.walk_to(at)
        ledger.run(at, "x")
        oracle.running = True
        if oracle.used == oracle.target:  # nothing was left when it paused, nor is when it goes on
            oracle.marks.append(at)
    oracle.walk_to(at + timedelta(days=3))
    ledger.stop(at + timedelta(days=3))
    assert clock.breached_at == oracle.breached
