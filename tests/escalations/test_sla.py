"""SLA on stored tickets: policies, states, breaches marked once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from escalations import assignment, conversation, lifecycle, ticket_clocks, triage
from escalations.models import Clock, ClockState, MessageKind, Metric, Policy, Ticket
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import GOOD, Desk

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # 16:00 in Manila


@pytest.fixture
def flat(desk: Desk) -> Policy:
    """A policy of whole calendar hours, before all others."""
    minutes: dict[str, int] = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240}
    return levels.policy("Flat", minutes, pauses_in=["waiting_customer", "returned"])


def clock_of(ticket: Ticket, metric: Metric) -> Clock:
    return Clock.objects.get(ticket=ticket, metric=metric)


def test_waiting_on_the_customer_stops_the_clock_and_loses_nothing(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=1))
        ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        assert clock_of(ticket, Metric.FIRST_RESPONSE).state == ClockState.STOPPED
        now.shift(timedelta(days=3))
        ticket = lifecycle.resume(ticket, by=desk.l2)
        assert clock_of(ticket, Metric.RESOLUTION).due_at == MONDAY + timedelta(days=3, hours=4)
        assert ticket.next_due_at == MONDAY + timedelta(days=3, hours=4)
        now.shift(timedelta(hours=1))
        ticket = assignment.set_priority(ticket, 2, by=desk.l2)
        assert clock_of(ticket, Metric.RESOLUTION).due_at == MONDAY + timedelta(days=3, hours=8)


def test_a_breach_is_marked_once_at_its_true_instant(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.escalated(impact=1, urgency=1)
        now.shift(timedelta(minutes=60, microseconds=999_999))
        assert ticket_clocks.mark_breaches() == 0  # the last second is still in time
        now.shift(timedelta(hours=9))
        assert ticket_clocks.mark_breaches() == 3
        assert ticket_clocks.mark_breaches() == 0
    assert clock_of(ticket, Metric.ACCEPT).breached_at == MONDAY + timedelta(minutes=60)
    events = Event.objects.filter(kind=ticket_clocks.BREACHED, subject_id=ticket.pk)
    assert [event.at for event in events.order_by("at")] == [
        MONDAY + timedelta(minutes=minutes) for minutes in (60, 120, 240)
    ]


def test_a_change_notices_the_breach_before_the_task_does(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        desk.resolved(ticket)
        assert ticket_clocks.mark_breaches() == 0
    assert clock_of(ticket, Metric.RESOLUTION).breached_at == MONDAY + timedelta(hours=4)
    assert Event.objects.filter(kind=ticket_clocks.BREACHED, data__metric="resolution").count() == 1


def test_the_first_matching_policy_wins(desk: Desk, flat: Policy) -> None:
    levels.policy("Flat", {Metric.ACCEPT: 60}, segments=["enterprise"])
    accept = clock_of(desk.escalated(), Metric.ACCEPT)
    assert accept.policy is not None
    assert accept.policy.policy != flat


def test_a_policy_published_later_reaches_no_ticket_by_the_way(desk: Desk, flat: Policy) -> None:
    ticket = desk.accepted()
    levels.policy("Flat", {Metric.RESOLUTION: 10, Metric.FIRST_RESOLUTION: 10})
    lifecycle.start(ticket, by=desk.l2)
    assert not ticket.clocks.filter(metric=Metric.FIRST_RESOLUTION).exists()
    resolution = clock_of(ticket, Metric.RESOLUTION)
    assert resolution.target_seconds == 240 * 60 * ticket.priority
    assignment.set_priority(ticket, 1, by=desk.lead)
    resolution.refresh_from_db()
    assert resolution.target_seconds == 240 * 60  # by the version it runs by, not the newest


def test_accepting_as_more_urgent_is_judged_by_what_the_acceptance_ran_towards(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.escalated(impact=3, urgency=3)
        now.shift(timedelta(minutes=100))
        triage.accept(ticket, by=desk.l2, review=GOOD, priority=1)
    accept = clock_of(ticket, Metric.ACCEPT)
    assert (accept.target_seconds, accept.used_seconds, accept.breached_at) == (240 * 60, 100 * 60, None)
    assert clock_of(ticket, Metric.RESOLUTION).target_seconds == 240 * 60


def test_nor_one_that_has_just_begun(desk: Desk, flat: Policy) -> None:
    """Not even one that has just been escalated, nor a team that has just got it."""
    with time_machine.travel(MONDAY, tick=False) as now:
        fresh, passed_on = desk.escalated(), desk.accepted()
        now.shift(timedelta(minutes=1))
        assignment.give_to_team(passed_on, desk.accounts, by=desk.l2)
        now.shift(timedelta(minutes=1))
        levels.policy("Flat", {Metric.OWNERSHIP: 60, Metric.FIRST_RESOLUTION: 60})
        for ticket in (fresh, passed_on):
            for _twice in range(2):
                now.shift(timedelta(minutes=1))
                conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="And?")
            late = ticket.clocks.filter(metric__in=[Metric.OWNERSHIP, Metric.FIRST_RESOLUTION])
            assert not late.exists()


def test_nor_the_old_one_behind_it_that_matches_instead(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        levels.policy("Behind", {Metric.FIRST_RESOLUTION: 60}, position=1)
        now.shift(timedelta(minutes=1))
        fresh = desk.escalated()
        now.shift(timedelta(minutes=1))
        levels.policy("Flat", {Metric.ACCEPT: 60}, channels=["partner"])
        conversation.write(fresh, by=desk.l1, kind=MessageKind.FROM_L1, body="And?")
    assert not fresh.clocks.filter(metric=Metric.FIRST_RESOLUTION).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_mark_each_breach_once(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=3), tick=False):
        for _number in range(6):
            desk.escalated()
    marked: list[int] = []

    def work() -> None:
        try:
            marked.append(ticket_clocks.mark_breaches())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(marked) + ticket_clocks.mark_breaches() == 18
    assert Event.objects.filter(kind=ticket_clocks.BREACHED).count() == 18
