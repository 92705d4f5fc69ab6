"""Applying the versions in force to many tickets: previewed, in batches, and whatever happens meanwhile."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from accounts.models import Role
from common.errors import NotAllowed, Refused
from escalations import changes, policies, reapplications, reapplying
from escalations.models import (
    ClockEntry,
    Effect,
    Metric,
    Policy,
    Priority,
    Reapplication,
    ReapplicationState,
    ReappliedTicket,
    State,
    Ticket,
)
from events import relay
from events.models import Delivery, Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.test_reapplying import (
    MINUTES,
    MONDAY,
    clock_of,
    columns_of,
    deliver_all,
)


@pytest.fixture
def flat(desk: Desk) -> Policy:
    return levels.policy("Flat", MINUTES, pauses_in=["waiting_customer"])


def test_a_request_is_previewed_then_applied_in_batches(
    desk: Desk, flat: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reapplications, "BATCH", 2)
    with time_machine.travel(MONDAY, tick=False):
        tickets = [desk.started(impact=1, urgency=1) for _number in range(11)]
        elsewhere = desk.person("Ann Admin")
        desk.resolved()
        levels.policy("Flat", {Metric.RESOLUTION: 180})
        run = reapplications.request(Reapplication(priority=Priority.P1), by=desk.lead)
        with pytest.raises(Refused):
            reapplications.apply(run, by=desk.lead)
        deliver_all()
        run.refresh_from_db()
        assert (run.state, run.total, run.looked_at, run.would_change) == (
            ReapplicationState.PREVIEWED,
            11,
            11,
            11,
        )
        assert run.counts[Effect.EARLIER] == 11
        assert not Event.objects.filter(kind="ticket.levels_reapplied").exists()
        with pytest.raises(NotAllowed):
            reapplications.apply(run, by=elsewhere)
        reapplications.apply(run, by=desk.lead)
        deliver_all()
        run.refresh_from_db()
    assert (run.state, run.looked_at, run.changed_tickets) == (ReapplicationState.APPLIED, 11, 11)
    assert set(run.tickets.values_list("ticket_id", flat=True)) == {ticket.pk for ticket in tickets}
    assert {clock_of(ticket).due_at for ticket in tickets} == {MONDAY + timedelta(hours=3)}
    assert Event.objects.filter(kind="ticket.levels_reapplied").count() == 11


def test_a_step_that_is_delivered_twice_is_taken_once(desk: Desk, flat: Policy) -> None:
    desk.started()
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    run = reapplications.request(Reapplication(), by=desk.lead)
    steps = list(Event.objects.filter(kind=reapplications.KIND))
    deliver_all()
    run.refresh_from_db()
    before = columns_of(run, leave=set())
    for step in steps:
        reapplications.handle(step)
    run.refresh_from_db()
    assert columns_of(run, leave=set()) == before


def test_a_worker_that_dies_loses_and_doubles_nothing(
    desk: Desk, flat: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after the tickets were changed and before the step was noted: all of that is taken back."""
    tickets = [desk.started() for _number in range(5)]
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    run = reapplications.request(Reapplication(), by=desk.lead)
    deliver_all()
    reapplications.apply(run, by=desk.lead)
    owed = list(Delivery.objects.filter(consumer=reapplications.CONSUMER, delivered_at=None))
    with monkeypatch.context() as dying:
        dying.setattr(reapplications, "_add", lambda *_: (_ for _ in ()).throw(MemoryError))
        assert not any(relay.deliver(delivery.pk) for delivery in owed)
    assert not Event.objects.filter(kind="ticket.levels_reapplied").exists()
    assert {clock_of(ticket).policy for ticket in tickets} == {flat.current}
    deliver_all()
    run.refresh_from_db()
    assert (run.state, run.looked_at, run.changed_tickets) == ("applied", 5, 5)
    assert Event.objects.filter(kind="ticket.levels_reapplied").count() == 5


def test_a_ticket_that_cannot_be_done_stops_no_other(
    desk: Desk, flat: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [desk.started(impact=1, urgency=1) for _number in range(8)]
    bad = tickets[5]
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    policies_for = policies.Rulebook.policies_for

    def failing(self: Any, ticket: Any) -> Any:
        if ticket.pk == bad.pk:
            raise ValueError("closed for more than 10 years")
        return policies_for(self, ticket)

    monkeypatch.setattr(policies.Rulebook, "policies_for", failing)
    run = reapplications.request(Reapplication(), by=desk.lead)
    deliver_all()
    run.refresh_from_db()
    assert (run.counts[Effect.FAILS], run.looked_at) == (1, 8)
    reapplications.apply(run, by=desk.lead)
    deliver_all()
    run.refresh_from_db()
    assert (run.state, run.looked_at, run.changed_tickets, run.failed_tickets) == ("applied", 8, 7, 1)
    failed = ReappliedTicket.objects.get(reapplication=run, event=None)
    assert (failed.ticket, failed.problem) == (bad, "closed for more than 10 years")


def test_a_selection_narrows_and_never_reaches_other_teams(desk: Desk, flat: Policy) -> None:
    low, high = desk.started(impact=3, urgency=3), desk.started(impact=1, urgency=1)
    former = flat.current
    levels.policy("Flat", MINUTES)
    later = desk.started(impact=1, urgency=1)

    def chosen(by: Any = desk.lead, **selection: Any) -> set[Ticket]:
        return set(reapplications.chosen(Reapplication(requested_by=by, **selection)))

    assert chosen() == {low, high, later}
    assert chosen(policy=former) == {low, high}
    assert chosen(policy=former, priority=Priority.P1) == {high}
    assert chosen(team=desk.accounts) == set()
    assert chosen(by=desk.person("Leo Lead", (desk.accounts, Role.LEAD), (desk.payments, Role.L2))) == set()
    with pytest.raises(Refused):
        reapplications.request(Reapplication(team=desk.accounts), by=desk.lead)


@pytest.mark.django_db(transaction=True)
def test_a_ticket_in_use_is_come_back_for(desk: Desk, flat: Policy) -> None:
    ticket, other = desk.started(impact=1, urgency=1), desk.started(impact=1, urgency=1)
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                changes.lock(ticket, by=desk.l2)
                held.set()
                free.wait(20)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)
    batch = reapplying.reapply_many(reapplying.within_reach(desk.lead), [ticket.pk, other.pk], by=desk.lead)
    assert (batch.left, [event.subject_id for event in batch.events]) == ([ticket.pk], [other.pk])
    run = reapplications.request(Reapplication(), by=desk.lead)
    deliver_all()
    reapplications.apply(run, by=desk.lead)
    first = list(Delivery.objects.filter(consumer=reapplications.CONSUMER, delivered_at=None))
    for delivery in first:
        assert relay.deliver(delivery.pk)
    run.refresh_from_db()
    assert (run.state, run.looked_at) == ("applying", 1)
    free.set()
    holder.join()
    deliver_all()
    run.refresh_from_db()
    assert (run.state, run.looked_at, run.changed_tickets, run.failed_tickets) == ("applied", 2, 1, 0)
    assert clock_of(ticket).policy == clock_of(other).policy


@pytest.mark.django_db(transaction=True)
def test_reapplying_against_resolving_at_the_same_instant(desk: Desk, flat: Policy) -> None:
    """Whichever comes first, both are whole: the ledger ends with the stop, and the cache is what it says."""
    tickets = [desk.started(impact=1, urgency=1) for _number in range(12)]
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    together = threading.Barrier(2)
    failures: list[BaseException] = []

    def resolve() -> None:
        try:
            together.wait()
            for ticket in tickets:
                desk.resolved(ticket)
        except BaseException as error:  # noqa: BLE001  shown by the assertion below
            failures.append(error)
        finally:
            connection.close()

    def apply() -> None:
        try:
            together.wait()
            numbers, reach = [ticket.pk for ticket in tickets], reapplying.within_reach(desk.lead)
            while numbers:
                numbers = reapplying.reapply_many(reach, numbers, by=desk.lead).left
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (resolve, apply)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for ticket in tickets:
        ticket.refresh_from_db()
        assert (ticket.state, ticket.next_due_at) == (State.RESOLVED, None)
        kinds = list(ClockEntry.objects.filter(clock=clock_of(ticket)).values_list("does", flat=True))
        assert kinds[-1] == "stop" and kinds.count("stop") == 1
        numbers = list(ClockEntry.objects.filter(clock=clock_of(ticket)).values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        versions = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk)
        assert ticket.version == versions.exclude(kind__in=["sla.breached", "ticket.rating_asked"]).count()


def test_the_number_of_questions_does_not_grow_with_the_tickets(
    desk: Desk, flat: Policy, django_assert_max_num_queries: Any
) -> None:
    tickets = [desk.started(impact=1, urgency=1) for _number in range(30)]
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    numbers = [ticket.pk for ticket in tickets]
    reach = reapplying.within_reach(desk.lead)
    with django_assert_max_num_queries(20):
        assert len(reapplying.reapply_many(reach, numbers, by=desk.lead).events) == 30
