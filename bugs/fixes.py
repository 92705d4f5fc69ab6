"""A fix: whoever has a concerned escalation is told, and the answers to its customers are ready to be sent."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from bugs import reports
from bugs.models import BugReport, BugTicket, State
from common import clock
from common.errors import DomainError, Refused
from escalations import alerts, conversation
from escalations.access import works_on
from escalations.models import AlertKind, MessageKind, Ticket
from events import recording
from events.models import Event

CONSUMER = "bug_fixed"
ANSWERED = "bug.answered"


def handle(event: Event) -> None:
    """Tell the owner of every open escalation that the bug concerns, as of a thing that may go on now."""
    rows = BugTicket.objects.filter(bug=event.subject_id, ticket__owner__is_active=True)
    for row in rows.select_related("ticket__owner", "ticket__category"):
        ticket = row.ticket
        if (
            ticket.is_open
            and ticket.owner
            and Ticket.objects.visible_to(ticket.owner).filter(pk=ticket.pk).exists()
        ):
            alerts.tell(ticket, [ticket.owner], AlertKind.FIXED, event=event)


@dataclass(frozen=True)
class Ready:
    """An escalation whose customer may be told, and the answer in the customer's language."""

    row: BugTicket
    text: str
    language: str


def ready(bug: BugReport, user: User) -> list[Ready]:
    """Return what the person may answer now: escalations they work on that were not answered from here."""
    rows = bug.concerned.filter(answered_at=None, ticket__in=Ticket.objects.visible_to(user))
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
    row = BugTicket.objects.select_for_update().get(bug=bug, ticket=ticket)
    if row.answered_at is not None:
        return
    if not BugReport.objects.filter(pk=bug.pk, state=State.FIXED).exists():
        raise Refused(_("The bug is not fixed any more: nothing was sent."))
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
