"""What a person may not see appears on no page that they can open, and nothing there leads to it."""

import re
from collections.abc import Iterator

import pytest

from accounts.models import Role, TeamKind
from escalations import conversation, escalating, lexicon
from escalations.customers import CustomerData
from escalations.models import Category, MessageKind, Ticket
from tests.factories import TeamFactory
from tests.matrix import SIGNED_IN, Scenario
from tests.test_endpoint_matrix import MATRIX

pytestmark = pytest.mark.django_db

SUBJECT = "Zanzibar payment does not arrive"  # words that the visible tickets share, and one that they don't
NOTE = "Quagga says the gateway is down"
HIDDEN = ("Zanzibar", "Quagga", "Xanthippe")
#: Said in a note and in the diagnosis of the scenario's ticket.
INTERNAL = ("It is the gateway.", "Time-outs.")


@pytest.fixture
def secret(scenario: Scenario) -> Ticket:
    """A ticket of people whom nobody of the scenario but auditor and admin shares a team with.

    It resembles the visible ones in all by which they are found: customer, words, category, transaction.
    """
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
    lexicon.count()
    ticket.refresh_from_db()
    return ticket


def _is_about_nobody(name: str) -> bool:
    """Tell what reads no ticket: the API's own description, which takes long to write, and the admin site."""
    return name.startswith("admin:") or name in {"api-schema", "api-docs"}


def pages(role: str, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield every page that answers the role, the searches for the hidden words, and the hints."""
    client = scenario.clients[role]
    searches = [
        f"{address}?{query}"
        for address in ("/queue/", "/escalations/", "/api/v1/tickets/", "/articles/", "/known-issues/", "/search/")
        for query in ("q=zanzibar&scope=all", "q=TX-1&scope=all", "q=C-2", "scope=all&order=newest", "customer=1")
    ]
    searches += ["/api/v1/customers/?q=C-2", "/api/v1/articles/search/?q=zanzibar"]
    own = [row.address(name, scenario) for name, row in sorted(MATRIX.items()) if not _is_about_nobody(name)]
    for address in [*own, *searches]:
        response = client.get(address)
        yield address, (response.getvalue() if response.streaming else response.content).decode()
    typed = {"subject": SUBJECT, "description": SUBJECT, "customer_id": "C-2", "answer_transaction": "TX-1"}
    hints = client.post("/escalate/other/hints/", typed)
    yield "hints", hints.content.decode().replace(SUBJECT, "")


def shown(text: str, reference: str) -> list[str]:
    # What was searched for stands in its own field, and in the addresses of the list's filters.
    text = re.sub(r'(?:href|value|content|data-[a-z-]+|hx-[a-z-]+)="[^"]*"', "", text)
    text = re.sub(r"(?i)[“\"]?zanzibar[”\"]?(?= (?:&times;|×))|<mark>zanzibar</mark>", "", text)
    return [word for word in (*HIDDEN, reference) if word in text]


@pytest.mark.parametrize("role", [role for role in SIGNED_IN if role not in {"auditor", "admin"}])
def test_hidden_tickets_appear_nowhere_and_to_some_no_notes(scenario: Scenario, secret: Ticket, role: str):
    texts = dict(pages(role, scenario))
    assert not {address: words for address, text in texts.items() if (words := shown(text, secret.reference))}
    if role in {"l1", "partner"}:  # who see the ticket, but neither its internal notes nor its diagnosis
        assert any(scenario.ticket.reference in text for text in texts.values())
        assert not [address for address, text in texts.items() if any(words in text for words in INTERNAL)]


def test_the_canary_is_seen_by_who_may(scenario: Scenario, secret: Ticket):
    texts = dict(pages("auditor", scenario))
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
