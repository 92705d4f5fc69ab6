"""Who is told how a re-check ended: the ticket's owner, and who started it."""

from accounts.models import User
from escalations import alerts
from escalations.models import AlertKind, Ticket
from events.models import Event
from investigations.health import rechecks
from investigations.models import Recheck

CONSUMER = "recheck_news"
KINDS = (rechecks.WORKS, rechecks.ENDED)


def handle(event: Event) -> None:
    """Tell them, as far as they still see the ticket. Safe to repeat."""
    ticket = Ticket.objects.filter(pk=event.subject_id).first()
    recheck = Recheck.objects.filter(pk=event.get("recheck")).first()
    if ticket is None or recheck is None:
        return
    owners = [pk for pk in (ticket.owner_id, recheck.started_by_id) if pk is not None]
    concerned = User.objects.filter(pk__in=owners, is_active=True)
    seen = Ticket.objects.filter(pk=ticket.pk)
    told = [person for person in concerned if seen.visible_to(person).exists()]
    alerts.tell(ticket, told, AlertKind.RECHECK, event=event)
