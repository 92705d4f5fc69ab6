"""Hand-overs: asking several partners, who sees what, the way through the states, the agreed time."""

from datetime import timedelta

import pytest

from accounts.models import Role, TeamKind
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import conversation, handing_over, lifecycle
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
