"""The demo company's reviews: some in every state, told through the usual functions at their own times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from accounts.models import User
from accounts.proof import PASSWORD, Proof
from common import clock
from compliance import cases, checklists, content, deadlines, decisions, documents, lifecycle, notices, packs
from compliance.indicators import Indicator
from compliance.members import members
from compliance.models import Case, Document, Evidence, Kind, Outcome
from compliance.sealing import CaseKey
from escalations.models import Customer, HandOver, Ticket
from events.models import Delivery, Event

#: How old an event is that its reader has not read yet.
_UNREAD = timedelta(hours=40)

_NOTES = {
    "customer": "Sari-sari store in Cebu since 2023, declared 40,000 PHP a month. Verified at sign-up.",
    "counterparties": "Eleven personal wallets, none of them listed; four were opened in the same week.",
    "explanation": "Says it is a savings club (paluwagan). The list of members was asked for and is plausible.",
    "genuine": "Guilloche, microprint and machine-readable zone compared with the specimen: as they should be.",
    "matches": "Name and date of birth match the account; the address is the former one.",
}
_STATEMENT = b"date,direction,amount\n2026-11-02,in,49500.00\n2026-11-02,out,49450.00\n2026-11-03,in,49800.00\n"


@dataclass
class _Cast:
    """Who reviews, and about whom."""

    now: datetime
    first: User
    second: User
    customers: list[Customer]
    tickets: list[Ticket] = field(default_factory=list)

    def days_ago(self, days: float, does: Callable[[], object]) -> object:
        with clock.replaying(self.now - timedelta(days=days)):
            return does()


def lay_out(now: datetime) -> None:
    """Lay out the reviews, if the company has two people who do them."""
    people = list(members()[:2])
    if len(people) < 2:
        return
    handed = HandOver.objects.filter(team__reviews_compliance=True).select_related("ticket__customer")
    tickets = list({one.ticket_id: one.ticket for one in handed.order_by("-pk")[:12]}.values())
    cast = _Cast(now, people[0], people[1], list(Customer.objects.order_by("pk")[5:11]), tickets[:3])
    _under_way(cast)
    _waiting(cast)
    _proposed(cast)
    decided = _decided(cast)
    _untaken(cast)
    deadlines.mark()
    _tell(now)
    packs.request(decided, by=cast.first)  # which the first worker makes


def _opened(cast: _Cast, days: float, kind: Kind, reason: str) -> Case:
    """Open one so many days ago, of an escalation that was handed over while there are any."""
    ticket = cast.tickets.pop() if cast.tickets else None
    customer = None if ticket else cast.customers.pop()
    with clock.replaying(cast.now - timedelta(days=days)):
        return cases.open_case(kind, by=cast.first, reason=reason, ticket=ticket, customer=customer)


def _under_way(cast: _Cast) -> None:
    """In review, with three days left and half of the checklist."""
    case = _opened(
        cast, 27, Kind.SUSPICIOUS_ACTIVITY,
        "Five transfers just below 50,000 PHP within two days, each sent on within the hour.",
    )  # fmt: skip
    cast.days_ago(26.5, lambda: lifecycle.take(case, by=cast.first))
    cast.days_ago(
        26, lambda: cases.set_indicators(case, [Indicator.STRUCTURING, Indicator.PASS_THROUGH], by=cast.first)
    )
    document = _document(cast, 25, case, ContentFile(_STATEMENT, name="statement-2026-11.csv"))
    cast.days_ago(20, lambda: _answer(case, cast.first, document, most=3))
    cast.days_ago(1, lambda: cases.write_note(case, "Bank of the sender answers by tomorrow.", by=cast.second))


def _waiting(cast: _Cast) -> None:
    """Waits for the back of an identity card; the deadline does not."""
    case = _opened(cast, 2.2, Kind.DOCUMENT_CHECK, "Identity card sent again after a change of address.")
    cast.days_ago(2, lambda: lifecycle.take(case, by=cast.second))
    _document(cast, 1.9, case, _specimen())
    cast.days_ago(
        1.5, lambda: cases.write_note(case, "The back is missing: asked for by the desk.", by=cast.second)
    )
    cast.days_ago(1.5, lambda: lifecycle.wait(case, by=cast.second))


def _proposed(cast: _Cast) -> None:
    """Waits for a second person."""
    case = _opened(cast, 6, Kind.SUSPICIOUS_ACTIVITY, "Account opened in the morning, 38 counterparties by night.")
    _worked(cast, case, 5, cast.second)
    reason = "The list of members explains the movements; limits are to be watched for three months."
    cast.days_ago(0.6, lambda: _propose(case, Outcome.ENHANCED, cast.second, reason))


def _decided(cast: _Cast) -> Case:
    """Decided by two people."""
    case = _opened(cast, 9, Kind.DOCUMENT_CHECK, "Passport for a higher limit.")
    _worked(cast, case, 8.8, cast.first)
    cast.days_ago(
        8, lambda: _propose(case, Outcome.ACCEPTED, cast.first, "Genuine, valid, and the customer's own.")
    )
    with clock.replaying(cast.now - timedelta(days=7.5)):
        digest = content.digest(case, CaseKey(Case.objects.get(pk=case.pk)))
        decisions.confirm(case, by=cast.second, digest=digest, proof_given=_proof(cast.second))
    return case


def _untaken(cast: _Cast) -> None:
    """Opened, and nobody has taken it on in time."""
    _opened(cast, 0.5, Kind.DOCUMENT_CHECK, "The selfie and the card seem to show different people.")


def _worked(cast: _Cast, case: Case, days: float, by: User) -> None:
    cast.days_ago(days, lambda: lifecycle.take(case, by=by))
    document = _document(cast, days - 0.1, case, _specimen())
    cast.days_ago(days - 0.3, lambda: _answer(case, by, document))


def _document(cast: _Cast, days: float, case: Case, file: ContentFile) -> Document:
    with clock.replaying(cast.now - timedelta(days=days)):
        return documents.add(case, file, by=cast.first)


def _answer(case: Case, by: User, document: Document, most: int = 99) -> None:
    for item in case.procedure.items[:most]:
        wants = Evidence(item["evidence"])
        value = "no" if item["key"] == "earlier" else "yes"
        checklists.answer(
            case, item["key"], value, by=by, note=_NOTES.get(item["key"], ""),
            document=document if wants == Evidence.DOCUMENT else None,
        )  # fmt: skip


def _propose(case: Case, outcome: Outcome, by: User, reason: str) -> None:
    decisions.propose(case, outcome, by=by, reason=reason, proof_given=_proof(by))


def _proof(person: User) -> Proof:
    return Proof(person.pk, PASSWORD, clock.now())


def _specimen() -> ContentFile:
    """Return a picture of a card that nobody has."""
    image = Image.new("RGB", (640, 400), "#e9eef5")
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 616, 376), outline="#5b6b82", width=3)
    draw.rectangle((48, 96, 208, 300), fill="#c3cddb")
    for row, text in enumerate(("SPECIMEN", "IDENTITY CARD", "DELA CRUZ, JUAN", "1991-04-17", "VALID UNTIL 2031")):
        draw.text((240, 100 + row * 40), text, fill="#1f2937")
    file = BytesIO()
    image.save(file, "PNG")
    return ContentFile(file.getvalue(), name="identity-card-front.png")


def _tell(now: datetime) -> None:
    """Tell members of the last hours' events; nothing of it is mailed."""
    for event in Event.objects.filter(kind__in=notices.KINDS, at__gte=now - _UNREAD).order_by("pk"):
        notices.tell(event)
    Delivery.objects.filter(consumer=notices.CONSUMER).delete()
