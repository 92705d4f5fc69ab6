"""Hand-overs: asking several partners, who sees what, the way through the states, the agreed time."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import Role, TeamKind
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import conversation, hand_over_states, handing_over
from escalations.hand_over_states import Move
from escalations.models import Clock, HandOver, HandOverState, Metric, PartnerAgreement, State, Ticket
from tests.escalations.desk import Desk
from tests.factories import TeamFactory
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    return scenario.desk


def asked(desk: Desk, **given: object) -> HandOver:
    given = {"partner": desk.engineering, "question": "Why is it down?", **given}
    return handing_over.ask(given.pop("ticket", None) or desk.started(), by=desk.l2, **given)  # type: ignore[arg-type]


def test_several_partners_at_once_and_the_ticket_waits_while_any_has_it(desk: Desk) -> None:
    product = TeamFactory(name="Risk", kind=TeamKind.PARTNER)
    pia = desk.person("Pia Product", (product, Role.PARTNER))
    first = asked(desk)
    second = asked(desk, ticket=first.ticket, partner=product)
    ticket = Ticket.objects.get(pk=first.ticket_id)
    assert ticket.state == State.WAITING_PARTNER
    with pytest.raises(Refused):  # once at a time
        asked(desk, ticket=ticket)
    handing_over.act(first, Move.ANSWER, by=desk.partner, text="A bad deploy.")
    assert Ticket.objects.get(pk=ticket.pk).state == State.WAITING_PARTNER
    handing_over.act(second, Move.ASK_BACK, by=pia, text="Which plan?")
    assert Ticket.objects.get(pk=ticket.pk).state == State.IN_PROGRESS
    handing_over.act(second, Move.REPLY, by=desk.l2, text="Gold.")
    assert Ticket.objects.get(pk=ticket.pk).state == State.WAITING_PARTNER
    handing_over.act(second, Move.DECLINE, by=pia, text="Not ours.")
    assert Ticket.objects.get(pk=ticket.pk).state == State.IN_PROGRESS


def test_the_partner_sees_what_was_handed_to_them_and_nothing_else(desk: Desk) -> None:
    row = asked(desk)
    seen = HandOver.objects.filter(pk=row.pk)
    for who, sees in (("partner", True), ("l2", True), ("lead", True), ("auditor", True), ("l1", False)):
        assert seen.visible_to(getattr(desk, who)).exists() == sees, who
    assert not seen.visible_to(desk.outsider).exists()
    tickets = Ticket.objects.filter(pk=row.ticket_id)
    assert not tickets.visible_to(desk.partner).exists()
    row = handing_over.share(row, by=desk.l2, shares_ticket=True, shows_l1=False)
    assert tickets.visible_to(desk.partner).exists()
    with pytest.raises(NotAllowed):
        handing_over.share(row, by=desk.partner, shares_ticket=True, shows_l1=True)
    with pytest.raises(Absent):
        handing_over.act(row, Move.SAY, by=desk.l1, text="Hello?")


def test_the_first_line_reads_what_is_shown_to_it_and_nothing_of_compliance(desk: Desk) -> None:
    row = asked(desk)
    ticket = row.ticket

    def read() -> set[str]:
        return {message.body for message in conversation.readable(desk.l1, ticket)}

    assert "Why is it down?" not in read()
    handing_over.act(row, Move.SAY, by=desk.l2, text="Shown.", shown_to_l1=True)
    assert {"Shown."} <= read() and "Why is it down?" not in read()
    handing_over.share(row, by=desk.l2, shares_ticket=False, shows_l1=True)
    assert "Why is it down?" in read()

    wall = TeamFactory(name="Financial crime", kind=TeamKind.PARTNER, reviews_compliance=True)
    with pytest.raises(Refused):
        asked(desk, ticket=ticket, partner=wall, shows_l1=True)
    secret = asked(desk, ticket=ticket, partner=wall, question="Is it structuring?")
    with pytest.raises(Refused):
        handing_over.act(secret, Move.SAY, by=desk.l2, text="x", shown_to_l1=True)
    HandOver.objects.filter(pk=secret.pk).update(shows_l1=True)  # whatever the row says
    assert "Is it structuring?" not in read()


def test_the_agreed_time_runs_pauses_for_a_question_and_begins_anew(desk: Desk) -> None:
    PartnerAgreement.objects.create(team=desk.engineering, high_minutes=90, business_time=False)
    row = asked(desk, urgency=1)

    def own() -> Clock:
        return Clock.objects.filter(ticket=row.ticket_id, metric=Metric.HAND_OVER).latest("pk")

    assert own().target_seconds == 90 * 60 and own().due_at is not None
    row = handing_over.act(row, Move.ASK_BACK, by=desk.partner, text="Since when?")
    assert own().state == "paused" and own().due_at is None
    row = handing_over.act(row, Move.REPLY, by=desk.l2, text="Since nine.")
    assert own().state == "running"
    row = handing_over.act(row, Move.ANSWER, by=desk.partner, text="Fixed.")
    assert own().state == "stopped"
    with clock.replaying(clock.now() + timedelta(minutes=5)):
        row = handing_over.act(row, Move.ASK_AGAIN, by=desk.l2, text="Still down.")
    assert own().cycle == 2 and own().state == "running" and row.is_owed


def test_a_stale_page_and_a_step_that_does_not_lead_on_change_nothing(desk: Desk) -> None:
    row = asked(desk)
    taken = handing_over.take(row, by=desk.partner)
    assert taken.state == HandOverState.ACCEPTED and taken.owner == desk.partner
    with pytest.raises(StaleVersion):
        handing_over.act(row, Move.BEGIN, by=desk.partner, version=row.version)
    with pytest.raises(Refused):
        handing_over.act(row, Move.ACCEPT, by=desk.partner)
    with pytest.raises(NotAllowed):
        handing_over.act(row, Move.ANSWER, by=desk.l2, text="We know.")
    colleague = desk.person("Pam Partner", (desk.engineering, Role.PARTNER))
    with pytest.raises(Refused):
        handing_over.take(row, by=colleague)


def test_the_document_says_what_the_table_says() -> None:
    with translation.override("en"):
        assert hand_over_states.as_table() in (settings.BASE_DIR / "docs" / "handovers.md").read_text()
