"""A small desk to try things on: the seeded catalogue, one team of each kind, a person in each role."""

from dataclasses import dataclass, field, replace
from typing import Any

from accounts.models import Role, Team, TeamKind, User
from escalations import escalating, lifecycle, triage
from escalations.customers import CustomerData
from escalations.escalating import Contract
from escalations.models import Category, Channel, Reason, ReasonKind, RootCause, Ticket
from escalations.triage import Review
from tests.factories import TeamFactory, UserFactory

GOOD = Review(is_complete=True, right_category=True, l1_could_solve=False)


@dataclass
class Desk:
    """People and teams, and the shortest ways to bring a ticket into a state."""

    voice: Team = field(default_factory=lambda: TeamFactory(name="Voice", kind=TeamKind.L1))
    payments: Team = field(default_factory=lambda: TeamFactory(name="Payments", kind=TeamKind.L2))
    accounts: Team = field(default_factory=lambda: TeamFactory(name="Accounts desk", kind=TeamKind.L2))
    engineering: Team = field(default_factory=lambda: TeamFactory(name="Engineering", kind=TeamKind.PARTNER))

    def __post_init__(self) -> None:
        self.l1 = self.person("Lina First", (self.voice, Role.L1))
        self.l2 = self.person("Sam Second", (self.payments, Role.L2))
        self.other_l2 = self.person("Otis Second", (self.payments, Role.L2))
        self.lead = self.person("Lea Lead", (self.payments, Role.LEAD))
        self.partner = self.person("Pat Partner", (self.engineering, Role.PARTNER))
        self.outsider = self.person("Ossi Elsewhere", (self.accounts, Role.L2))
        self.auditor: User = UserFactory(name="Aud Itor", is_auditor=True)
        self.category = Category.objects.get(key="other")
        self.category.team = self.payments
        self.category.save()

    def person(self, name: str, *roles: tuple[Team, Role]) -> User:
        user: User = UserFactory(name=name, member_of=list(roles))
        return user

    def contract(self, **changes: Any) -> Contract:
        stated = Contract(
            category=self.category,
            subject="The payment does not arrive",
            description="Since this morning no payment of this customer arrives.",
            customer=CustomerData(external_id="C-1", name="Ana Cruz", email="ana@example.com", segment="consumer"),
            channel=Channel.CHAT,
            answers=minimal_answers(changes.get("category", self.category)),
        )
        return replace(stated, **changes)

    def escalated(self, **changes: Any) -> Ticket:
        return escalating.escalate(self.contract(**changes), by=self.l1)

    def accepted(self, **changes: Any) -> Ticket:
        return triage.accept(self.escalated(**changes), by=self.l2, review=GOOD)

    def started(self, **changes: Any) -> Ticket:
        return lifecycle.start(self.accepted(**changes), by=self.l2)

    def resolved(self, ticket: Ticket | None = None, **changes: Any) -> Ticket:
        return lifecycle.resolve(ticket or self.started(**changes), by=self.l2, **self.resolution())

    def returned(self, **changes: Any) -> Ticket:
        return triage.return_to_l1(
            self.escalated(**changes),
            by=self.l2,
            review=replace(GOOD, is_complete=False),
            reason=self.reason(ReasonKind.RETURN),
            missing="The time of the payment.",
        )

    def reason(self, kind: ReasonKind) -> int:
        return Reason.objects.filter(kind=kind).earliest("pk").pk

    def resolution(self) -> dict[str, Any]:
        return {
            "resolution": self.reason(ReasonKind.RESOLUTION),
            "root_cause": RootCause.objects.filter(children=None).earliest("pk").pk,
            "answer_to_l1": "The bank was down. Tell the next one to wait an hour.",
            "answer_to_customer": "Your payment has arrived. We are sorry for the delay.",
        }


def minimal_answers(category: Category) -> dict[str, Any]:
    """Return answers that just satisfy the category's current form."""
    form = category.current_form
    answers: dict[str, Any] = {}
    for definition in form.fields if form else []:
        if definition.get("required") and not definition.get("show_if"):
            answers[definition["key"]] = _example(definition)
    return answers


def _example(definition: dict[str, Any]) -> Any:
    if definition["type"] == "choice":
        return definition["choices"][0]["value"]
    return {
        "number": "3",
        "money": "12.50 PHP",
        "date": "2026-03-31",
        "url": "https://example.com/x",
        "reference": "TX-77001",
        "steps": ["Signed out and in again"],
    }.get(definition["type"], "As described.")
