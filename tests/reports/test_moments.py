"""What is told of a clock's past is what was so then, and nothing that came later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from common import clock
from escalations import assignment, lifecycle, ticket_clocks
from escalations.clocks import Ledger, read
from escalations.models import Clock, ClockState, Metric, ReasonKind, State, Ticket
from reports import forecast, pasts
from reports.moments import STATES, Past, of_clocks
from tests.escalations import levels
from tests.reports.pasts_of_clocks import START
from tests.reports.pasts_of_clocks import pasts as drawn_pasts


def at_of(row) -> datetime:
    return datetime.fromtimestamp(float(row["at"]), UTC)


def ledger_at(past: Past, at: datetime) -> Ledger:
    known = [entry for entry in past.entries if entry.at <= at]
    return Ledger("resolution", 1, past.started_at, entries=known)


@settings(deadline=None)
@given(drawn_pasts())
def test_a_moment_is_what_the_ledger_said_then(drawn):
    past, until = drawn
    for row in of_clocks([past], until):
        at = at_of(row)
        ledger = ledger_at(past, at)
        assert past.entries[0].at <= at < until
        assert ledger.is_open
        assert ledger.breached(at) is None
        dated = ledger.aim.due_at is not None
        if dated:
            assert row["due"] == ledger.aim.due_at.timestamp()
        else:
            assert row["target"] == ledger.aim.seconds
            assert abs(row["used"] - ledger.used(at)) <= 1
            left = (ledger.aim.seconds or 0) - ledger.used(at)
            assert abs(row["due"] - (row["at"] + max(0, left))) <= 2
        assert row["due"] >= row["at"]
        assert row["used"] >= 0
        # One that stands still may be given a target below what it has used: it is missed once it runs on.
        if ledger.now.state == ClockState.RUNNING:
            assert row["used"] <= row["target"] + 1


@settings(deadline=None)
@given(drawn_pasts())
def test_the_end_is_what_was_known_by_then(drawn):
    past, until = drawn
    known = [entry for entry in past.entries if entry.at < until]
    for row in of_clocks([past], until):
        reading = read(known)
        overdue = reading.due_at if reading.due_at is not None and reading.due_at < until else None
        breached = reading.breached_at or overdue
        assert row["breached"] == (breached is not None)
        decided = breached or reading.stopped_at
        assert row["decided"] == (decided.timestamp() if decided else np.inf)


@settings(deadline=None)
@given(drawn_pasts(), st.integers(1, 100_000))
def test_what_comes_later_changes_nothing_but_the_end(drawn, seconds):
    past, until = drawn
    earlier = until - timedelta(seconds=seconds)
    then, now = of_clocks([past], earlier), of_clocks([past], until)
    columns = [name for name in then.dtype.names if name not in {"breached", "decided"}]
    before = [row for row in then if row["runs"]]  # where a clock stood still, chance picks from what is known
    known = {tuple(row[columns]) for row in now}
    assert {tuple(row[columns]) for row in before} <= known


@pytest.fixture
def passing():
    """Begin on a Monday morning; `shift` lets time pass."""
    with time_machine.travel(START, tick=False) as now:
        yield now


def test_a_ticket_stands_by_the_last_thing_that_happened_before(passing, desk):
    levels.policy("All", {"resolution": 600}, pauses_in=[State.WAITING_CUSTOMER])
    ticket = desk.started()
    passing.shift(timedelta(hours=6))  # more than an eighth of the target, so that chance can't leave it out
    lifecycle.wait_for_customer(ticket, by=desk.l2, message="Which one?")
    passing.shift(timedelta(hours=5))
    found = pasts.read(clock.now())[Metric.RESOLUTION]
    since = Ticket.objects.get().state_since.timestamp()
    assert {STATES[row["state"]] for row in found} == {State.IN_PROGRESS, State.WAITING_CUSTOMER}
    for row in found:
        waits = STATES[row["state"]] == State.WAITING_CUSTOMER
        assert waits == (row["at"] >= since)
        assert waits != row["runs"]


def test_what_is_told_of_an_open_clock_is_what_its_history_tells(passing, desk):
    """A model must meet the clocks of today as it learnt them: each column from the ticket as from its events."""
    levels.policy("All", dict.fromkeys(["accept", "resolution", "ownership"], 600), pauses_in=[State.WAITING_L1])
    moved, waiting, reopened = desk.started(), desk.started(), desk.resolved()
    passing.shift(timedelta(minutes=10))
    assignment.give_to_team(moved, desk.accounts, by=desk.lead)
    assignment.set_priority(waiting, 1, by=desk.lead)
    passing.shift(timedelta(minutes=10))
    lifecycle.wait_for_l1(waiting, by=desk.l2, message="Which one?")
    lifecycle.reopen(reopened, by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="It fails again.")
    desk.escalated()
    passing.shift(timedelta(minutes=33))
    tickets = dict.fromkeys(Ticket.objects.values_list("pk", flat=True), False)
    stood = pasts.standings(tickets)
    ledgers = {one.clock_id: one for one in ticket_clocks.ledgers_of(Clock.objects.all())}
    looked_at = 0
    for moments in forecast.present(forecast.open_clocks(tickets), clock.now()).values():
        for row in moments:
            last = stood[int(row["ticket"])][-1]
            told = {name: row[name] for name in last._fields if name not in {"at", "team"}}
            assert told == {name: getattr(last, name) for name in told}
            ledger = ledgers[int(row["clock"])]
            assert row["team"] == (ledger.team_id or last.team)
            assert row["used"] == ledger.used(clock.now())
            assert row["runs"] == (ledger.now.state == ClockState.RUNNING)
            if ledger.now.due_at:
                assert row["due"] == ledger.now.due_at.timestamp()
            looked_at += 1
    assert looked_at >= 8


def test_an_import_does_not_know_a_category_before_its_end(passing, desk):
    levels.policy("All", {"resolution": 600})
    ticket = desk.escalated()
    Ticket.objects.filter(pk=ticket.pk).update(origin="elsewhere", external_reference="1")
    passing.shift(timedelta(hours=5))
    assert set(pasts.read(clock.now())[Metric.RESOLUTION]["category"]) == {0}
    (moments,) = forecast.present(forecast.open_clocks([ticket.pk]), clock.now()).values()
    assert set(moments["category"]) == {0}
