"""Running clocks keep their versions until the ones in force are applied to them: to one ticket, or to many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from common.errors import NotAllowed, Refused
from escalations import by_hand, lifecycle, reapplications, reapplying
from escalations.models import (
    Clock,
    ClockEntry,
    Effect,
    Metric,
    Policy,
    Reapplication,
    Ticket,
)
from events import relay
from events.models import Delivery, Event
from tests.escalations import levels
from tests.escalations.desk import Desk

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTES = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240}
WEEKDAYS = [{"day": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]


@pytest.fixture
def flat(desk: Desk) -> Policy:
    return levels.policy("Flat", MINUTES, pauses_in=["waiting_customer"])


def clock_of(ticket: Ticket, metric: Metric = Metric.RESOLUTION) -> Clock:
    return Clock.objects.get(ticket=ticket, metric=metric)


def deliver_all() -> None:
    """Do what the relay and the workers do, until nothing is owed to the re-application any more."""
    owed = Delivery.objects.filter(consumer=reapplications.CONSUMER, delivered_at=None)
    while pending := list(owed.values_list("pk", flat=True)):
        for number in pending:
            assert relay.deliver(number), Delivery.objects.get(pk=number).last_error


def set_by_hand(ticket: Ticket, due_at: datetime, *, by: Any) -> None:
    by_hand.set_deadline(clock_of(ticket), due_at, by=by, reason="Agreed by phone.")


def test_a_running_clock_keeps_its_version_until_the_new_one_is_applied(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        former = clock_of(ticket)
        levels.policy("Flat", {Metric.RESOLUTION: 180})
        now.shift(timedelta(hours=1))
        ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        assert clock_of(ticket).policy == former.policy
        now.shift(timedelta(hours=5))
        ticket = lifecycle.resume(ticket, by=desk.l2)
        event = reapplying.reapply(ticket, by=desk.lead)
        row = clock_of(ticket)
        assert row.policy == Policy.objects.get(pk=flat.pk).current
        # One hour used and five paused stay so; three hours are the target now.
        assert (row.used_seconds, row.paused_seconds, row.due_at) == (3600, 5 * 3600, MONDAY + timedelta(hours=8))
        ticket.refresh_from_db()
        assert (ticket.next_due_at, ticket.next_due_metric) == (row.due_at, Metric.RESOLUTION)
        assert event and event.kind == "ticket.levels_reapplied"
        assert row.entries.latest("number").event == event
        assert reapplying.reapply(ticket, by=desk.lead) is None


def test_a_preview_says_what_would_change_and_writes_nothing(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=2))
        levels.policy("Flat", {Metric.FIRST_RESPONSE: 60, Metric.RESOLUTION: 200})
        before = _all_of(Clock), _all_of(ClockEntry), Event.objects.count()
        found = reapplying.preview([ticket])
        assert (_all_of(Clock), _all_of(ClockEntry), Event.objects.count()) == before
        assert found.counts == {Effect.OVERDUE: 1, Effect.EARLIER: 1}
        overdue, earlier = found.rows
        assert (overdue.metric, earlier.metric) == (Metric.FIRST_RESPONSE, Metric.RESOLUTION)
        assert (earlier.due_before, earlier.due_after) == (
            MONDAY + timedelta(minutes=240), MONDAY + timedelta(minutes=200),
        )  # fmt: skip
        reapplying.reapply(ticket, by=desk.lead)
        assert {row.metric: row.due_at for row in Clock.objects.filter(ticket=ticket, stopped_at=None)} == {
            outcome.metric: outcome.due_after for outcome in found.rows
        }


def test_what_was_missed_stays_missed(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        levels.policy("Flat", {Metric.RESOLUTION: 600})
        assert reapplying.preview([ticket]).counts[Effect.MISSED] == 1
        reapplying.reapply(ticket, by=desk.lead)
        row = clock_of(ticket)
        assert row.due_at == row.breached_at == MONDAY + timedelta(hours=4)


def test_a_deadline_set_by_hand_moves_only_when_somebody_says_so(desk: Desk, flat: Policy) -> None:
    with time_machine.travel(MONDAY, tick=False):
        ticket = desk.started(impact=1, urgency=1)
        set_by_hand(ticket, MONDAY + timedelta(days=2), by=desk.lead)
        levels.policy("Flat", {Metric.RESOLUTION: 180})
        assert reapplying.preview([ticket]).counts[Effect.BY_HAND] == 1
        reapplying.reapply(ticket, by=desk.lead)
        assert clock_of(ticket).due_at == MONDAY + timedelta(days=2)
        assert reapplying.preview([ticket], also_by_hand=True).counts[Effect.EARLIER] == 1
        reapplying.reapply(ticket, by=desk.lead, also_by_hand=True)
        assert clock_of(ticket).due_at == MONDAY + timedelta(hours=3)


def test_a_new_calendar_reaches_running_clocks_and_new_metrics_begin(desk: Desk) -> None:
    hours = levels.calendar("Office", weekly=levels.ROUND_THE_CLOCK)
    levels.policy("By hours", {Metric.RESOLUTION: 240}, calendar=hours)
    with time_machine.travel(MONDAY, tick=False):
        ticket = desk.started(impact=1, urgency=1)
        hours = levels.calendar("Office", weekly=WEEKDAYS)
        assert clock_of(ticket).due_at == MONDAY + timedelta(hours=4)
        assert reapplying.preview([ticket]).counts == {Effect.LATER: 1}
        levels.policy("By hours", {Metric.RESOLUTION: 240, Metric.OWNERSHIP: 60}, calendar=hours)
        assert reapplying.preview([ticket]).counts == {Effect.LATER: 1, Effect.BEGINS: 1}
        reapplying.reapply(ticket, by=desk.lead)
        row = clock_of(ticket)
        assert (row.calendar, row.due_at) == (hours.current, MONDAY + timedelta(hours=5))
        assert clock_of(ticket, Metric.OWNERSHIP).due_at == MONDAY + timedelta(hours=2)


def test_only_leads_of_the_team_and_admins_apply(desk: Desk, flat: Policy) -> None:
    ticket = desk.started()
    for person in (desk.l2, desk.l1, desk.auditor):
        with pytest.raises(NotAllowed):
            reapplying.reapply(ticket, by=person)
        with pytest.raises(NotAllowed):
            reapplications.request(Reapplication(), by=person)
    with pytest.raises(Refused):
        reapplying.reapply(desk.resolved(), by=desk.lead)


def test_many_come_out_just_like_one_by_one(desk: Desk, flat: Policy) -> None:
    """Twice the same tickets, in every state: one half one by one, the other together."""
    with time_machine.travel(MONDAY, tick=False) as now:
        halves: tuple[list[Ticket], list[Ticket]] = ([], [])
        for half in halves:
            half += _tickets_in_all_states(desk)
        now.shift(timedelta(hours=3))
        for half in halves:
            set_by_hand(half[0], MONDAY + timedelta(days=2), by=desk.lead)
        levels.policy("Flat", {Metric.FIRST_RESPONSE: 60, Metric.RESOLUTION: 200, Metric.OWNERSHIP: 500})
        for ticket in halves[0]:
            if ticket.is_open:
                reapplying.reapply(ticket, by=desk.lead)
        numbers = [ticket.pk for ticket in halves[1]]
        batch = reapplying.reapply_many(reapplying.within_reach(desk.lead), numbers, by=desk.lead)
    assert batch.left == []
    assert len(batch.events) == len([ticket for ticket in halves[1] if ticket.is_open])
    for one, other in zip(_told(halves[0]), _told(halves[1]), strict=True):
        assert one == other


def _tickets_in_all_states(desk: Desk) -> list[Ticket]:
    high = {"impact": 1, "urgency": 1}
    waiting = lifecycle.wait_for_customer(desk.started(**high), by=desk.l2, message="When?")
    asked = lifecycle.wait_for_partner(desk.started(**high), by=desk.l2, partner=desk.engineering, message="Up?")
    return [desk.started(**high), desk.escalated(**high), desk.accepted(), waiting, asked, desk.resolved()]


_NEVER_THE_SAME = dict.fromkeys(("message", "hand_over", "clock"))


def _told(tickets: list[Ticket]) -> list[Any]:
    """Return all that is stored of each ticket's clocks, without what is never the same."""
    told = []
    for ticket in tickets:
        ticket.refresh_from_db()
        clocks = Clock.objects.filter(ticket=ticket).order_by("metric", "cycle")
        events = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).order_by("pk")
        stored = [
            columns_of(row, leave={"id", "ticket_id"})
            | {"entries": [columns_of(entry, leave={"id", "clock_id", "event_id"}) for entry in row.entries.all()]}
            for row in clocks
        ]
        story = [(event.kind, event.at, event.actor_id, {**event.data, **_NEVER_THE_SAME}) for event in events]
        told.append((ticket.version, ticket.updated_at, ticket.next_due_at, ticket.next_due_metric, stored, story))
    return told


def columns_of(row: Any, *, leave: set[str]) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in leave
    }


def _all_of(model: Any) -> list[Any]:
    return list(model.objects.order_by("pk").values())
