"""A customer's integrations on their pages: their last calls, the list of all, taking one out of use."""

from typing import Any

import pytest
from django.urls import reverse

from common import clock
from escalations import restricting
from escalations.models import Ticket
from investigations.health import integrations, rechecks
from investigations.health.integrations import Stated
from investigations.lookups import definitions, running
from investigations.models import Environment, Integration, LookupSource, Run
from investigations.webhooks import receiving
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import UserFactory
from tests.investigations.test_health import answering, client_of, started

pytestmark = pytest.mark.django_db
SITE = "https://shop.example"


@pytest.fixture
def desk(settings: Any) -> Desk:
    settings.OUTGOING_HOSTS = ["shop.example", "other.example"]
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


@pytest.fixture
def integration(desk: Desk, ticket: Ticket) -> Integration:
    stated = Stated("woocommerce", "8.3.1", endpoints=[f"{SITE}/wc-api/payments"])
    return integrations.save(None, stated, customer=ticket.customer, by=desk.l2)


def environment(name: str, address: str) -> Environment:
    return Environment.objects.create(name=name, base_url=address, changed_at=clock.now())


def page_of(person: Any, integration: Integration) -> str:
    return client_of(person).get(integration.get_absolute_url()).content.decode()


def test_the_last_calls_are_all_that_went_there_of_escalations_that_one_may_see(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = desk.started()
    shop, other = environment("Shop", f"{SITE}/api"), environment("Other", "https://other.example")
    sent = [(ticket, shop, "/orders"), (ticket, other, "/elsewhere"), (hidden, shop, "/secret")]
    with answering(monkeypatch, 503, 200, 200):
        for one, to, path in sent:
            form = {"environment": to.pk, "method": "GET", "path": path}
            client_of(desk.l2).post(reverse("api_console", args=[one.reference]), form)
    assert Run.objects.count() == 3
    page = page_of(desk.lead, integration)
    assert ("GET /orders" in page, ">503<" in page) == (True, True)
    assert "GET /elsewhere" not in page, "it went to another host"
    assert "GET /secret" in page
    restricting.restrict(hidden, by=desk.l2, kind="fraud", reason="Zanzibar")
    assert "GET /secret" not in page_of(desk.lead, integration)
    assert "GET /secret" in page_of(desk.l2, integration), "who is on its list"
    assert "GET /orders" not in page_of(desk.outsider, integration), "another team's escalation"


def test_re_checks_lookups_and_webhooks_are_among_the_last_calls(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(monkeypatch, 418):
        started(desk, ticket, integration)
        rechecks.run_due()
    source = LookupSource.objects.create(name="Shop", kind="http", url=f"{SITE}/v1")
    admin = UserFactory(is_superuser=True)
    version = definitions.save(None, "Orders", definitions.Draft(source, "/orders"), why="", by=admin)
    running.ask(ticket, version, {}, reason="To see.", by=desk.l2)
    address = receiving.open_address(ticket, by=desk.l2)
    for sender in (f"{SITE}/", "https://elsewhere.example/"):
        receiving.take(address, method="PUT", query="", headers={"X-WC-Webhook-Source": sender}, body=b"{}")
    page = page_of(desk.l2, integration)
    assert ">418<" in page
    assert ">GET /orders<" in page
    assert page.count(">PUT<") == 1
    assert reverse("webhook_delivery", args=[ticket.reference, address.deliveries.earliest("pk").pk]) in page
