"""A customer's integrations on their pages: their last calls, the list of all, taking one out of use."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common import clock
from common.errors import NotAllowed, Refused
from escalations import restricting
from escalations.models import Ticket
from investigations.health import integrations, rechecks, retiring
from investigations.health.integrations import Stated
from investigations.lookups import definitions, running
from investigations.models import (
    Environment,
    Integration,
    LookupSource,
    Recheck,
    RecheckResult,
    RecheckState,
    Run,
)
from investigations.webhooks import receiving
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.factories import KnownIssueFactory, UserFactory
from tests.investigations.test_health import answering, started

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
    led = definitions.save(
        None, "Refunds", definitions.Draft(source, "/refunds", roles=["lead"]), why="", by=admin
    )
    running.ask(ticket, led, {}, reason="To see.", by=desk.lead)
    address = receiving.open_address(ticket, by=desk.l2)
    for sender in (f"{SITE}/", "https://elsewhere.example/"):
        receiving.take(
            address, method="PUT", path="", query="", headers={"X-WC-Webhook-Source": sender}, body=b"{}"
        )
    page = page_of(desk.l2, integration)
    assert ">418<" in page
    assert ">GET /orders<" in page
    assert page.count(">PUT<") == 1
    assert ">GET /refunds<" not in page
    assert ">GET /refunds<" in page_of(desk.lead, integration)
    assert reverse("webhook_delivery", args=[ticket.reference, address.deliveries.earliest("pk").pk]) in page


def lists(desk: Desk, **query: str) -> str:
    return client_of(desk.lead).get(reverse("integrations"), query).content.decode()


def test_all_integrations_are_one_list_and_stand_on_their_customer_s_page(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    assert "WooCommerce 8.3.1" in lists(desk)
    assert "WooCommerce 8.3.1" not in lists(desk, show="failing")
    customer = client_of(desk.l2).get(ticket.customer.get_absolute_url()).content.decode()
    assert integration.get_absolute_url() in customer
    first_line = client_of(desk.l1).get(ticket.customer.get_absolute_url()).content.decode()
    assert integration.get_absolute_url() not in first_line


def test_who_works_on_an_escalation_can_always_write_an_integration_down(desk: Desk, ticket: Ticket) -> None:
    beside = reverse("ticket_related", args=[ticket.reference])
    address = reverse("new_integration", args=[ticket.reference])
    assert address in client_of(desk.l2).get(beside).content.decode()
    assert address not in client_of(desk.auditor).get(beside).content.decode()


def test_a_retired_integration_is_in_no_list_until_it_is_brought_back(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    stopped, running_on = started(desk, ticket, integration), started(desk, ticket, integration)
    rechecks.stop(stopped, by=desk.l2)
    client = client_of(desk.l2)
    client.post(reverse("retire_integration", args=[integration.pk]))
    running_on.refresh_from_db()
    assert running_on.state == RecheckState.STOPPED
    with pytest.raises(Refused):
        started(desk, ticket, integration)
    beside = reverse("ticket_related", args=[ticket.reference])
    pages = [
        lists(desk),
        *(client.get(one).content.decode() for one in (beside, ticket.customer.get_absolute_url())),
    ]
    assert [integration.get_absolute_url() in page for page in pages] == [False, False, False]
    assert integration.get_absolute_url() in lists(desk, show="retired")
    assert "Bring back" in page_of(desk.l2, integration)

    client.post(reverse("bring_back_integration", args=[integration.pk]))
    states = [Recheck.objects.get(pk=one.pk).state for one in (stopped, running_on)]
    assert states == [RecheckState.STOPPED, RecheckState.RUNNING], "what was stopped before stays so"
    assert integration.get_absolute_url() in lists(desk)


def test_what_is_brought_back_goes_on_with_as_many_re_checks_as_are_free(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    def running() -> int:
        return Recheck.objects.filter(ticket=ticket, state=RecheckState.RUNNING).count()

    former = [started(desk, ticket, integration) for _number in range(rechecks.MOST_OF_TICKET)]
    retiring.retire(integration, by=desk.l2)
    other = integrations.save(None, Stated("rest"), customer=ticket.customer, by=desk.l2)
    latter = [started(desk, ticket, other) for _number in range(rechecks.MOST_OF_TICKET)]
    rechecks.stop(latter[0], by=desk.l2)
    client, address = client_of(desk.l2), reverse("bring_back_integration", args=[integration.pk])
    page = client.post(address, follow=True).content.decode()
    assert running() == rechecks.MOST_OF_TICKET
    assert Recheck.objects.get(pk=former[0].pk).state == RecheckState.RUNNING
    assert "4 re-checks were not started again" in page
    rechecks.stop(latter[1], by=desk.l2)
    retiring.retire(integration, by=desk.l2)
    assert "not started again" not in client.post(address, follow=True).content.decode()
    assert running() == 1 + 3, "what did not go on the first time stays stopped"


def test_a_retired_integration_does_not_stand_in_the_way_of_another(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    retiring.retire(integration, by=desk.l2)
    integrations.save(None, Stated("woocommerce", "9.0"), customer=ticket.customer, by=desk.l2)
    with pytest.raises(Refused):
        retiring.bring_back(integration, by=desk.l2)
    with pytest.raises(NotAllowed):
        retiring.bring_back(integration, by=desk.l1)


def test_the_lists_cost_the_same_however_long(
    desk: Desk, ticket: Ticket, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    def fill() -> None:
        for _number in range(2):
            recheck = started(desk, ticket, integration)
            Recheck.objects.filter(pk=recheck.pk).update(failures=1)
            RecheckResult.objects.create(recheck=recheck, at=clock.now(), outcome="status", status=503)
        integrations.save(None, Stated(left.pop()), customer=ticket.customer, by=desk.l2)

    left = ["rest", "magento"]
    client = client_of(desk.lead)
    fill()
    needed = {}
    for query in ("", "failing"):
        with CaptureQueriesContext(connection) as taken:
            client.get(reverse("integrations"), {"show": query})
        needed[query] = len(taken)
    fill()
    for query, most in needed.items():
        with django_assert_max_num_queries(most):
            page = client.get(reverse("integrations"), {"show": query})
    assert page.content.decode().count('data-outcome="fails"') == 4


def test_a_fault_is_removed_for_all_customers_and_put_back_in_one_click(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    issue = KnownIssueFactory(title="Hangs behind a cache", owner=desk.l2)
    fault = integrations.add_fault(issue, "woocommerce", ">=8.0,<8.3.2", "8.3.2", by=desk.l2)
    client = client_of(desk.l2)
    page = client.get(integration.get_absolute_url()).content.decode()
    assert ("Remove for all customers" in page, "data-confirm-label" in page) == (True, True)
    assert "1 integration has it" in client.get(issue.get_absolute_url()).content.decode()
    assert "integration has it" not in client_of(desk.l1).get(issue.get_absolute_url()).content.decode()

    address = reverse("remove_version_fault", args=[fault.pk])
    page = client.post(address, {"integration": integration.pk}, follow=True).content.decode()
    assert "is removed for all customers" in page
    assert reverse("restore_version_fault", args=[fault.pk]) in page
    assert integrations.faults_of([integration], desk.l2)[integration.pk] == []
    assert "integration has it" not in client.get(issue.get_absolute_url()).content.decode()

    back = reverse("restore_version_fault", args=[fault.pk])
    assert client_of(desk.l1).post(back).status_code == 404
    client.post(back, {"integration": integration.pk})
    assert len(integrations.faults_of([integration], desk.l2)[integration.pk]) == 1
    client.post(address, {"integration": integration.pk})
    integrations.add_fault(issue, "woocommerce", ">=8.0,<8.3.2", "8.3.3", by=desk.l2)
    (known,) = integrations.faults_of([integration], desk.l2)[integration.pk]
    assert known.fault.fixed_in == "8.3.3"
