"""A fix: what waits goes on, whoever has it is told, and the answers to the customers are ready to be sent."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from bugs import hand_overs, reports
from bugs.models import BugReport, BugTicket, State
from common import clock
from common.errors import DomainError, Refused
from escalations import alerts, conversation
from escalations.access import works_on
from escalations.changes import commit, enter, lock
from escalations.models import AlertKind, MessageKind, Ticket
from escalations.models import State as TicketState
from escalations.models.ticket import OPEN, WAITING
from events import recording
from events.models import Event

CONSUMER = "bug_fixed"
ANSWERED = "bug.answered"


def handle(event: Event) -> None:
    """Answer the bug's hand-overs, wake every open escalation that it concerns, and tell whoever has it."""
    bug = BugReport.objects.select_related("tracker").get(pk=event.subject_id)
    if bug.state != State.FIXED:
        return
    hand_overs.answer(bug)
    rows = bug.concerned.filter(ticket__state__in=OPEN).order_by("ticket")
    for row in rows.select_related("ticket__owner", "linked_by"):
        person = row.ticket.owner or row.linked_by
        ticket = _wake(bug, row.ticket, person.language)
        if person.is_active and Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists():
            alerts.tell(ticket, [person], AlertKind.FIXED, event=event)


def _wake(bug: BugReport, ticket: Ticket, language: str) -> Ticket:
    """Note the fix on an escalation, which goes on if it waited; its other hand-overs stay as they are."""
    by, kind = people.system(), MessageKind.NOTE
    locked = lock(ticket, by=by)
    if not locked.is_open:
        return locked
    place = " ".join(filter(None, [str(bug.tracker or ""), bug.remote_name]))
    with translation.override(language):
        body = _(
            "The bug “%(title)s” is fixed (%(place)s). The answer to the customer is ready at the bug report."
        )
        said = conversation.add(locked, by=by, kind=kind, body=body % {"title": bug.title, "place": place})
    if locked.state in WAITING:
        enter(locked, TicketState.IN_PROGRESS)
    commit(locked, "message", by=by, because=str(kind), message=said.pk, kind=kind)
    return locked


@dataclass(frozen=True)
class Ready:
    """An escalation whose customer may be told, and the answer in the customer's language."""

    row: BugTicket
    text: str
    language: str


def ready(bug: BugReport, user: User) -> list[Ready]:
    """Return what the person may answer now: escalations they work on that were not told of this fix from here."""
    if bug.fixed_at is None:
        return []
    untold = Q(answered_at=None) | Q(answered_at__lt=bug.fixed_at)  # one fixed in vain is fixed again
    rows = bug.concerned.filter(untold, ticket__in=Ticket.objects.visible_to(user))
    found = []
    for row in rows.select_related("ticket__customer", "ticket__team", "ticket__category"):
        if works_on(user, row.ticket) and MessageKind.TO_CUSTOMER in conversation.kinds_for(user, row.ticket):
            language = row.ticket.customer.language
            found.append(Ready(row, _answer(row.ticket, language), language))
    return found


def _answer(ticket: Ticket, language: str) -> str:
    with translation.override(language):
        said: str = _(
            "The fault behind your request “%(subject)s” has been fixed. Please try again, and write to us if it "
            "still does not work."
        ) % {"subject": ticket.subject}
        return said


@transaction.atomic
def answer(bug: BugReport, ticket: Ticket, text: str, *, by: User) -> None:
    """Send one answer; nothing where one was sent from here already. Raises Absent, NotAllowed, Refused."""
    row = BugTicket.objects.select_for_update(of=("self",)).select_related("bug").get(bug=bug, ticket=ticket)
    fixed_at = row.bug.fixed_at
    if fixed_at is None:
        raise Refused(_("The bug is not fixed any more: nothing was sent."))
    if row.answered_at is not None and row.answered_at >= fixed_at:
        return
    message = conversation.write(ticket, by=by, kind=MessageKind.TO_CUSTOMER, body=text)
    row.answered_at = clock.now()
    row.save(update_fields=["answered_at"])
    data = {"ticket": ticket.pk, "message": message.pk}
    recording.record(ANSWERED, subject=(reports.SUBJECT, bug.pk), by=by, data=data)


def answer_all(bug: BugReport, texts: dict[int, str], *, by: User) -> tuple[int, list[tuple[Ticket, str]]]:
    """Send the answers by ticket; return how many were sent, and which were refused and why. Each by itself."""
    sent, refused = 0, []
    for one in ready(bug, by):
        if one.row.ticket_id not in texts:
            continue
        try:
            answer(bug, one.row.ticket, texts[one.row.ticket_id], by=by)
        except DomainError as error:
            refused.append((one.row.ticket, str(error.message)))
        else:
            sent += 1
    return sent, refused
