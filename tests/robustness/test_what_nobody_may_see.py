"""What a person may not see appears on no page that they can open, and nothing there leads to it."""

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection

from accounts.models import Role, TeamKind
from escalations import (
    alert_mail,
    alerts,
    assignment,
    attachments,
    bulk,
    composing,
    conversation,
    escalating,
    lexicon,
    lifecycle,
    restricting,
    tagging,
)
from escalations.customers import CustomerData
from escalations.models import AlertKind, Category, MessageKind, Ticket
from events.models import Event
from reports.models import Trend
from tests.factories import TeamFactory
from tests.matrix import SIGNED_IN, Scenario
from tests.matrix_rows import MATRIX

pytestmark = pytest.mark.django_db

SUBJECT = "Zanzibar payment does not arrive"  # words that the visible tickets share, and one that they don't
NOTE = "Quagga says the gateway is down"
HIDDEN = ("Zanzibar", "Quagga", "Xanthippe")
#: Said in a note and in the diagnosis of the scenario's ticket.
#: Said on a ticket that everybody of the scenario saw, until it was restricted to somebody who is none of them.
RESTRICTED = ("Yucatan", "Numbat", "Axolotl")
INTERNAL = ("It is the gateway.", "Time-outs.")


@pytest.fixture
def secret(scenario: Scenario) -> Ticket:
    """A ticket of people whom nobody of the scenario but auditor and admin shares a team with.

    It resembles the visible ones in all by which they are found: customer, words, category, transaction.
    """
    with connection.cursor() as cursor:  # ESC-1042 stands on pages as an example
        cursor.execute("SELECT setval(pg_get_serial_sequence('escalations_ticket', 'id'), 50000)")
    desk = scenario.desk
    far_voice = TeamFactory(name="Far voice", kind=TeamKind.L1)
    far_desk = TeamFactory(name="Far desk", kind=TeamKind.L2)
    stranger = desk.person("Xanthippe Far", (far_voice, Role.L1))
    specialist = desk.person("Xeno Far", (far_desk, Role.L2))
    Category.objects.filter(key="other").update(team=far_desk)
    far = Category.objects.get(key="other")
    ticket = escalating.escalate(desk.contract(subject=SUBJECT, category=far), by=stranger)
    Ticket.objects.update(transaction_ref="TX-1", error_code="E-1", known_issue=scenario.known_issue)
    conversation.write(ticket, by=specialist, kind=MessageKind.NOTE, body=NOTE)
    customer = CustomerData(external_id="C-2", name="Luz Nobody")
    escalating.escalate(desk.contract(subject=SUBJECT, category=far, customer=customer), by=stranger)
    Category.objects.filter(key="other").update(team=desk.payments)
    _restricted(scenario)
    lexicon.count()
    ticket.refresh_from_db()
    return ticket


def _restricted(scenario: Scenario) -> Ticket:
    """Restrict a ticket to somebody who is none of the roles, after lists, records and mails came to know it."""
    desk = scenario.desk
    ticket = desk.accepted(subject="Yucatan payment does not arrive")
    bulk.start("priority", {"priority": 2}, Ticket.objects.filter(pk=ticket.pk), by=desk.l2)
    tagging.change(ticket, by=desk.l2, add=["axolotl"])
    note = conversation.write(
        ticket, by=desk.lead, kind=MessageKind.NOTE, body="Numbat, says @Lea Lead @Sam Second"
    )
    attachments.attach(ticket, ContentFile(b"axolotl", name="Axolotl.txt"), by=desk.lead, message=note)
    lifecycle.start(ticket, by=desk.l2)
    assignment.assign(ticket, desk.other_l2, by=desk.lead)
    lifecycle.wait_for_partner(ticket, by=desk.other_l2, partner=desk.engineering, message="Axolotl?")
    conversation.write(ticket, by=desk.partner, kind=MessageKind.PARTNER, body="Numbat!")
    composing.keep(ticket, by=desk.lead, kind=MessageKind.NOTE, body="Axolotl draft")
    scenario.baton.items.create(ticket=ticket, due_at=ticket.next_due_at)
    Trend.objects.filter(pk=scenario.trend.pk).update(examples=[scenario.ticket.pk, ticket.pk])
    alerts.tell(ticket, scenario.people.values(), AlertKind.MISSED, event=Event.objects.latest("pk"))
    return restricting.restrict(ticket, by=desk.other_l2, kind="fraud", reason="Numbat")


def _is_about_nobody(name: str) -> bool:
    """Tell what reads no ticket: the API's own description, which takes long to write."""
    return name in {"api-schema", "api-docs"}


def _text(content: bytes) -> str:
    """Return what an answer says; of a ZIP, what its files say."""
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join(packed.read(name).decode() for name in packed.namelist())


def pages(role: str, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield every page that answers the role, the searches for the hidden words, and the hints."""
    client = scenario.clients[role]
    searches = [
        f"{address}?{query}"
        for address in ("/queue/", "/escalations/", "/api/v1/tickets/", "/articles/", "/known-issues/", "/search/")
        for query in (
            "q=zanzibar&scope=all",
            "q=yucatan&scope=all",
            "q=TX-1&scope=all",
            "q=C-2",
            "scope=all&order=newest",
            "customer=1",
        )
    ]
    searches += ["/api/v1/customers/?q=C-2", "/api/v1/articles/search/?q=zanzibar"]
    own = [row.address(name, scenario) for name, row in sorted(MATRIX.items()) if not _is_about_nobody(name)]
    for address in [*own, *searches]:
        response = client.get(address)
        yield address, _text(response.getvalue() if response.streaming else response.content)
    typed = {"subject": SUBJECT, "description": SUBJECT, "customer_id": "C-2", "answer_transaction": "TX-1"}
    hints = client.post("/escalate/other/hints/", typed)
    yield "hints", hints.content.decode().replace(SUBJECT, "")


def shown(text: str, reference: str) -> list[str]:
    # What was searched for stands in its own field, and in the addresses of the list's filters.
    text = re.sub(r'(?:href|value|content|data-[a-z-]+|hx-[a-z-]+)="[^"]*"', "", text)
    text = re.sub(r"(?i)[“\"]?zanzibar[”\"]?(?= (?:&times;|×))|<mark>zanzibar</mark>", "", text)
    return [word for word in (*HIDDEN, reference) if word in text]


#: What was searched for stands in its own field, and in the addresses of the list's filters.
ASKED = re.compile(r'(?i)(?:value|content|data-[a-z-]+)="[^"]*"|q=yucatan|[“"]?yucatan[”"]?(?= (?:&times;|×))')


def restricted_in(texts: dict[str, str]) -> dict[str, list[str]]:
    """Return what pages say of the restricted ticket, which nobody who reads them may see."""
    ticket = Ticket.objects.restricted().get()
    found = {}
    for address, text in texts.items():
        said = ASKED.sub("", text)
        if words := [word for word in (*RESTRICTED, "axolotl", ticket.reference) if word in said]:
            found[address] = words
    return found


def test_a_restricted_ticket_is_seen_neither_by_admins_nor_in_mails_that_were_owed(
    scenario: Scenario, secret: Ticket
):
    ticket = Ticket.objects.restricted().get()
    assert not restricted_in(dict(pages("admin", scenario)))
    audit = {page: f"/audit/?object={ticket.reference}{page}" for page in ("", "&result=done")}
    answers = {address: scenario.clients["admin"].get(address).content.decode() for address in audit.values()}
    assert all("Nothing like that" in text for text in answers.values())
    for raised in Event.objects.filter(kind=alerts.RAISED):
        alert_mail.handle(raised)
    recipients = {one.to[0] for one in mail.outbox if ticket.reference in f"{one.body}{one.subject}"}
    assert not recipients & {person.email for person in scenario.people.values()}


@pytest.mark.parametrize("role", [role for role in SIGNED_IN if role not in {"auditor", "admin"}])
def test_hidden_tickets_appear_nowhere_and_to_some_no_notes(scenario: Scenario, secret: Ticket, role: str):
    texts = dict(pages(role, scenario))
    assert not restricted_in(texts)
    assert not {address: words for address, text in texts.items() if (words := shown(text, secret.reference))}
    if role in {"l1", "partner"}:  # who see the ticket, but neither its internal notes nor its diagnosis
        assert any(scenario.ticket.reference in text for text in texts.values())
        assert not [address for address, text in texts.items() if any(words in text for words in INTERNAL)]


def test_the_canary_is_seen_by_who_may(scenario: Scenario, secret: Ticket):
    texts = dict(pages("auditor", scenario))
    assert not restricted_in(texts)
    assert all(any(words in text for text in texts.values()) for words in INTERNAL)
    found = {address for address, text in texts.items() if shown(text, secret.reference)}
    assert {"/queue/?q=zanzibar&scope=all", "/api/v1/tickets/?q=zanzibar&scope=all", "hints"} <= found


@pytest.mark.parametrize("role", [role for role in SIGNED_IN if role not in {"auditor", "admin"}])
def test_every_address_of_a_hidden_ticket_is_absent(scenario: Scenario, secret: Ticket, role: str):
    client = scenario.clients[role]
    root = f"/tickets/{secret.reference}/"
    parts = ("", "triage/", "resubmit/", "do/resolve/", "diagnosis/", "diagnosis/history/", "files/1/")
    writes = ("messages/", "take/", "owner/", "team/", "priority/", "known-issue/", "article/", "do/accept/")
    assert {client.get(root + part).status_code for part in parts} == {404}
    assert {client.post(root + part, {"version": 1}).status_code for part in writes} == {404}
    api = f"/api/v1{root}"
    assert {client.get(api + part).status_code for part in ("", "comments/", "transitions/")} == {404}
    for part in ("comments/", "transitions/"):
        assert client.post(api + part, {}, content_type="application/json").status_code == 404


def test_a_hidden_ticket_can_be_named_as_nobodys_duplicate(scenario: Scenario, secret: Ticket):
    address = f"/api/v1/tickets/{scenario.new.reference}/transitions/"
    answers = [
        scenario.clients["l2"].post(address, {"verb": "merge", "target": target}, content_type="application/json")
        for target in (secret.reference, "ESC-999999")
    ]
    assert (answers[0].status_code, answers[0].json()) == (422, answers[1].json())
