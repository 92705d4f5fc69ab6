"""The job and the people at the same instant: the ledger and the mark never contradict each other."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common import clock
from escalations import assignment, calendars, lifecycle, policies, ticket_clocks
from escalations.clocks import read
from escalations.models import Calendar, Clock, Does, Metric, Policy, Priority, ReasonKind, Ticket
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.robustness.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DUE = BEGIN + timedelta(minutes=60)
ROUNDS = 6


@pytest.fixture
def flat(desk: Desk) -> Policy:
    """An hour for everything at P1, whatever the time; waiting on the customer pauses."""
    minutes = {Metric.RESOLUTION: 60, Metric.OWNERSHIP: 60, Metric.FIRST_RESOLUTION: 60}
    return levels.policy("Flat", minutes, pauses_in=["waiting_customer"])


def then(at: datetime, act: Callable[..., Any], *args: Any, **named: Any) -> Callable[[], Any]:
    """Return the act as done at that time."""

    def done() -> Any:
        with clock.replaying(at):
            return act(*args, **named)

    return done


def agree(ticket: Ticket) -> dict[str, Clock]:
    """Assert that every clock is what its ledger says, that each breach is told once, and return them."""
    rows = list(Clock.objects.filter(ticket=ticket))
    told = [
        (event.data["metric"], event.at)
        for event in Event.objects.filter(kind=ticket_clocks.BREACHED, subject_id=ticket.pk)
    ]
    assert sorted(told) == sorted((row.metric, row.breached_at) for row in rows if row.breached_at)
    for row in rows:
        [ledger] = ticket_clocks.ledgers_of([row])
        reading = read(ledger.entries)
        assert reading[:4] == (row.state, row.used_seconds, row.paused_seconds, row.due_at)
        if row.state != "running":
            assert row.breached_at == reading.breached_at, "a mark that the ledger does not bear out"
        assert [one.at for one in ledger.entries] == sorted(one.at for one in ledger.entries)
    ticket.refresh_from_db()
    dues = [(row.due_at, row.metric) for row in rows if row.due_at]
    assert (ticket.next_due_at, ticket.next_due_metric) == min(dues, default=(None, ""))
    return {row.metric: row for row in rows}


@pytest.mark.parametrize("deed", ["resolve", "pause", "resume", "cancel"])
def test_the_job_crosses_what_people_do_in_the_last_second(desk: Desk, flat: Policy, deed: str) -> None:
    """Who comes first has the say: kept, because it was done in time, or missed, and done a second later."""
    outcomes = set()
    for _round in range(ROUNDS):
        with clock.replaying(BEGIN):
            ticket = desk.started(impact=1, urgency=1)
            if deed == "resume":
                lifecycle.wait_for_l1(ticket, by=desk.l2, message="Which?")
        done: Callable[[], Any] = {
            "resolve": then(DUE, lifecycle.resolve, ticket, by=desk.l2, **desk.resolution()),
            "pause": then(DUE, lifecycle.wait_for_customer, ticket, by=desk.l2, message="When?"),
            "resume": then(DUE, lifecycle.resume, ticket, by=desk.l2),
            "cancel": then(DUE, lifecycle.cancel, ticket, by=desk.lead, reason=desk.reason(ReasonKind.CANCEL)),
        }[deed]
        job = then(DUE + timedelta(seconds=1), ticket_clocks.mark_breaches)
        for result in at_once(done, job, job):
            assert not isinstance(result, Exception), result
        clocks = agree(ticket)
        resolution = clocks[Metric.RESOLUTION]
        assert resolution.breached_at in (None, DUE)
        if deed in {"resolve", "cancel"}:
            late = resolution.stopped_at == DUE + timedelta(seconds=1)
            assert late == (resolution.breached_at is not None)
        outcomes.add(resolution.breached_at)
        with clock.replaying(DUE + timedelta(days=1)):
            ticket_clocks.mark_breaches()
        agree(ticket)
    assert outcomes <= {None, DUE}


def test_two_workers_and_those_whom_they_pass_by(desk: Desk, flat: Policy) -> None:
    with clock.replaying(BEGIN):
        tickets = [desk.started(impact=1, urgency=1) for _number in range(6)]
    late = DUE + timedelta(minutes=5)
    job = then(late, ticket_clocks.mark_breaches)
    people = [then(late, lifecycle.resolve, one, by=desk.l2, **desk.resolution()) for one in tickets[:3]]
    for result in at_once(job, *people, job):
        assert not isinstance(result, Exception), result
    with clock.replaying(late):
        ticket_clocks.mark_breaches()
    for ticket in tickets:
        assert all(row.breached_at == DUE for row in agree(ticket).values())


def test_two_change_the_priority_at_once(desk: Desk, flat: Policy) -> None:
    for _round in range(ROUNDS):
        with clock.replaying(BEGIN):
            ticket = desk.started(impact=1, urgency=1)
        at = BEGIN + timedelta(minutes=30)
        results = at_once(
            then(at, assignment.set_priority, ticket, Priority.P2, by=desk.l2),
            then(at, assignment.set_priority, ticket, Priority.P4, by=desk.lead),
        )
        assert not [one for one in results if isinstance(one, Exception)], results
        clocks = agree(ticket)
        assert {row.target_seconds for row in clocks.values()} == {ticket.priority * 3600}
        assert {row.entries.count() for row in clocks.values()} == {3}


def test_a_policy_is_published_while_people_escalate(desk: Desk, flat: Policy) -> None:
    former = flat.current
    results = at_once(
        *(then(BEGIN, desk.escalated, impact=1, urgency=1) for _number in range(4)),
        lambda: levels.policy("Flat", {Metric.RESOLUTION: 30, Metric.OWNERSHIP: 30, Metric.FIRST_RESOLUTION: 30}),
    )
    assert not [one for one in results if isinstance(one, Exception)], results
    flat.refresh_from_db()
    for ticket in results[:4]:
        clocks = agree(ticket)
        [version] = {row.policy for row in clocks.values()}
        assert version in (former, flat.current)
        assert {row.target_seconds for row in clocks.values()} == {3600 if version == former else 1800}
    [after] = {row.policy for row in agree(desk.escalated()).values()}
    assert after == flat.current


def test_two_publish_hours_at_once(desk: Desk) -> None:
    """Both become versions, or one is refused; the calendar's hours are those of one of them."""
    calendar = levels.calendar("Day")
    drafts = [
        calendar.versions.model(calendar=calendar, number=number, zone="UTC", weekly=levels.ROUND_THE_CLOCK)
        for number in (2, 3)
    ]
    at_once(*(lambda draft=draft: calendars.publish(draft, by=desk.lead) for draft in drafts))
    current = Calendar.objects.get(pk=calendar.pk).current
    assert current in calendar.versions.filter(published_at__isnull=False)


def test_a_team_is_left_while_its_clock_is_marked(desk: Desk, flat: Policy) -> None:
    for _round in range(ROUNDS):
        with clock.replaying(BEGIN):
            ticket = desk.started(impact=1, urgency=1)
        at_once(
            then(DUE, assignment.give_to_team, ticket, desk.accounts, by=desk.l2),
            then(DUE + timedelta(seconds=1), ticket_clocks.mark_breaches),
        )
        agree(ticket)
        first, second = Clock.objects.filter(ticket=ticket, metric=Metric.OWNERSHIP).order_by("cycle")
        assert (first.state, second.state) == ("stopped", "running")
        assert first.entries.latest("number").does == Does.STOP
        assert policies.version(second.policy_id or 0).policy_id == flat.pk
