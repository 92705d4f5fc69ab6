"""Who is told how a re-check ended, the ticket's owner and who started it; and what a customer says, the owner."""

from accounts.models import User
from escalations import alerts
from escalations.models import AlertKind, Ticket
from events.models import Event
from investigations.health import checklists, rechecks
from investigations.models import Checklist, Recheck

CONSUMER = "recheck_news"
KINDS = (rechecks.WORKS, rechecks.ENDED, checklists.ANSWERED)


def handle(event: Event) -> None:
    """Tell them, as far as they still see the ticket. Safe to repeat."""
    ticket = Ticket.objects.filter(pk=event.subject_id).first()
    if ticket is None:
        return
    if event.kind == checklists.ANSWERED:
        checklist = Checklist.objects.filter(pk=event.get("checklist")).first()
        if checklist is not None:
            _tell(ticket, [ticket.owner_id or checklist.started_by_id], AlertKind.MESSAGE, event)
        return
    recheck = Recheck.objects.filter(pk=event.get("recheck")).first()
    if recheck is not None:
        _tell(ticket, [ticket.owner_id, recheck.started_by_id], AlertKind.RECHECK, event)


def _tell(ticket: Ticket, people: list[int | None], kind: AlertKind, event: Event) -> None:
    concerned = User.objects.filter(pk__in=[pk for pk in people if pk is not None], is_active=True)
    seen = Ticket.objects.filter(pk=ticket.pk)
    told = [person for person in concerned if seen.visible_to(person).exists()]
    alerts.tell(ticket, told, kind, event=event)
