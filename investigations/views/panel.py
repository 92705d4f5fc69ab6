"""The logs beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from escalations.access import reads_internal, works_on
from escalations.models import Ticket
from investigations.models import Log

MOST = 6


def panel(ticket: Ticket, user: User) -> str:
    """Return the ticket's logs, or what leads to adding one; "" for who may not read them."""
    if not reads_internal(user, ticket):
        return ""
    logs = list(Log.objects.filter(ticket=ticket).order_by("-pk").defer("sources", "ids")[: MOST + 1])
    works = works_on(user, ticket)
    if not logs and not works:
        return ""
    for log in logs:
        log.ticket = ticket
    return render_to_string(
        "investigations/panel.html",
        {"ticket": ticket, "logs": logs[:MOST], "more": len(logs) > MOST, "works": works},
    )
