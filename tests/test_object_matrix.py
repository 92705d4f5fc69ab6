"""Role × endpoint × object: what is forbidden looks exactly as what was never there, to GET and to POST.

Every address that names a ticket is asked for with a ticket of another team, with a restricted one off whose list
the role is, and with a number that nothing has; status and body must be the same. An address with another argument
needs a row in THINGS, or a beginning in ABOUT_NO_TICKET. Compliance reviews have a matrix of their own
(tests/compliance/test_wall.py).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Entry
from common import clock
from escalations import composing, escalating, restricting
from escalations.customers import CustomerData
from escalations.models import BatonItem, MessageDraft, MessageKind, Ticket
from tests.matrix import Scenario, addresses
from tests.matrix_rows import MATRIX

pytestmark = pytest.mark.django_db

NUMBER = 987_654_321  # that nothing has

#: Addresses whose arguments name something else than a ticket or what hangs on one.
ABOUT_NO_TICKET = (
    "access/", "account/", "articles/", "baton/<int:number>/", "bulk/", "checklist/", "compliance/",
    "cross-posts/", "dashboard/", "escalate/", "hooks/", "improvements/", "integrations/<int:number>/",
    "integrations/faults/", "known-issues/", "points/", "queue/views/", "rate/", "reopen-rates/", "roster/",
    "setup/", "simulator/", "trackers/", "trends/", "unsubscribe/", "api/v1/^articles/", "api/v1/^bulk-actions/",
    "api/v1/^categories/", "api/v1/^known-issues/", "api/v1/^trends/", "api/v1/^views/",
)  # fmt: skip


@dataclass
class Secret:
    """A ticket restricted to its owner, `l2`, with something of every kind hanging on it."""

    scenario: Scenario
    ticket: Ticket = field(init=False)

    def __post_init__(self) -> None:
        desk = self.scenario.desk
        # What each had begun to write before they lost sight of it.
        for role in ("l1", "lead", "partner"):
            kind = {"l1": MessageKind.FROM_L1, "lead": MessageKind.NOTE, "partner": MessageKind.PARTNER}[role]
            composing.keep(self.scenario.ticket, by=self.scenario.people[role], kind=kind, body="Zanzibar")
        self.ticket = restricting.restrict(self.scenario.ticket, by=desk.l2, kind="fraud", reason="Zanzibar")
        customer = CustomerData(external_id="C-9", name="Quagga")
        alone = escalating.escalate(desk.contract(customer=customer), by=desk.l1)
        self.alone = restricting.restrict(alone, by=desk.lead, kind="fraud", reason="Zanzibar")

    def arguments(self, name: str) -> dict[str, Any]:
        """Return what stands in the address of that name, so that it is something of the hidden ticket."""
        of_the_list: dict[str, Callable[[], dict[str, Any]]] = {
            "quote": lambda: {"number": self.ticket.messages.earliest("pk").pk},
            "remove_access": lambda: {"number": self.ticket.access_list.earliest("pk").pk},
            "api-ticket-access-entry": lambda: {"entry": self.ticket.access_list.earliest("pk").pk},
        }
        return {**MATRIX[name].to(self.scenario), **of_the_list.get(name, dict)()}


@dataclass(frozen=True)
class Thing:
    """What hangs on a hidden ticket and has an address of its own, and to whom it looks absent."""

    roles: tuple[str, ...]
    pk: Callable[[Secret, str], int]
    argument: str = "number"

    def addresses(self, name: str, secret: Secret, role: str) -> tuple[str, str]:
        """Return its address, and the same with a number that nothing has."""
        more = secret.arguments(name)
        hidden, missing = (
            reverse(name, kwargs={**more, self.argument: pk}) for pk in (self.pk(secret, role), NUMBER)
        )
        return hidden, missing


def _draft(secret: Secret, role: str) -> int:
    return MessageDraft.objects.get(ticket=secret.ticket, person=secret.scenario.people[role]).pk


def _action(secret: Secret, _role: str) -> int:
    return secret.scenario.action.pk


def _customer(secret: Secret, _role: str) -> int:
    return secret.alone.customer_id


def _hand_over(secret: Secret, _role: str) -> int:
    return secret.ticket.hand_overs.earliest("pk").pk


def _bug(secret: Secret, _role: str) -> int:
    return secret.scenario.bug.pk


OFF_THE_LIST = ("l1", "lead", "partner", "auditor", "admin")

THINGS: dict[str, Thing] = {
    "acknowledge_baton": Thing(
        ("lead", "auditor", "admin"), lambda secret, _: BatonItem.objects.get(ticket=secret.ticket).pk
    ),
    **dict.fromkeys(
        (
            "hand_over", "hand_over_file", "give_hand_over", "move_hand_over", "share_hand_over", "take_hand_over",
        ),
        Thing(OFF_THE_LIST, _hand_over),
    ),
    **dict.fromkeys(
        (
            "bug", "edit_bug", "bug_archive", "bug_markdown", "link_bug", "unlink_bug", "send_bug",
            "link_bug_issue", "unlink_bug_issue", "bug_answers", "comment_bug", "hand_over_bug",
        ),
        Thing(OFF_THE_LIST, _bug),
    ),
    "discard_message_draft": Thing(("l1", "lead", "partner"), _draft),
    "fetch_back": Thing(("l1", "lead", "partner"), _draft),
    # First and second line escalate for any customer, so they see all.
    "customer": Thing(("auditor", "admin"), _customer),
    "correct_customer": Thing(("auditor", "admin"), _customer),
    "customer_timeline": Thing(("l1", "partner", "auditor", "admin"), _customer),
    "api-customer-detail": Thing(("auditor", "admin"), _customer, "pk"),
    "audit_entry": Thing(
        ("auditor", "admin"),
        lambda secret, _: Entry.objects.get(action="ticket.restricted", object_id=secret.ticket.pk).pk,
    ),
    "renew_checklist": Thing(OFF_THE_LIST, lambda secret, _: secret.scenario.checklist.pk),
    "mark_step": Thing(OFF_THE_LIST, lambda secret, _: secret.scenario.checklist.pk),
    "send_checklist": Thing(OFF_THE_LIST, lambda secret, _: secret.scenario.checklist.pk),
    "stop_recheck": Thing(OFF_THE_LIST, lambda secret, _: secret.scenario.recheck.pk),
    "incident": Thing(OFF_THE_LIST, lambda secret, _: secret.scenario.incident.pk),
    **dict.fromkeys(
        (
            "action", "action_evidence", "approve_action", "cancel_action", "edit_action", "reject_action",
            "request_action",
        ),
        Thing(OFF_THE_LIST, _action),
    ),
    **dict.fromkeys(
        (f"api-action-{name}" for name in ("approve", "ask", "cancel", "detail", "edit", "reject")),
        Thing(OFF_THE_LIST, _action, "pk"),
    ),
}  # fmt: skip

ELSEWHERE = ("l1_elsewhere", "l2_elsewhere", "partner_without")


def of_tickets() -> dict[str, str]:
    return {name: route for name, route in addresses().items() if re.match(r"(api/v1/\^)?tickets/.*<", route)}


def test_every_address_with_an_argument_is_told_what_it_names():
    told = {name for name in addresses() if name in THINGS} | of_tickets().keys()
    left = {name: route for name, route in addresses().items() if "<" in route and name not in told}
    unknown = {name for name, route in left.items() if not route.startswith(ABOUT_NO_TICKET)}
    assert not unknown, "say in THINGS what of a ticket it names, or in ABOUT_NO_TICKET that it names none"
    assert not THINGS.keys() - addresses().keys()


@pytest.fixture
def secret(scenario: Scenario) -> Secret:
    return Secret(scenario)


def asked(secret: Secret, role: str, address: str, method: str) -> tuple[int, str, str]:
    """Return status, place and body, without what is another in every answer."""
    answer = getattr(secret.scenario.clients[role], method)(address)
    body = (answer.getvalue() if answer.streaming else answer.content).decode()
    body = re.sub(r'(nonce|value|content)="[A-Za-z0-9+/=_-]{16,}"|data-live-since="\d+"', "", body)
    return answer.status_code, answer.headers.get("Location", ""), body


def differing(secret: Secret, role: str, pairs: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    """Yield what is answered otherwise for what is hidden than for what is not there."""
    absent: dict[tuple[bool, str], tuple[int, str, str]] = {}
    for name, hidden, missing in pairs:
        for method in ("get", "post"):
            found = asked(secret, role, hidden, method)
            kind = (hidden.startswith("/api/"), method)
            # All pages that are not there look alike; where one does not, its very own absence is asked for.
            if found[0] == 404 and found == absent.get(kind):
                continue
            nothing = asked(secret, role, missing, method)
            if nothing[0] == 404:
                absent.setdefault(kind, nothing)
            digits = re.compile(rf"{re.escape(hidden)}|{re.escape(missing)}")
            if [digits.sub("", str(part)) for part in found] != [digits.sub("", str(part)) for part in nothing]:
                yield f"{method} {name}: {found[:2]}, not {nothing[:2]}"


def _tickets(secret: Secret, ticket: Ticket) -> Iterator[tuple[str, str, str]]:
    for name in sorted(of_tickets()):
        more = secret.arguments(name)
        hidden, missing = (
            reverse(name, kwargs={**more, "reference": reference})
            for reference in (ticket.reference, f"ESC-{NUMBER}")
        )
        yield name, hidden, missing


@pytest.mark.parametrize("role", OFF_THE_LIST)
def test_off_its_list_a_restricted_ticket_was_never_there(secret: Secret, role: str):
    assert not list(differing(secret, role, _tickets(secret, secret.ticket)))
    things = (
        (name, *thing.addresses(name, secret, role)) for name, thing in THINGS.items() if role in thing.roles
    )
    assert not list(differing(secret, role, things))


@pytest.mark.parametrize("role", ELSEWHERE)
def test_neither_was_a_ticket_of_another_team(secret: Secret, role: str):
    restricting.unrestrict(secret.ticket, by=secret.scenario.desk.l2, reason="Over.")
    assert not list(differing(secret, role, _tickets(secret, secret.ticket)))


def test_on_its_list_it_is_there(secret: Secret):
    there = {"macro_text", "quote", "mentionable"}  # that take more than the address
    lost = [
        name
        for name, address, _missing in _tickets(secret, secret.ticket)
        if name not in there and asked(secret, "l2", address, "get")[0] == 404
    ]
    assert not lost
    secret.scenario.clients["l2"].post(reverse("write_message", args=[secret.ticket.reference]), {})
    assert Entry.objects.filter(action="ticket.read", object_id=secret.ticket.pk, at__lte=clock.now()).exists()
