"""A desk with a team that reviews for compliance, and the shortest ways to bring a review into a state."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import Role, Team, TeamKind, User
from accounts.proof import PASSWORD as BY_PASSWORD
from accounts.proof import Proof
from common import clock
from compliance import cases, checklists, content, decisions, documents, lifecycle, packs
from compliance.models import Case, Document, Evidence, Kind, Outcome, Pack
from compliance.sealing import CaseKey
from escalations import lifecycle as ticket_lifecycle
from escalations.models import Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import TeamFactory, UserFactory

#: Words that stand nowhere else: whoever reads one of them has seen into a review.
CANARY = "quokkaledger"


def proof(person: User) -> Proof:
    """Return that the person has just given the password."""
    return Proof(person.pk, BY_PASSWORD, clock.now())


def picture(name: str = f"{CANARY}.png") -> ContentFile:
    file = BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    return ContentFile(file.getvalue(), name=name)


@dataclass
class Reviewing:
    """`rita` and `sol` review; `ticket` was handed to their team."""

    desk: Desk
    team: Team = field(init=False)
    rita: User = field(init=False)
    sol: User = field(init=False)
    ticket: Ticket = field(init=False)

    def __post_init__(self) -> None:
        self.team = TeamFactory(name="Compliance", kind=TeamKind.PARTNER, reviews_compliance=True)
        self.rita = UserFactory(name="Rita Reviewer", member_of=[(self.team, Role.PARTNER)])
        self.sol = UserFactory(name="Sol Second", member_of=[(self.team, Role.PARTNER)])
        self.ticket = self.handed_over()

    def handed_over(self) -> Ticket:
        return ticket_lifecycle.wait_for_partner(
            self.desk.started(), by=self.desk.l2, partner=self.team, message="Please look at the account."
        )

    def opened(self, **changes: Any) -> Case:
        given: dict[str, Any] = {
            "kind": Kind.SUSPICIOUS_ACTIVITY,
            "ticket": self.ticket,
            "reason": f"{CANARY} in, out at once.",
        }
        given |= changes
        return cases.open_case(given.pop("kind"), by=self.rita, **given)

    def answered(self, case: Case | None = None) -> tuple[Case, Document]:
        """Return a case that rita took on and filled in, with a document."""
        case = case or self.opened()
        lifecycle.take(case, by=self.rita)
        document = documents.add(case, picture(), by=self.rita)
        for item in case.procedure.items:
            wants = Evidence(item["evidence"])
            checklists.answer(
                case, item["key"], "yes", by=self.rita, note=f"{CANARY} seen" if wants == Evidence.NOTE else "",
                document=document if wants == Evidence.DOCUMENT else None,
            )  # fmt: skip
        case.refresh_from_db()
        return case, document

    def proposed(self, case: Case | None = None) -> tuple[Case, Document]:
        case, document = self.answered(case)
        decisions.propose(
            case, decisions.outcomes_of(case)[0], by=self.rita, reason=f"{CANARY}: nothing.",
            proof_given=proof(self.rita),
        )  # fmt: skip
        case.refresh_from_db()
        return case, document

    def decided(self) -> Case:
        case, _document = self.proposed()
        decisions.confirm(
            case, by=self.sol, digest=content.digest(case, CaseKey(case)), proof_given=proof(self.sol)
        )
        case.refresh_from_db()
        return case

    def packed(self, case: Case) -> Pack:
        pack = packs.request(case, by=self.rita)
        packs.handle(Event.objects.filter(kind=packs.REQUESTED).latest("pk"))
        pack.refresh_from_db()
        return pack


__all__ = ["CANARY", "Outcome", "Reviewing", "picture", "proof"]
