"""Integrations of customers: versions and their faults, runbooks, checklists, re-checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from common import clock, outgoing
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import restricting, timeline
from escalations.models import Alert, AlertKind, Category, MessageDraft, MessageKind, Ticket
from events.models import Event
from investigations import health_demo
from investigations.health import checklists, integrations, news, rechecks, runbooks, versions
from investigations.health.integrations import Stated
from investigations.health.rechecks import Wanted
from investigations.models import Integration, Outcome, Recheck, RecheckResult, RecheckState, StepState
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.factories import KnownIssueFactory

pytestmark = pytest.mark.django_db
URL = "https://shop.example/ping"


@pytest.fixture
def desk(settings: Any) -> Desk:
    settings.OUTGOING_HOSTS = ["shop.example"]
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


@pytest.fixture
def integration(desk: Desk, ticket: Ticket) -> Integration:
    stated = Stated("woocommerce", "8.3.1", endpoints=[URL])
    return integrations.save(None, stated, customer=ticket.customer, by=desk.l2)


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> Iterator[list[str]]:
    """Let the endpoint answer these, one after the other: a status, a body, or an error."""
    left, asked = list(answers), []

    def send(_method: str, url: str, **_more: Any) -> outgoing.Answer:
        asked.append(url)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, seconds = answer if isinstance(answer, tuple) else (answer, b"", 0.1)
        return outgoing.Answer(status, {}, body, seconds, is_cut=False)

    monkeypatch.setattr(outgoing, "send", send)
    yield asked


@pytest.mark.parametrize(
    ("version", "conditions", "has"),
    [
        ("8.3.1", ">=8.0,<8.3.2", True),
        ("8.3.2", ">=8.0,<8.3.2", False),
        ("8.10", "<8.9", False),
        ("8.3.2-beta.1", "<8.3.2", True),
        ("8.3.2+hotfix.3", "==8.3.2", True),
        ("v8.3", "8.3.0", True),
        ("2.4.7-p3", ">2.4.7,<2.4.8", True),
        ("2.4.7-p10", "<2.4.7-p9", False),
        ("2.4.7", "<=2.4.7-p1", True),
        ("2024-10", ">=2024-07,<2025-01", True),
        ("8.3.7", "8.3.*", True),
        ("8.30", "8.3.*", False),
        ("8.3", "!=8.3.*", False),
        ("latest", "<9", None),
        ("", "<9", None),
    ],
)
def test_versions_are_compared_as_their_makers_mean_them(version: str, conditions: str, has: bool | None) -> None:
    assert versions.matches(version, conditions) is has


@pytest.mark.parametrize("conditions", ["", "8.3,,9", "about 8", "<8.*", ">=", "~8"])
def test_conditions_nobody_can_read_are_refused(conditions: str) -> None:
    assert not versions.are_readable(conditions)


def test_a_version_has_the_faults_that_the_desk_knows(desk: Desk, integration: Integration) -> None:
    issue = KnownIssueFactory(title="Hangs behind a cache", owner=desk.l2)
    client = client_of(desk.l2)
    address = reverse("add_version_fault", args=[integration.pk])
    wrong = client.post(address, {"issue": issue.pk, "versions": "about 8"})
    assert wrong.status_code == 422
    client.post(address, {"issue": issue.pk, "versions": ">=8.0, <8.3.2", "fixed_in": "8.3.2"})
    page = client.get(integration.get_absolute_url()).content.decode()
    assert "fixed in 8.3.2" in page
    newer = integrations.save(
        integration, Stated("woocommerce", "8.3.2"), customer=integration.customer, by=desk.l2, version=1
    )
    assert integrations.faults_of([newer], desk.l2) == {newer.pk: []}
    unknown = integrations.save(newer, Stated("woocommerce"), customer=newer.customer, by=desk.l2, version=2)
    (perhaps,) = integrations.faults_of([unknown], desk.l2)[unknown.pk]
    assert not perhaps.certain
    with pytest.raises(StaleVersion):
        integrations.save(unknown, Stated("woocommerce"), customer=newer.customer, by=desk.l2, version=1)


def test_an_integration_begins_with_what_the_contract_says(desk: Desk, ticket: Ticket) -> None:
    ticket.answers = {
        "integration": "WooCommerce plugin", "version": "8.1", "environment": "sandbox", "site": "https://a.example",
    }  # fmt: skip
    ticket.save()
    client = client_of(desk.l2)
    address = reverse("new_integration", args=[ticket.reference])
    page = client.get(address).content.decode()
    assert 'value="8.1"' in page
    assert "https://a.example" in page
    form = {
        "plugin": "woocommerce",
        "plugin_version": "8.1",
        "environment": "test",
        "version": "0",
        "endpoints": "ftp://x",
    }
    assert client.post(address, form).status_code == 422
    assert client.post(address, {**form, "endpoints": "https://me:secret@a.example"}).status_code == 422
    client.post(address, {**form, "endpoints": "https://a.example", "notes": "card 4111111111111111"})
    kept = Integration.objects.get()
    assert "4111111111111111" not in kept.notes
    assert client.post(address, form | {"endpoints": ""}).status_code == 422, "there is such a one already"
    assert "WooCommerce 8.1" in client.get(reverse("ticket_related", args=[ticket.reference])).content.decode()
    assert client_of(desk.l1).get(kept.get_absolute_url()).status_code == 404


def test_a_customer_goes_through_a_runbook(desk: Desk, ticket: Ticket, integration: Integration) -> None:
    ticket.customer.language = "es"
    ticket.customer.save()
    client = client_of(desk.l2)
    client.post(reverse("start_checklist", args=[integration.pk]), {"ticket": ticket.pk})
    checklist = integration.checklists.get()
    assert checklist.runbook.language == "es"
    client.post(reverse("mark_step", args=[checklist.pk]), {"place": 0, "state": "done"})
    client.post(reverse("send_checklist", args=[checklist.pk]))
    client.post(reverse("send_checklist", args=[checklist.pk]))
    draft = MessageDraft.objects.get(ticket=ticket, kind=MessageKind.TO_CUSTOMER)
    link = checklists.link(checklist)
    assert draft.body.count(link) == 1
    assert "Actualizar nuestro plugin" in draft.body
    assert "Consultar las versiones" not in draft.body, "it is done"

    customer = Client()
    path = link.partition("://")[2].partition("/")[2]
    shown = customer.get(f"/{path}").content.decode()
    assert "Actualizar nuestro plugin" in shown
    assert ticket.subject not in shown
    assert customer.post(f"/{path}", {"step-1": "failed", "step-99": "done"}).status_code == 200
    assert customer.post(f"/{path}", {"step-1": "skipped"}).status_code == 422
    step = checklist.steps.get(place=1)
    assert (step.state, step.by) == (StepState.FAILED, None)
    page = client.get(integration.get_absolute_url()).content.decode()
    assert "the customer," in page
    marked = Event.objects.filter(kind=checklists.MARKED).latest("pk")
    assert marked.data["by_customer"] is True
    assert customer.get(f"/{path[:-2]}x/").status_code == 410
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        assert customer.get(f"/{path}").status_code == 410


def test_a_changed_runbook_is_a_new_version_and_checklists_stay(
    desk: Desk, ticket: Ticket, integration: Integration
) -> None:
    checklist = checklists.start(integration, ticket, by=desk.l2)
    lead = client_of(desk.lead)
    address = reverse("edit_runbook", args=["woocommerce", "en"])
    assert lead.post(address, {"text": "No title", "number": 1}).status_code == 422
    assert lead.post(address, {"text": "## One step\nDo it.", "number": 1}).status_code == 302
    assert lead.post(address, {"text": "## Another", "number": 1}).status_code == 409
    current = runbooks.current("woocommerce", "en")
    assert current is not None
    assert (current.number, current.steps) == (2, [{"title": "One step", "text": "Do it."}])
    checklist.refresh_from_db()
    assert (checklist.runbook.number, checklist.steps.count()) == (1, 6)
    assert client_of(desk.l2).get(address).status_code == 404
    text = runbooks.as_text(checklist.runbook.steps)
    assert runbooks.read_text(text) == checklist.runbook.steps
    with pytest.raises(NotAllowed):
        runbooks.publish("woocommerce", "en", text, by=desk.l2, number=2)


def started(desk: Desk, ticket: Ticket, integration: Integration, **more: Any) -> Recheck:
    asked = Wanted(url=URL, ends_at=clock.now() + timedelta(days=1), **more)
    return rechecks.start(integration, ticket, asked, by=desk.l2)


def test_whoever_owns_the_ticket_hears_when_it_works_again(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(desk.l2)
    form = {"ticket": ticket.pk, "url": URL, "minutes": 5, "days": 1, "status": 200, "wanted": 2}
    address = reverse("start_recheck", args=[integration.pk])
    assert client.post(address, {**form, "url": "https://other.example/"}).status_code == 422
    client.post(address, {**form, "contains": "up"})
    recheck = Recheck.objects.get()
    slow, gone = outgoing.TooSlow(10, was_sent=True), outgoing.Unreachable("gone")
    outcomes = [Outcome.STATUS, Outcome.TIMEOUT, Outcome.AWAY, Outcome.BODY, Outcome.WORKS, Outcome.STATUS]
    answers = [503, slow, gone, (200, b"down", 0.1), (200, b"up", 0.1), 500, (200, b"up", 0.1), (200, b"up", 0.1)]
    now = clock.now()
    with answering(monkeypatch, *answers) as asked:
        for _time in answers:
            now += timedelta(hours=1)
            with time_machine.travel(now, tick=False):
                assert rechecks.run_due() == 1
                assert rechecks.run_due() == 0, "the next is not due yet"
    assert len(asked) == len(answers)
    assert list(recheck.results.order_by("pk").values_list("outcome", flat=True))[:6] == outcomes
    recheck.refresh_from_db()
    assert recheck.state == RecheckState.WORKS
    event = Event.objects.get(kind=rechecks.WORKS)
    news.handle(event)
    news.handle(event)
    ticket.refresh_from_db()
    (alert,) = Alert.objects.filter(kind=AlertKind.RECHECK)
    assert alert.recipient == desk.l2
    assert "The integration works again." in [entry.line for entry in timeline.of_ticket(ticket, desk.l2)]
    assert "The integration works again." not in [entry.line for entry in timeline.of_ticket(ticket, desk.l1)]
    assert "works again" in client.get(reverse("alerts")).content.decode()


def test_a_re_check_backs_off_ends_and_is_stopped(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    recheck = started(desk, ticket, integration)
    pauses = []
    for failures in (0, 3, 4, 6, 30):
        recheck.failures = failures
        pauses.append(rechecks.pause(recheck).total_seconds() / 60)
    assert pauses == [5, 5, 7.5, 16.875, 60]
    with answering(monkeypatch, 503), time_machine.travel(recheck.ends_at, tick=False):
        rechecks.run_due()
    recheck.refresh_from_db()
    assert recheck.state == RecheckState.ENDED
    assert Event.objects.filter(kind=rechecks.ENDED).count() == 1

    another = started(desk, ticket, integration)
    client_of(desk.l2).post(reverse("stop_recheck", args=[another.pk]))
    another.refresh_from_db()
    assert another.state == RecheckState.STOPPED
    with answering(monkeypatch):
        assert rechecks.run_due() == 0
        assert not RecheckResult.objects.filter(recheck=another).exists()


def test_never_more_than_some_are_asked_at_once(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(rechecks.MOST_OF_TICKET):
        started(desk, ticket, integration)
    with pytest.raises(Refused):
        started(desk, ticket, integration)
    monkeypatch.setattr(rechecks, "AT_ONCE", 3)
    monkeypatch.setattr(rechecks, "OF_CUSTOMER", 5)
    claimed = rechecks._claim()
    assert len(claimed) == 3
    assert rechecks._claim() == [], "three are under way"
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        assert len(rechecks._claim()) == 3, "a worker that died held them"
    rechecks.stop(claimed[0], by=desk.l2)
    with answering(monkeypatch, 200):
        assert rechecks.ask(claimed[0]) is None


def test_failing_integrations_are_one_list_and_restricted_ones_stay_hidden(
    desk: Desk, ticket: Ticket, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    recheck = started(desk, ticket, integration)
    with answering(monkeypatch, 503):
        rechecks.run_due()
    lead = client_of(desk.lead)
    assert URL in lead.get(reverse("integrations"), {"show": "failing"}).content.decode()
    restricting.restrict(Ticket.objects.get(pk=ticket.pk), by=desk.l2, kind="fraud", reason="Zanzibar")
    assert URL not in lead.get(reverse("integrations"), {"show": "failing"}).content.decode()
    page = lead.get(integration.get_absolute_url()).content.decode()
    assert f"recheck-{recheck.pk}" not in page
    assert ticket.reference not in page
    assert lead.post(reverse("stop_recheck", args=[recheck.pk])).status_code == 404


def test_the_demo_has_an_integration_that_fails(desk: Desk, ticket: Ticket) -> None:
    category = Category.objects.get(key=integrations.CATEGORY)
    Ticket.objects.filter(pk=ticket.pk).update(
        owner=desk.l2, category=category, answers={"integration": "WooCommerce plugin", "version": "4.1.0"}
    )
    (made,) = health_demo.lay_out(clock.now())
    page = client_of(desk.l2).get(made.get_absolute_url()).content.decode()
    assert "failed 9 times" in page
    assert health_demo.lay_out(clock.now()) == []
