"""The tipping-off wall: but for members, nobody learns from anything that a review exists."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.core import mail, serializers
from django.test import Client
from django.urls import reverse

from accounts.models import Role, TeamKind
from audit import trail
from audit.models import Entry
from compliance import documents, notices, urls
from compliance.models import Case
from escalations import audience, live
from escalations.models import Alert, Ticket
from events.models import Delivery, Event
from events.tail import Fact
from reports.ledger import KINDS
from tests.compliance.reviewing import CANARY, Reviewing
from tests.factories import TeamFactory, UserFactory
from tests.matrix import SIGNED_IN, Scenario, answer_of

pytestmark = pytest.mark.django_db

POST_ONLY = {
    "compliance_read", "compliance_act", "compliance_owner", "compliance_note", "compliance_indicators",
    "compliance_link", "compliance_unlink", "compliance_add_document", "compliance_request_pack",
}  # fmt: skip
NO_TOKENS = re.compile(
    r'(name="(?:csrfmiddlewaretoken|form_token|csrf-token)" (?:value|content)="[^"]*")|nonce="[^"]*"'
    r'|data-live-since="[^"]*"|<time[^>]*>[^<]*</time>'
)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def reviewed(reviewing: Reviewing, scenario: Scenario) -> tuple[Case, dict[str, str]]:
    """A decided case of the ticket, with a document and a pack; and every address of the app, for it."""
    case = reviewing.decided()
    pack = reviewing.packed(case)
    arguments: dict[str, Any] = {
        "number": case.pk, "entry": case.documents.get().pk, "verb": "take", "what": "tickets",
        "kind": "document_check",
    }  # fmt: skip
    addresses = {}
    for pattern in urls.urlpatterns:
        named = set(pattern.pattern.converters)
        given = {name: value for name, value in arguments.items() if name in named}
        if pattern.name == "compliance_pack":
            given["entry"] = pack.pk
        if pattern.name == "compliance_unlink":
            given["entry"] = case.tickets.get().pk
        addresses[str(pattern.name)] = reverse(str(pattern.name), kwargs=given)
    return case, addresses


def test_each_address_is_there_for_members_and_for_nobody_else(
    reviewing: Reviewing, scenario: Scenario, reviewed: tuple[Case, dict[str, str]]
):
    _case, addresses = reviewed
    rita = signed_in(reviewing.rita)
    for name, address in addresses.items():
        expected = 405 if name in POST_ONLY else 200
        for role in SIGNED_IN:
            client = scenario.clients[role]
            assert client.get(address).status_code == (405 if name in POST_ONLY else 404), (role, name)
            if role in {"l2", "admin"}:
                assert client.post(address).status_code in {404, 405}, (role, name)
        got = answer_of(rita.get(address))
        assert got == (302 if name in {"compliance_propose", "compliance_decide"} else expected), name
    assert {name for name in addresses if not name.startswith("compliance")} == set()


def test_pages_of_others_are_the_same_before_and_after(reviewing: Reviewing, scenario: Scenario):
    ticket = reviewing.ticket
    paths = [
        reverse("ticket", args=[ticket.reference]), reverse("ticket_related", args=[ticket.reference]),
        reverse("ticket_work", args=[ticket.reference]), reverse("ticket_now", args=[ticket.reference]),
        reverse("customer", args=[ticket.customer_id]), reverse("queue"), reverse("alerts"),
        reverse("search") + f"?q={ticket.reference}", reverse("dashboard"),
        reverse("api-ticket-detail", args=[ticket.reference]),
        reverse("api-customer-detail", args=[ticket.customer_id]),
    ]  # fmt: skip
    roles = ("l1", "l2", "admin")

    def read() -> dict[tuple[str, str], str]:
        return {
            (role, path): NO_TOKENS.sub("", scenario.clients[role].get(path).content.decode())
            for role in roles
            for path in paths
        }

    row = Ticket.objects.filter(pk=ticket.pk).values()
    before, stood, alerts = read(), row.get(), Alert.objects.count()
    case = reviewing.decided()
    reviewing.packed(case)
    for event in Event.objects.filter(kind__in=notices.KINDS):
        notices.handle(event)
    after = read()
    assert row.get() == stood and Alert.objects.count() == alerts
    for place in before:
        assert after[place] == before[place], place


def test_nothing_that_leaves_holds_it(
    reviewing: Reviewing, scenario: Scenario, reviewed: tuple[Case, dict[str, str]]
):
    case, _addresses = reviewed
    documents.read(case.documents.get(), by=reviewing.sol, shown=True)
    scenario.clients["l2"].get(reverse("compliance_case", args=[case.pk]))
    signed_in(reviewing.rita).get(reverse("audit_trail") + "?object=compliance_case")
    for role in ("auditor", "admin"):
        client = scenario.clients[role]
        read = [b"".join(client.get(reverse(name))).decode() for name in ("audit_csv", "audit_jsonl")]
        read.append(client.get(reverse("audit_trail")).content.decode())
        if role == "admin":
            read.append(client.get(reverse("admin:events_event_changelist")).content.decode())
            read.append(client.get(reverse("admin:events_delivery_changelist")).content.decode())
            read.append(client.get(reverse("admin:index")).content.decode())
        for text in read:
            text = text.replace("reviews_compliance", "")
            assert "compliance_" not in text and "compliance." not in text
            assert case.reference not in text and CANARY not in text
        walled = Entry.objects.filter(object_type="compliance_case").latest("pk")
        assert client.get(reverse("audit_entry", args=[walled.pk])).status_code == 404
    assert Entry.objects.filter(action="compliance.document_read", object_id=case.pk).exists(), "the trail has it"


def test_a_member_who_is_an_auditor_reads_those_entries(reviewing: Reviewing, scenario: Scenario):
    case = reviewing.opened()
    reviewing.sol.is_auditor = True
    reviewing.sol.save()
    page = signed_in(reviewing.sol).get(reverse("audit_trail") + f"?object=compliance_case {case.pk}")
    assert "compliance.opened" in page.content.decode()


def test_what_others_read_of_the_trail_stays_in_it(scenario: Scenario):
    client = scenario.clients["auditor"]
    client.get(reverse("audit_trail") + "?action=ticket.created")
    client.get(reverse("audit_trail"))
    assert trail.shown_to(scenario.people["auditor"]).filter(action="audit.read").count() == 2
    client.get(reverse("audit_csv") + "?object=compliance")
    assert trail.shown_to(scenario.people["auditor"]).filter(action="export").exists(), "nobody else hides by it"


def test_neither_live_stream_nor_figures_nor_other_consumers_hear_of_it(
    reviewing: Reviewing, scenario: Scenario, reviewed: tuple[Case, dict[str, str]]
):
    events = Event.objects.filter(kind__startswith="compliance.")
    facts = [Fact(1, one.pk, one.kind, (one.subject_type, one.subject_id)) for one in events]
    assert len(facts) > 10
    assert live.told(facts) == [] and audience.of_events(fact.id for fact in facts) == {}
    assert not {one.kind for one in events} & set(KINDS)
    owed = Delivery.objects.filter(event__in=events).values_list("consumer", flat=True)
    assert set(owed) <= {"compliance", "compliance_packs"}
    assert (
        not Event.objects.filter(kind__startswith="compliance.")
        .exclude(subject_type__startswith="compliance")
        .exists()
    )


def test_the_dump_holds_no_word_of_it(reviewing: Reviewing, reviewed: tuple[Case, dict[str, str]]):
    models: list[Any] = [*apps.get_app_config("compliance").get_models(), Event, Entry, Delivery]
    dumped = "".join(serializers.serialize("json", model._default_manager.all()) for model in models)
    assert CANARY not in dumped
    for model in apps.get_app_config("compliance").get_models():
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                value = getattr(row, field.attname)
                assert CANARY.encode() not in bytes(value) if isinstance(value, bytes | memoryview) else True
    assert CANARY not in str(mail.outbox)


def test_the_panel_stands_on_the_ticket_for_members_alone(reviewing: Reviewing, scenario: Scenario):
    case = reviewing.opened()
    path = reverse("ticket_related", args=[reviewing.ticket.reference])
    assert case.reference in signed_in(reviewing.rita).get(path).content.decode()
    assert path in signed_in(reviewing.rita).get(reviewing.ticket.get_absolute_url()).content.decode()
    assert "compliance" not in scenario.clients["l2"].get(path).content.decode().lower()


def test_a_ticket_that_is_not_handed_to_the_reader_is_not_named(reviewing: Reviewing, scenario: Scenario):
    case = reviewing.opened()
    elsewhere = TeamFactory(name="Fraud", kind=TeamKind.PARTNER, reviews_compliance=True)
    fay = UserFactory(name="Fay", member_of=[(elsewhere, Role.PARTNER)])
    page = signed_in(fay).get(case.get_absolute_url()).content.decode()
    assert case.reference in page and reviewing.ticket.reference not in page
