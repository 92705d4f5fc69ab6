"""Opening a review, and what is written into it: notes, signs of risk, linked escalations and customers."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from audit.noting import note as note_in_trail
from common import clock
from common.errors import Absent, Refused
from compliance import changes, deadlines
from compliance.indicators import Indicator
from compliance.models import Case, CaseCustomer, CaseTicket, Kind, Note, Procedure, State, Step
from compliance.sealing import CaseKey, new_key, next_number
from escalations.models import Customer, HandOver, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.similar import exact_reference

LONGEST_NOTE = 20_000


@transaction.atomic
def open_case(
    kind: Kind, *, by: User, reason: str, ticket: Ticket | None = None, customer: Customer | None = None
) -> Case:
    """Open a review of `ticket`, which `by` may see, or of `customer` alone. Raises Refused, Absent.

    The ticket is not touched. Whoever escalated or works it can't learn of the review.
    """
    if not by.reviews_compliance:
        raise Absent(_("There is no such page."))
    if ticket is not None:
        _check_visible(ticket, by)
        customer = ticket.customer
    if customer is None:
        raise Refused(_("Say whom it is about: the customer's id or email address."), field="customer")
    text = _cleaned(reason, field="reason")
    now = clock.now()
    procedure = Procedure.objects.filter(kind=kind).order_by("-number").first()
    if procedure is None:
        raise Refused(_("No procedure is published for this type."), field="kind")
    case = Case(
        pk=next_number(Case), kind=kind, procedure=procedure, customer=customer, opened_by=by, opened_at=now,
        updated_at=now,
    )  # fmt: skip
    new_key(case)
    key = CaseKey(case)
    case.indicators = key.seal_json(case, "indicators", [])
    case.save(force_insert=True)
    _keep_note(case, key, text, by)
    if ticket is not None:
        CaseTicket.objects.create(case=case, ticket=ticket, added_by=by, added_at=now)
    deadlines.begin(case, Step.TAKE, now)
    deadlines.begin(case, Step.DECIDE, now)
    changes.commit(case, "compliance.opened", by=by, data={"kind": kind, "from_ticket": ticket is not None})
    return case


def find_customer(written: str, *, by: User) -> Customer:
    """Return the customer of exactly that id or email address, whom a partner could else not see.

    Looking is noted. Raises Refused when there is none, Absent for whoever doesn't review.
    """
    if not by.reviews_compliance:
        raise Absent(_("There is no such page."))
    wanted = redaction.clean(written.strip())
    if not wanted:
        raise Refused(_("Say whom it is about: the customer's id or email address."), field="customer")
    found = Customer.objects.filter(external_id=wanted).first()
    if found is None and "@" in wanted:
        by_mail = list(Customer.objects.filter(email__iexact=wanted)[:2])
        if len(by_mail) > 1:
            raise Refused(_("Several customers have this address. Use the customer's id."), field="customer")
        found = by_mail[0] if by_mail else None
    note_in_trail("compliance.customer_sought", by=by, about=("compliance_customer", found.pk if found else None))
    if found is None:
        raise Refused(_("There is no customer with this id or address."), field="customer")
    return found


def _known_to(user: User) -> TicketQuerySet:
    """Return the escalations that this person may name: those they see, and those they were asked about."""
    asked = HandOver.objects.visible_to(user).values("ticket")
    return Ticket.objects.filter(Q(pk__in=Ticket.objects.visible_to(user).values("pk")) | Q(pk__in=asked))


def find_ticket(written: str, *, by: User) -> Ticket:
    """Return the escalation of that reference, if `by` may see it. Raises Refused."""
    number = exact_reference(written)
    found = _known_to(by).select_related("customer").filter(pk=number).first() if number else None
    if found is None:
        raise Refused(_("There is no such escalation, or it was not handed to you."), field="ticket")
    return found


@transaction.atomic
def write_note(case: Case, text: str, *, by: User) -> Note:
    """Add a note. Raises Refused."""
    case = changes.locked_open(case, by)
    note = _keep_note(case, CaseKey(case), _cleaned(text, field="note"), by)
    changes.commit_content(case, "compliance.noted", by=by, data={"note": note.pk})
    return note


@transaction.atomic
def set_indicators(case: Case, indicators: Iterable[str], *, by: User) -> None:
    """Say which signs of risk there are. Raises Refused, or ValueError for one that is unknown."""
    wanted = sorted({Indicator(one).value for one in indicators})
    case = changes.locked_open(case, by)
    key = CaseKey(case)
    if key.json(case, "indicators") == wanted:
        return
    case.indicators = key.seal_json(case, "indicators", wanted)
    changes.commit_content(case, "compliance.indicators_set", by=by, data={"count": len(wanted)})


@transaction.atomic
def link_ticket(case: Case, ticket: Ticket, *, by: User) -> None:
    """Add an escalation that `by` may see. Raises Refused."""
    case = changes.locked_open(case, by)
    _check_visible(ticket, by)
    _link, is_new = CaseTicket.objects.get_or_create(
        case=case, ticket=ticket, defaults={"added_by": by, "added_at": clock.now()}
    )
    if is_new:
        changes.commit_content(case, "compliance.linked", by=by, data={"ticket": ticket.pk})


@transaction.atomic
def link_customer(case: Case, customer: Customer, *, by: User) -> None:
    """Add another customer. Raises Refused."""
    case = changes.locked_open(case, by)
    if customer.pk == case.customer_id:
        raise Refused(_("The review is about this customer already."), field="customer")
    _link, is_new = CaseCustomer.objects.get_or_create(
        case=case, customer=customer, defaults={"added_by": by, "added_at": clock.now()}
    )
    if is_new:
        changes.commit_content(case, "compliance.linked", by=by, data={"customer": customer.pk})


@transaction.atomic
def unlink(case: Case, link: CaseTicket | CaseCustomer, *, by: User) -> None:
    """Take a link away. Raises Refused."""
    case = changes.locked_open(case, by)
    what = {"ticket": link.ticket_id} if isinstance(link, CaseTicket) else {"customer": link.customer_id}
    link.delete()
    changes.commit_content(case, "compliance.unlinked", by=by, data=what)


@transaction.atomic
def assign(case: Case, owner: User, *, by: User) -> None:
    """Give the review to a member, which takes it on if nobody has. Raises Refused."""
    case = changes.locked_open(case, by)
    if not owner.reviews_compliance or not owner.is_active or owner.is_robot:
        raise Refused(_("Choose one of the list."), field="owner")
    if case.owner_id == owner.pk:
        return
    case.owner = owner
    if case.state == State.OPEN:
        case.state = State.IN_REVIEW
        deadlines.meet(case, Step.TAKE)
    changes.commit(case, "compliance.assigned", by=by, data={"owner": owner.pk})


def _check_visible(ticket: Ticket, by: User) -> None:
    if not _known_to(by).filter(pk=ticket.pk).exists():
        raise Refused(_("There is no such escalation, or it was not handed to you."), field="ticket")


def _cleaned(text: str, *, field: str) -> str:
    cleaned = redaction.clean(text.strip())
    if not cleaned:
        raise Refused(_("Write something."), field=field)
    if len(cleaned) > LONGEST_NOTE:
        raise Refused(_("This is too long: at most %d characters.") % LONGEST_NOTE, field=field)
    return cleaned


def _keep_note(case: Case, key: CaseKey, text: str, by: User) -> Note:
    note = Note(pk=next_number(Note), case=case, by=by, at=clock.now())
    note.text = key.seal_text(note, "text", text)
    note.save(force_insert=True)
    return note
