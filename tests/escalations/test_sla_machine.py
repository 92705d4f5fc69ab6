"""Whatever happens to escalations, in any order and at any time, the ledger says what the slow model says.

A deeper search: SLA_DEPTH=20 makes it twenty times as long.
"""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from escalations.models import Policy
from tests.escalations.deeds import DEEDS, Hands
from tests.escalations.desk import Desk
from tests.escalations.slow_sla import MINUTE, SlowHours
from tests.escalations.trial import Terms, Trial

DEPTH = int(os.environ.get("SLA_DEPTH", "1"))


def _daily(opens: int, closes: int, days: range = range(7)) -> tuple[tuple[int, int, int], ...]:
    return tuple((day, opens * 60, closes * 60) for day in days)


_HOUR = 3600
_SPRING_2026 = int(datetime(2026, 3, 10, 3, 17, tzinfo=UTC).timestamp())

HOURS = [
    # Split by lunch, and a Sunday shift across the hour that New York skips or sees twice.
    SlowHours(
        "America/New_York",
        (*_daily(8, 12, range(5)), *_daily(13, 17, range(5)), (6, 30, 210)),
        frozenset({date(2026, 3, 9), date(2026, 11, 2), date(2028, 2, 29)}),
    ),
    # Nights, of which a holiday takes the calendar day.
    SlowHours("Europe/London", _daily(22, 30), frozenset({date(2026, 3, 29), date(2026, 10, 26)}), by_day=True),
    # Nights, of which a holiday takes the shift. Santiago's clocks change at midnight.
    SlowHours("America/Santiago", _daily(20, 27), frozenset({date(2026, 4, 4), date(2026, 9, 7)})),
    SlowHours("UTC", _daily(0, 24), frozenset({date(2028, 2, 29)}), by_day=True),
    SlowHours("UTC", _daily(0, 24)),
    # A zone whose government thinks again twice, once by three quarters of an hour on an odd minute.
    SlowHours(
        "Asia/Manila",
        _daily(9, 18),
        changes=(
            (0, 8 * _HOUR),
            (_SPRING_2026, 8 * _HOUR + 2700),
            (_SPRING_2026 + 9 * 86_400, 7 * _HOUR),
        ),
    ),
]
CALENDARS = ["Day", "Night", "Other"]

#: A day or two before something odd.
BEGINNINGS = [
    datetime(2026, 3, 6, 20, 0, tzinfo=UTC),  # New York springs forward, Manila thinks again
    datetime(2026, 10, 30, 13, 0, tzinfo=UTC),  # New York falls back
    datetime(2026, 3, 27, 21, 0, tzinfo=UTC),  # London springs forward
    datetime(2026, 10, 23, 21, 30, tzinfo=UTC),  # London falls back
    datetime(2026, 4, 3, 22, 0, tzinfo=UTC),  # Santiago falls back at midnight
    datetime(2026, 9, 4, 12, 0, tzinfo=UTC),  # Santiago springs forward at midnight
    datetime(2028, 2, 28, 12, 0, tzinfo=UTC),  # a leap day
    datetime(2026, 12, 31, 9, 0, tzinfo=UTC),
]

METRICS = [
    "accept", "first_response", "next_response", "first_resolution", "resolution", "ownership", "hand_over",
]  # fmt: skip
PAUSES = [
    frozenset[str](),
    frozenset({"waiting_customer", "returned"}),
    frozenset({"waiting_customer", "waiting_l1", "waiting_partner", "returned", "new"}),
]
minutes = st.sampled_from([5, 30, 60, 61, 240, 480, 960])
terms = st.builds(
    Terms,
    minutes=st.fixed_dictionaries({}, optional=dict.fromkeys(METRICS, minutes)),
    calendar=st.sampled_from(CALENDARS),
    open_time=st.booleans(),
    pauses_in=st.sampled_from(PAUSES),
    priorities=st.sampled_from([frozenset[int](), frozenset({1}), frozenset({1, 2}), frozenset({3, 4})]),
    category=st.sampled_from([None, None, 0, 1]),
    own_calendars=st.booleans(),
    nothing_at_p4=st.booleans(),
)
everywhere = st.builds(
    Terms,
    minutes=st.fixed_dictionaries(dict.fromkeys(METRICS, minutes)),
    calendar=st.sampled_from(CALENDARS),
    open_time=st.booleans(),
    pauses_in=st.sampled_from(PAUSES),
)
dates = st.builds(
    Terms,
    minutes=st.fixed_dictionaries({"regulatory": st.sampled_from([60, 600, 1440])}),
    calendar=st.sampled_from(CALENDARS),
    open_time=st.booleans(),
    category=st.sampled_from([None, 1]),
)
hours = st.sampled_from(HOURS)
numbers = st.integers(0, 99)
gaps = st.sampled_from([0, 0, 1, 7, 29, 30, 59, 60, 61, 240, 477, 1440, 3001, 10_080]).map(
    lambda count: timedelta(minutes=count)
)


class ServiceLevels(RuleBasedStateMachine):
    """Up to three escalations, three policies and three calendars, in both ways at once."""

    hands: Hands
    trial: Trial

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        try:
            if hasattr(self, "trial") and self.trial.agreed:
                self.trial.mark_breaches()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(
        begin=st.sampled_from(BEGINNINGS), later=st.integers(0, 2000), hours=st.tuples(hours, hours, hours),
        first=terms, second=everywhere, dates=dates, own=st.sampled_from([None, "team", "partner"]),
    )  # fmt: skip
    def set_up(
        self, begin: datetime, later: int, hours: tuple[SlowHours, ...], first: Terms, second: Terms, dates: Terms,
        own: str | None,
    ) -> None:  # fmt: skip
        self.trial = Trial(self.hands, begin + timedelta(minutes=later))
        for name, chosen in zip(CALENDARS, hours, strict=True):
            self.trial.publish_hours(name, chosen)
        self.trial.publish_policy("First", "service", first)
        self.trial.publish_policy("Second", "service", second)
        self.trial.publish_policy("Dates", "regulatory", dates)
        if own is not None:
            choices = self.hands.choices
            self.trial.give_calendar((choices.teams if own == "team" else choices.partners)[0], CALENDARS[2])
        self.trial.escalate(later)

    @precondition(lambda self: len(self.trial.tickets) < 3)
    @rule(number=numbers)
    def escalate(self, number: int) -> None:
        self.trial.pass_time(timedelta(0))
        self.trial.escalate(number)
        self.trial.agree()

    @rule(which=st.integers(0, 2), deed=st.integers(0, 99), number=numbers, gap=gaps)
    def work(self, which: int, deed: int, number: int, gap: timedelta) -> None:
        """Do one of what can be done to one of the escalations."""
        self.trial.pass_time(gap)
        which %= len(self.trial.tickets)
        state = self.trial.slow.tickets[which].state
        possible = [name for name, states in DEEDS.items() if state in states]
        if possible:
            self.trial.do(which, possible[deed % len(possible)], number)
            self.trial.agree()

    @precondition(lambda self: len(self.trial.tickets) > 1)
    @rule(which=st.integers(0, 2), other=st.integers(1, 2))
    def merge(self, which: int, other: int) -> None:
        tickets = self.trial.slow.tickets
        which %= len(tickets)
        target = (which + other) % len(tickets)
        self.trial.pass_time(timedelta(0))
        if which != target and tickets[which].state in DEEDS["cancel"] and tickets[target].state in DEEDS["note"]:
            self.trial.merge(which, target)
            self.trial.agree()

    @rule(which=st.integers(0, 2), gap=gaps)
    def unmerge(self, which: int, gap: timedelta) -> None:
        which %= len(self.trial.tickets)
        if self.trial.slow.tickets[which].state == "merged":
            self.trial.pass_time(gap)
            self.trial.unmerge(which)
            self.trial.agree()

    @rule(which=st.integers(0, 2), number=numbers, minutes=st.sampled_from([1, 30, 300, 3000]))
    def set_by_hand(self, which: int, number: int, minutes: int) -> None:
        self.trial.pass_time(timedelta(0))
        self.trial.set_by_hand(which % len(self.trial.tickets), number, minutes)
        self.trial.agree()

    @rule(gap=gaps)
    def pass_time(self, gap: timedelta) -> None:
        self.trial.pass_time(gap)
        self.trial.agree()

    @rule(late=st.sampled_from([0, 0, 1]))
    def until_something_is_due(self, late: int) -> None:
        """Stop at the very second in which a target is used up, or a minute later."""
        due = self.trial.next_due()
        if due is not None and due < self.trial.now + timedelta(days=21):
            self.trial.pass_time(due - self.trial.now + timedelta(minutes=late))
            self.trial.agree()

    @rule()
    def the_job_comes_round(self) -> None:
        self.trial.mark_breaches()

    @rule(name=st.sampled_from(["First", "First", "Second"]), terms=terms)
    def publish_policy(self, name: str, terms: Terms) -> None:
        self.trial.pass_time(MINUTE)
        self.trial.publish_policy(name, "service", terms)

    @rule(terms=dates)
    def publish_dates(self, terms: Terms) -> None:
        self.trial.pass_time(MINUTE)
        self.trial.publish_policy("Dates", "regulatory", terms)

    @rule(name=st.sampled_from(CALENDARS), hours=hours)
    def publish_hours(self, name: str, hours: SlowHours) -> None:
        self.trial.publish_hours(name, hours)


@pytest.fixture
def hands(desk: Desk) -> Hands:
    """People for every deed, and three policies without a version as yet."""
    Policy.objects.update(is_active=False)
    for position, name in enumerate(["First", "Second", "Dates"]):
        kind = "regulatory" if name == "Dates" else "service"
        Policy.objects.create(name=name, position=position, kind=kind)
    return Hands(desk)


def test_the_ledger_says_what_walking_through_time_says(hands: Hands) -> None:
    machine = type("Machine", (ServiceLevels,), {"hands": hands})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20 * DEPTH,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


short = st.tuples(st.floats(0, 400), st.integers(0, 99), numbers)


@settings(
    max_examples=6 * DEPTH,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    steps=st.lists(short, min_size=4, max_size=14), first=terms, second=everywhere, dates=dates, hours=hours,
    begin=st.sampled_from(BEGINNINGS), later=st.floats(0, 7200),
)  # fmt: skip
def test_and_so_to_the_second(
    hands: Hands, steps: list[tuple[float, int, int]], first: Terms, second: Terms, dates: Terms,
    hours: SlowHours, begin: datetime, later: float,
) -> None:  # fmt: skip
    """The same with things that happen at any microsecond, and a model that walks second by second."""
    with transaction.atomic():
        trial = Trial(hands, begin + timedelta(seconds=later), tick=timedelta(seconds=1))
        for name in CALENDARS:
            trial.publish_hours(name, hours)
        quick = dict.fromkeys(METRICS, 3)
        trial.publish_policy("First", "service", replace(first, minutes=dict.fromkeys(first.minutes, 1)))
        trial.publish_policy("Second", "service", replace(second, minutes=quick))
        trial.publish_policy("Dates", "regulatory", replace(dates, minutes={"regulatory": 5}))
        trial.escalate(4)
        for seconds, deed, number in steps:
            trial.pass_time(timedelta(seconds=seconds))
            state = trial.slow.tickets[0].state
            possible = [name for name, states in DEEDS.items() if state in states]
            if possible:
                trial.do(0, possible[deed % len(possible)], number)
                trial.agree()
        trial.mark_breaches()
        transaction.set_rollback(True)
