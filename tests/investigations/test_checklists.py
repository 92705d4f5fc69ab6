"""A checklist between the desk and the customer: nobody undoes what the other said, and the owner hears of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common import clock
from escalations import timeline
from escalations.models import Alert, AlertKind, Ticket
from events.models import Event
from investigations.health import checklists, integrations, news
from investigations.health.integrations import Stated
from investigations.models import Checklist, StepState
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


@pytest.fixture
def checklist(desk: Desk, ticket: Ticket) -> Checklist:
    stated = Stated("woocommerce", "8.3.1")
    return checklists.start(
        integrations.save(None, stated, customer=ticket.customer, by=desk.l2), ticket, by=desk.l2
    )


def path_of(checklist: Checklist) -> str:
    return "/" + checklists.link(checklist).partition("://")[2].partition("/")[2]


def fields_of(checklist: Checklist, **changed: str) -> dict[str, Any]:
    """Return what the customer's page sends as it stands, with what they changed."""
    page = Client().get(path_of(checklist))
    sent: dict[str, Any] = {}
    for _said, step in page.context["steps"]:
        assert f'name="was-{step.place}" value="{step.state}"' in page.content.decode()
        sent |= {f"was-{step.place}": step.state, f"step-{step.place}": step.state}
    return sent | {name.replace("_", "-"): state for name, state in changed.items()}


def alerts_of(kind: AlertKind) -> list[Alert]:
    for event in Event.objects.filter(kind=checklists.ANSWERED):
        news.handle(event)
        news.handle(event)
    return list(Alert.objects.filter(kind=kind).order_by("pk"))


def test_an_old_page_undoes_nothing_that_was_marked_since(desk: Desk, checklist: Checklist) -> None:
    old = fields_of(checklist, step_1="done")
    checklists.mark(checklist, 0, StepState.DONE, by=desk.l2)
    assert Client().post(path_of(checklist), old).status_code == 200
    states = checklist.steps.order_by("place").values_list("state", flat=True)
    assert list(states)[:3] == [StepState.DONE, StepState.DONE, StepState.OPEN]
    assert checklist.steps.get(place=0).by == desk.l2


def test_the_owner_hears_what_does_not_work_and_that_the_customer_is_through(
    desk: Desk, ticket: Ticket, checklist: Checklist
) -> None:
    Client().post(path_of(checklist), fields_of(checklist, step_0="done"))
    assert alerts_of(AlertKind.MESSAGE) == [], "there is more to do, and nothing is wrong"
    wrong = fields_of(checklist, step_1="failed")
    Client().post(path_of(checklist), wrong)
    Client().post(path_of(checklist), wrong)
    (alert,) = alerts_of(AlertKind.MESSAGE)
    assert alert.recipient == desk.l2
    client = client_of(desk.l2)
    assert "that a step of the checklist does not work" in client.get(reverse("alerts")).content.decode()
    rest = {f"step_{place}": "done" for place in range(2, checklist.steps.count())}
    Client().post(path_of(checklist), fields_of(checklist, **rest))
    assert len(alerts_of(AlertKind.MESSAGE)) == 2
    assert "The customer has gone through the checklist." in client.get(reverse("alerts")).content.decode()
    ticket.refresh_from_db()
    said = "The customer has gone through the checklist."
    assert said in [entry.line for entry in timeline.of_ticket(ticket, desk.l2)]
    assert said not in [entry.line for entry in timeline.of_ticket(ticket, desk.l1)]


def test_an_expired_link_can_be_renewed_as_long_as_the_escalation_goes_on(
    desk: Desk, ticket: Ticket, checklist: Checklist
) -> None:
    address, page = reverse("renew_checklist", args=[checklist.pk]), checklist.integration.get_absolute_url()
    client = client_of(desk.l2)
    assert address not in client.get(page).content.decode()
    Checklist.objects.update(link_ends_at=clock.now() - timedelta(days=1))
    assert Client().get(path_of(checklist)).status_code == 410
    assert address in client.get(page).content.decode()
    client.post(address)
    assert Client().get(path_of(checklist)).status_code == 200
    Checklist.objects.update(link_ends_at=clock.now() - timedelta(days=1))
    client.post(reverse("send_checklist", args=[checklist.pk]))
    assert Client().get(path_of(checklist)).status_code == 200, "a message never brings a link that is over"
    desk.resolved(ticket)
    client.post(address)
    assert Client().get(path_of(checklist)).status_code == 410
