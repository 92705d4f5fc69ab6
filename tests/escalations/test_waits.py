"""Who waits for whom, reminders, and notes on several escalations."""

from datetime import timedelta

import pytest

from accounts.models import Role, TeamKind
from common import clock
from common.errors import Absent, Refused
from escalations import conversation, cross_posting, handing_over, lifecycle, waits
from escalations.hand_over_states import Move
from escalations.models import Alert, AlertKind, HandOver, Message, Ticket
from escalations.waits import On
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import TeamFactory
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    Ticket.objects.update(state="closed", resolved_at=clock.now(), closed_at=clock.now())
    HandOver.objects.all().end("withdrawn", clock.now())  # type: ignore[arg-type]
    return scenario.desk


def kinds(desk: Desk, **given: object) -> list[tuple[int, str]]:
    found, _more = waits.listed(desk.l2, **given)  # type: ignore[arg-type]
    return [(one.ticket.pk, str(one.on)) for one in found]


def test_every_kind_of_wait_stands_in_one_list_overdue_first(desk: Desk) -> None:
    customer = lifecycle.wait_for_customer(desk.started(), by=desk.l2, message="Which card?")
    l1 = lifecycle.wait_for_l1(desk.started(), by=desk.l2, message="Which shop?")
    asked = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    back = handing_over.act(
        handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?"),
        Move.ASK_BACK, by=desk.partner, text="When?",
    )  # fmt: skip
    depends = desk.started()
    waits.depend(depends, customer, by=desk.l2)
    assert set(kinds(desk)) == {
        (customer.pk, On.CUSTOMER), (l1.pk, On.L1), (asked.ticket_id, On.PARTNER), (back.ticket_id, On.US),
        (depends.pk, On.TICKET),
    }  # fmt: skip
    assert kinds(desk, on=On.US) == [(back.ticket_id, On.US)]
    assert kinds(desk, team=desk.accounts.pk) == []
    with clock.replaying(clock.now() + timedelta(days=30)):
        late = kinds(desk, overdue=True)
        assert (asked.ticket_id, On.PARTNER) in late and kinds(desk)[: len(late)] == late
    found, _more = waits.listed(desk.outsider)
    assert not found


def test_a_reminder_goes_out_once_a_day_and_to_whom_it_concerns(desk: Desk) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    key = f"hand_over:{row.pk}"
    waits.nudge(row.ticket, key, by=desk.l2)
    [alert] = Alert.objects.filter(kind=AlertKind.NUDGED)
    assert alert.recipient == desk.partner
    assert Alert.objects.visible_to(desk.partner).filter(pk=alert.pk).exists()
    with pytest.raises(Refused):
        waits.nudge(row.ticket, key, by=desk.lead)
    with clock.replaying(clock.now() + timedelta(days=1)):
        waits.nudge(row.ticket, key, by=desk.lead)
    for other in ("customer", "hand_over:999999", "action:1", "x"):
        with pytest.raises((Absent, Refused)):
            waits.nudge(row.ticket, other, by=desk.l2)
    assert Alert.objects.filter(kind=AlertKind.NUDGED).count() == 2


def test_escalations_wait_for_each_other_one_way(desk: Desk) -> None:
    one, other, third = desk.started(), desk.started(), desk.started()
    row = waits.depend(one, other, by=desk.l2)
    assert waits.depend(one, other, by=desk.lead).pk == row.pk  # two at once
    last = waits.depend(other, third, by=desk.l2)
    for ticket, on in ((one, one), (other, one), (third, one)):
        with pytest.raises(Refused):
            waits.depend(ticket, on, by=desk.l2)
    waits.release(row, by=desk.l2)
    back = waits.depend(third, one, by=desk.l2)
    waits.release(last, by=desk.l2)
    waits.release(back, by=desk.l2)
    assert kinds(desk) == []


def test_a_note_on_several_escalations_is_written_to_all_or_none_and_taken_back(desk: Desk) -> None:
    one, two, hidden = desk.started(), desk.started(), desk.started()
    Ticket.objects.filter(pk=hidden.pk).update(team=desk.accounts)
    with pytest.raises(Absent):
        cross_posting.post([one, two, hidden], body="Zanzibar is down.", by=desk.l2)
    assert not Message.objects.filter(body="Zanzibar is down.").exists()
    before = Event.objects.filter(kind="ticket.message").count()
    row = cross_posting.post([one, two], body="Zanzibar is down.", by=desk.l2)
    assert Event.objects.filter(kind="ticket.message").count() == before + 2
    with pytest.raises(Absent):
        cross_posting.take_back(row, by=desk.lead)
    assert cross_posting.take_back(row, by=desk.l2) == 2 and cross_posting.take_back(row, by=desk.l2) == 0
    assert not any(said.body == "Zanzibar is down." for said in conversation.readable(desk.l2, one))
    with clock.replaying(clock.now() + timedelta(hours=2)), pytest.raises(Refused):
        cross_posting.take_back(row, by=desk.l2)


def test_compliance_stays_out_of_the_first_lines_sight(desk: Desk) -> None:
    wall = TeamFactory(name="Crime", kind=TeamKind.PARTNER, reviews_compliance=True)
    desk.person("Cy Crime", (wall, Role.PARTNER))
    row = handing_over.ask(desk.started(), by=desk.l2, partner=wall, question="Quagga laundering?")
    assert not HandOver.objects.visible_to(desk.l1).exists()
    waits.nudge(row.ticket, f"hand_over:{row.pk}", by=desk.l2)
    assert not Alert.objects.filter(recipient=desk.l1, ticket=row.ticket).exists()


def test_a_wait_is_due_when_it_is_and_not_when_the_escalation_is(desk: Desk) -> None:
    promise = clock.now().replace(microsecond=0) + timedelta(days=2)
    plain = lifecycle.wait_for_customer(desk.started(), by=desk.l2, message="Which card?")
    told = lifecycle.wait_for_customer(desk.started(), by=desk.l2, message="Which card?", promise=promise)
    l1 = lifecycle.wait_for_l1(desk.started(), by=desk.l2, message="Which shop?")
    Ticket.objects.update(next_due_at=clock.now() - timedelta(hours=1))  # of ours, missed
    found, _more = waits.listed(desk.l2)
    assert {one.ticket.pk: one.due_at for one in found} == {plain.pk: None, told.pk: promise, l1.pk: None}
    assert kinds(desk, overdue=True) == []
