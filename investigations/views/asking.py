"""What the pages of logs share: whose ticket, and which of its logs."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from escalations.access import reads_internal
from escalations.models import Ticket
from escalations.views.parts import person, visible_ticket
from investigations.models import Log


def internal_ticket(request: HttpRequest, reference: str) -> Ticket:
    """Return the ticket, or answer 404 where this person may not read what the second line works with."""
    ticket = visible_ticket(request, reference)
    if not reads_internal(person(request), ticket):
        raise Http404
    return ticket


def log_of(ticket: Ticket, number: int) -> Log:
    """Return a log of the ticket, or answer 404."""
    log = get_object_or_404(
        Log.objects.filter(ticket=ticket).select_related("added_by", "removed_by", "source"), pk=number
    )
    log.ticket = ticket
    return log
