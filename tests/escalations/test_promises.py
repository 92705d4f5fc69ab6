"""An update promised to the customer: a date that runs until something is said to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from common.errors import Refused
from escalations import conversation, lifecycle, outbox, ticket_clocks
from escalations.models import Clock, ClockState, MessageKind, Metric, Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.escalations.test_api import calling_as
from tests.escalations.test_pages import signed_in

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tell(desk: Desk, ticket: Ticket, **said: Any) -> None:
    conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="We are on it.", **said)


def updates(ticket: Ticket) -> list[tuple[Any, ...]]:
    rows = Clock.objects.filter(ticket=ticket, metric=Metric.UPDATE).order_by("cycle")
    return [(row.cycle, row.state, row.due_at, row.breached_at) for row in rows]


def test_each_promise_is_a_cycle_that_the_next_word_ends(desk: Desk) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started()
        tell(desk, ticket, promise=MONDAY + 3 * HOUR)
        assert updates(ticket) == [(1, ClockState.RUNNING, MONDAY + 3 * HOUR, None)]
        now.shift(2 * HOUR)
        tell(desk, ticket, promise=MONDAY + 4 * HOUR)  # keeps the first, and promises again
        now.shift(3 * HOUR)
        ticket_clocks.mark_breaches()
        tell(desk, ticket)  # too late
    assert updates(ticket) == [
        (1, ClockState.STOPPED, None, None),
        (2, ClockState.STOPPED, None, MONDAY + 4 * HOUR),
    ]
    ticket.refresh_from_db()
    assert (ticket.promised_at, ticket.promised_for) == (None, None)
    said = Event.objects.filter(kind="ticket.message", data__has_key="promised_for")
    assert [event.data["promised_for"] for event in said.order_by("id")] == [
        "2026-03-02T11:00:00+00:00", "2026-03-02T12:00:00+00:00",
    ]  # fmt: skip


def test_another_date_within_the_same_second_is_another_promise(desk: Desk) -> None:
    with time_machine.travel(MONDAY, tick=False):
        ticket = desk.started()
        tell(desk, ticket, promise=MONDAY + 3 * HOUR)
        tell(desk, ticket, promise=MONDAY + 9 * HOUR)
    assert updates(ticket) == [
        (1, ClockState.STOPPED, None, None),
        (2, ClockState.RUNNING, MONDAY + 9 * HOUR, None),
    ]


def test_a_promise_stands_while_the_customer_is_asked_and_ends_with_the_resolution(desk: Desk) -> None:
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = lifecycle.wait_for_customer(
            desk.started(), by=desk.l2, message="Which card?", promise=MONDAY + 30 * HOUR
        )
        assert updates(ticket) == [(1, ClockState.RUNNING, MONDAY + 30 * HOUR, None)]
        assert "promised_for" in Event.objects.get(kind="ticket.waiting").data
        now.shift(HOUR)
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="The blue one.")
        assert updates(ticket) == [(1, ClockState.RUNNING, MONDAY + 30 * HOUR, None)]
        ticket.refresh_from_db()
        desk.resolved(ticket)
    assert updates(ticket) == [(1, ClockState.STOPPED, None, None)]


def test_what_cannot_be_promised(desk: Desk) -> None:
    with time_machine.travel(MONDAY, tick=False):
        ticket = desk.started()
        for promise in (MONDAY, MONDAY - HOUR, MONDAY + timedelta(days=367)):
            with pytest.raises(Refused) as refused:
                tell(desk, ticket, promise=promise)
            assert refused.value.field == "promised_for"
        with pytest.raises(Refused, match="in a message to them"):
            conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_L1, body="Soon.", promise=MONDAY + 3 * HOUR)
        over = desk.resolved(ticket)
        with pytest.raises(Refused, match="reopen it"):
            tell(desk, over, promise=MONDAY + 3 * HOUR)
    assert updates(ticket) == []


def test_in_the_composer_it_is_the_writers_own_time(desk: Desk) -> None:
    desk.l2.time_zone = "Asia/Manila"
    desk.l2.save()
    with time_machine.travel(MONDAY, tick=False):
        ticket, page = desk.started(), signed_in(desk.l2)
        address = reverse("write_message", args=[ticket.reference])
        assert "In your time zone, Asia/Manila." in page.get(ticket.get_absolute_url()).content.decode()
        sent = {"kind": "to_customer", "body_to_customer": "By Friday.", "promised_for": "2026-03-06T15:00"}
        late = page.post(address, {**sent, "promised_for": "2026-03-01T15:00"})
        assert late.status_code == 422
        assert "promise the update for a later time" in late.content.decode()
        assert page.post(address, {**sent, "promised_for": "Friday"}).status_code == 422
        assert page.post(address, sent).status_code == 302
        outbox.handle(Event.objects.get(kind=outbox.QUEUED))
        assert updates(ticket)[0][2] == datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
        html = page.get(ticket.get_absolute_url()).content.decode()
        assert "Update promised for" in html
        assert "6 Mar 2026, 15:00 Manila" in html
        assert "Promised update" in signed_in(desk.l1).get(ticket.get_absolute_url()).content.decode()
        # A date left in the field while the writer turned to L1 promises nothing.
        assert page.post(address, {**sent, "kind": "to_l1", "body_to_l1": "They know."}).status_code == 302
        assert len(updates(ticket)) == 1


def test_over_the_api(desk: Desk) -> None:
    with time_machine.travel(MONDAY, tick=False):
        ticket, client = desk.started(), calling_as(desk.l2)
        address = reverse("api-ticket-comments", args=[ticket.reference])
        sent = {"kind": "to_customer", "body": "By Friday.", "promised_for": "2026-03-06T15:00:00+08:00"}
        assert client.post(address, sent, format="json").status_code == 201
        refused = client.post(address, {**sent, "promised_for": "2026-03-01T15:00:00Z"}, format="json")
        assert refused.status_code in {400, 422}
        assert "later time" in refused.content.decode()
        shown = client.get(reverse("api-ticket-detail", args=[ticket.reference])).json()
    assert datetime.fromisoformat(shown["promised_for"]) == datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
    (update,) = [one for one in shown["deadlines"] if one["metric"] == "update"]
    assert (update["cycle"], update["team"], update["label"]) == (1, "", "Promised update")
    assert shown["next_due_label"]
