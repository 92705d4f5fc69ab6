"""Deadlines set by hand: by leads, with a reason, and never moved by anything but a hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from common.errors import NotAllowed, Refused, StaleVersion
from escalations import assignment, by_hand, lifecycle, ticket_clocks
from escalations.deadlines import board, of_clocks
from escalations.models import Clock, ClockEntry, Metric, Ticket
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture
def ticket(desk: Desk) -> Any:
    """A ticket that is worked on, an hour after it was escalated; the time stands still."""
    levels.policy("Flat", {Metric.RESOLUTION: 240, Metric.HAND_OVER: 60}, pauses_in=["waiting_customer"])
    levels.policy("Law", {Metric.REGULATORY: 10 * 24 * 60}, kind="regulatory")
    with time_machine.travel(MONDAY, tick=False) as now:
        found = desk.started(impact=1, urgency=1)
        now.shift(HOUR)
        yield found


def clock_of(ticket: Ticket, metric: Metric = Metric.RESOLUTION) -> Clock:
    return Clock.objects.select_related("ticket").get(ticket=ticket, metric=metric)


def test_a_lead_sets_it_and_nothing_else_moves_it(desk: Desk, ticket: Ticket) -> None:
    with time_machine.travel(MONDAY + HOUR, tick=False) as now:
        by_hand.set_deadline(clock_of(ticket), FRIDAY, by=desk.lead, reason="The bank needs until Friday.")
        assignment.set_priority(ticket, 2, by=desk.l2)
        assert clock_of(ticket).due_at == FRIDAY
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        assert clock_of(ticket).due_at == FRIDAY  # a date stands in a pause too
        assert clock_of(ticket).used_seconds == 3600
        levels.policy("Flat", {Metric.RESOLUTION: 30}, pauses_in=["waiting_customer"])
        now.shift(HOUR)
        ticket.refresh_from_db()
        change = ticket_clocks.bring(ticket, reason="reapply", rematch=True, reapply=True)
        assert {one.metric: one.now.due_at for one in change.ledgers}["resolution"] == FRIDAY
    ticket.refresh_from_db()
    assert (ticket.next_due_at, ticket.next_due_metric) == (FRIDAY, "resolution")
    event = Event.objects.get(kind="ticket.deadline_set")
    assert event.data["because"] == "The bank needs until Friday."
    (shown,) = [one for one in of_clocks(list(ticket.clocks.all())) if one.metric == "resolution"]
    assert shown.is_by_hand


def test_cleared_it_follows_the_policy_as_the_ticket_stands_by_then(desk: Desk, ticket: Ticket) -> None:
    by_hand.set_deadline(clock_of(ticket), FRIDAY, by=desk.lead, reason="Friday.")
    assignment.set_priority(ticket, 2, by=desk.l2)
    by_hand.clear_deadline(clock_of(ticket), by=desk.lead)
    cleared = clock_of(ticket)
    assert (cleared.fixed_due_at, cleared.due_at) == (None, MONDAY + 8 * HOUR)  # P2 has twice the time
    assert list(ClockEntry.objects.filter(clock=cleared).values_list("reason", flat=True)) == [
        "created", "by_hand", "by_policy",
    ]  # fmt: skip
    with pytest.raises(Refused, match="not set by hand"):
        by_hand.clear_deadline(cleared, by=desk.lead)


def test_a_date_of_the_law_may_only_be_brought_forward(desk: Desk, ticket: Ticket) -> None:
    law = MONDAY + timedelta(days=10)
    row = clock_of(ticket, Metric.REGULATORY)
    assert row.due_at == law
    with pytest.raises(Refused, match="The law's date is Thu 12 Mar 2026, 08:00:00") as refused:
        by_hand.set_deadline(row, law + HOUR, by=desk.lead, reason="More time")
    assert refused.value.field == "due_at"
    by_hand.set_deadline(row, FRIDAY, by=desk.lead, reason="The regulator asked.")
    assignment.set_priority(ticket, 3, by=desk.l2)
    assert clock_of(ticket, Metric.REGULATORY).due_at == FRIDAY
    by_hand.set_deadline(clock_of(ticket, Metric.REGULATORY), law - HOUR, by=desk.lead, reason="They gave time.")
    by_hand.clear_deadline(clock_of(ticket, Metric.REGULATORY), by=desk.lead)
    assert clock_of(ticket, Metric.REGULATORY).due_at == MONDAY + timedelta(days=30)  # P3's


def test_what_is_refused(desk: Desk, ticket: Ticket) -> None:
    row = clock_of(ticket)
    for due_at, reason, field in (
        (MONDAY, "Late", "due_at"),
        (MONDAY + timedelta(days=400), "Far", "due_at"),
        (FRIDAY, "  ", "reason"),
        (FRIDAY, "x" * 301, "reason"),
    ):
        with pytest.raises(Refused) as refused:
            by_hand.set_deadline(row, due_at, by=desk.lead, reason=reason)
        assert refused.value.field == field
    for person in (desk.l2, desk.l1):
        with pytest.raises(NotAllowed):
            by_hand.set_deadline(row, FRIDAY, by=person, reason="Mine")
    with pytest.raises(StaleVersion):
        by_hand.set_deadline(row, FRIDAY, by=desk.lead, reason="Old", version=1)
    with time_machine.travel(MONDAY + 5 * HOUR, tick=False), pytest.raises(Refused, match="missed already"):
        by_hand.set_deadline(row, FRIDAY, by=desk.lead, reason="Too late")
    desk.resolved(ticket)
    with pytest.raises(Refused, match="stopped"):
        by_hand.set_deadline(clock_of(ticket), FRIDAY, by=desk.lead, reason="Over")
    assert not Event.objects.filter(kind="ticket.deadline_set").exists()


def test_card_numbers_do_not_get_into_the_reason(desk: Desk, ticket: Ticket) -> None:
    by_hand.set_deadline(clock_of(ticket), FRIDAY, by=desk.lead, reason="Card 4111 1111 1111 1111 is blocked")
    assert "4111 1111" not in Event.objects.get(kind="ticket.deadline_set").data["because"]


def test_through_the_front_door(desk: Desk, ticket: Ticket) -> None:
    row, page = clock_of(ticket), signed_in(desk.lead)
    ticket.refresh_from_db()
    address = reverse("set_deadline", args=[ticket.reference, row.pk])
    assert "In your time zone" in page.get(address).content.decode()
    sent = {"version": ticket.version, "due_at": "2026-03-06T15:00", "reason": "Waiting for the bank"}
    refused = page.post(address, {**sent, "due_at": "2026-03-01T15:00"})
    assert refused.status_code == 422
    assert "This lies in the past" in refused.content.decode()
    assert page.post(address, {**sent, "due_at": "Friday"}).status_code == 422
    assert page.post(address, {**sent, "version": 1}).status_code == 409
    done = page.post(address, sent)
    assert done["Location"] == reverse("clock_proof", args=[ticket.reference, row.pk])
    for person in (desk.lead, desk.l2, desk.l1, desk.auditor):
        for shown in (ticket.get_absolute_url(), done["Location"]):
            html = signed_in(person).get(shown).content.decode()
            assert "Set by hand by Lea Lead because: Waiting for the bank" in html, (person, shown)
    timeline = signed_in(desk.l1).get(ticket.get_absolute_url()).content.decode()
    assert "set a deadline by hand: Resolution on Fri 6 Mar 2026, " in timeline
    assert signed_in(desk.l2).post(address, sent).status_code == 403
    assert signed_in(desk.outsider).get(address).status_code == 404
    cleared = page.post(reverse("clear_deadline", args=[ticket.reference, row.pk]))
    assert cleared.status_code == 302
    assert clock_of(ticket).fixed_due_at is None
    assert page.post(reverse("clear_deadline", args=[ticket.reference, row.pk])).status_code == 422


def test_the_board_puts_the_next_one_first_and_what_is_among_us_apart(desk: Desk, ticket: Ticket) -> None:
    lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Down?")
    ticket.refresh_from_db()
    shown = board(list(ticket.clocks.select_related("team")))
    assert shown.next is not None
    assert (shown.next.metric, [one.metric for one in shown.later]) == ("resolution", ["regulatory"])
    assert [(one.metric, one.team) for one in shown.among_us] == [("hand_over", "Engineering")]
    # The partner's is due first, but the queue sorts by what is owed to the customer.
    assert shown.among_us[0].due_at == MONDAY + 2 * HOUR
    assert shown.next.due_at == MONDAY + 4 * HOUR
    assert ticket.next_due_metric == "resolution"
