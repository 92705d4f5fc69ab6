"""When the steps of a ladder come: a function of the ledger, held against a walk minute by minute."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalations import calendars, ladder
from escalations.clocks import Aim, Ledger
from escalations.models import CalendarVersion, Does, Metric, PolicyVersion
from escalations.steps import Step
from tests.escalations.test_clocks import EARLY, LATE, MINUTE, MONDAY

STEPS = [Step(-45, "notify_owner"), Step(-10, "climb"), Step(0, "notify_lead"), Step(30, "raise_priority")]
LATER = [*STEPS[2:], Step(-45, "notify_team"), Step(75, "climb")]


def version(pk: int, steps: list[Step]) -> PolicyVersion:
    rows = [{"metric": "resolution", "minutes": minutes, "does": does} for minutes, does in steps]
    return PolicyVersion(pk=pk, ladder=rows)


VERSIONS = {"first": version(1, STEPS), "next": version(2, LATER)}


def begun(minutes: int, calendar: CalendarVersion | None, **aim: datetime) -> Ledger:
    ledger = Ledger(Metric.RESOLUTION, 1, MONDAY)
    ledger.begin(MONDAY, Does.RUN, Aim(VERSIONS["first"], calendar, minutes * 60, **aim), "created")
    return ledger


@dataclass
class Walk:
    """The obvious model: look at the clock every minute, and note when it first finds a mark behind it."""

    calendar: CalendarVersion | None
    target: int
    steps: list[Step] = field(default_factory=lambda: STEPS)
    does: Does = Does.RUN
    now: datetime = MONDAY
    used: int = 0
    used_when_missed: int | None = None
    ahead: set[Step] = field(default_factory=set)
    taken: dict[Step, datetime] = field(default_factory=dict)
    lost: set[Step] = field(default_factory=set)

    def act(self, action: str) -> None:
        kind, _, value = action.partition(" ")
        if kind == "target" and self.does != Does.STOP:
            self.target = int(value)
        elif kind == "version" and self.does != Does.STOP:
            self.steps = STEPS if value == "first" else LATER
        elif kind in Does.values:
            self.does = Does(kind)

    def look(self) -> None:
        if self.does == Does.STOP:
            self.lost |= set(self.taken)
        if self.does != Does.RUN:
            return
        if self.used_when_missed is None and self.used >= self.target:
            self.used_when_missed = self.used
        deadline = self.target if self.used_when_missed is None else self.used_when_missed
        for step in {*STEPS, *LATER} - set(self.taken):
            if self.used < deadline + step.minutes:
                self.ahead.add(step)
            elif step in self.ahead or step.minutes >= 0:
                self.taken[step] = self.now
                if step not in self.steps:
                    self.lost.add(step)

    def go_on(self) -> None:
        counts = self.calendar is None or calendars.hours(self.calendar).is_open(self.now)
        self.used += self.does == Does.RUN and counts
        self.now += MINUTE

    def _may_come(self, step: Step) -> bool:
        return step not in self.taken and (step in self.ahead or step.minutes >= 0)

    def outcome(self) -> dict[Step, datetime | None]:
        """Let the clock go on as it is until every step has come."""
        steps = [] if self.does == Does.STOP else [step for step in self.steps if step not in self.lost]
        while self.does == Does.RUN and any(self._may_come(step) for step in steps):
            self.go_on()
            self.look()
        return {step: self.taken.get(step) for step in steps}


ACTIONS = st.sampled_from(
    [
        "run",
        "pause",
        "run",
        "pause",
        "stop",
        "target 20",
        "target 60",
        "target 300",
        "version next",
        "version first",
    ]
)


@settings(max_examples=80, deadline=None)
@example(calendar=None, target=15, events=[(300, "version next")])
@given(
    calendar=st.sampled_from([None, LATE, EARLY]),
    target=st.sampled_from([15, 45, 60, 120, 600]),
    events=st.lists(st.tuples(st.sampled_from([0, 1, 15, 45, 60, 100, 300, 900]), ACTIONS), max_size=10),
)
def test_in_any_order_of_events_each_step_comes_when_a_walk_meets_it(
    calendar: CalendarVersion | None, target: int, events: list[tuple[int, str]]
) -> None:
    ledger, walk = begun(target, calendar), Walk(calendar, target)
    for minutes, action in events:
        for _minute in range(minutes):
            walk.look()
            walk.go_on()
        walk.act(action)
        kind, _, value = action.partition(" ")
        if kind == "target":
            ledger.aim_at(walk.now, ledger.aim._replace(seconds=int(value) * 60), action)
        elif kind == "version":
            ledger.aim_at(walk.now, ledger.aim._replace(policy=VERSIONS[value]), action)
        else:
            ledger.do(walk.now, Does(kind), action)
    walk.look()
    assert ladder.instants(ledger) == walk.outcome()


def test_open_minutes_before_and_after_a_deadline() -> None:
    ledger = begun(540, LATE)  # the whole of Monday's shift, 16:00 to 01:00 in Manila
    found = ladder.instants(ledger)
    closes = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    opens = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert found == {
        STEPS[0]: closes - timedelta(minutes=45),
        STEPS[1]: closes - timedelta(minutes=10),
        STEPS[2]: closes,
        STEPS[3]: opens + timedelta(minutes=30),
    }


@pytest.mark.parametrize("does", [Does.RUN, Does.PAUSE])
def test_steps_around_a_date_stand_whether_the_clock_runs_or_not(does: Does) -> None:
    noon = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)  # Saturday in Manila, closed since 01:00
    ledger = begun(60, LATE, due_at=noon)
    ledger.do(MONDAY + timedelta(hours=4), does, "waiting")
    closed, opens = datetime(2026, 3, 6, 17, 0, tzinfo=UTC), datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    assert ladder.instants(ledger) == {
        STEPS[0]: closed - timedelta(minutes=45),
        STEPS[1]: closed - timedelta(minutes=10),
        STEPS[2]: noon,
        STEPS[3]: opens + timedelta(minutes=30),
    }


def test_a_date_set_by_hand_close_ahead_warns_at_once() -> None:
    ledger = begun(600, None)
    soon = MONDAY + timedelta(minutes=75)
    ledger.aim_at(MONDAY + timedelta(minutes=60), ledger.aim._replace(due_at=soon), "by hand")
    assert ladder.instants(ledger)[STEPS[0]] == MONDAY + timedelta(minutes=60)
    assert ladder.instants(ledger)[STEPS[1]] == MONDAY + timedelta(minutes=65)


def test_changes_in_one_second_count_as_the_last_of_them() -> None:
    ledger, other = begun(600, None), begun(600, None)
    at: Any = MONDAY + timedelta(minutes=60)
    ledger.aim_at(at, ledger.aim._replace(seconds=60), "priority")
    ledger.aim_at(at, ledger.aim._replace(seconds=18_000), "priority")
    other.aim_at(at, other.aim._replace(seconds=18_000), "priority")
    assert ladder.instants(ledger) == ladder.instants(other)
