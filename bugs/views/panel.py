"""The bug reports beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from bugs.models import BugReport
from escalations.access import reads_internal, works_on
from escalations.models import Ticket

MOST = 5


def panel(ticket: Ticket, user: User) -> str:
    """Return the reports that concern the ticket, or what leads to writing one; "" for who may not read them."""
    if not reads_internal(user, ticket):
        return ""
    works = works_on(user, ticket) and not ticket.restricted_as
    found = list(BugReport.objects.visible_to(user).filter(concerned__ticket=ticket).order_by("-pk")[:MOST])
    if not found and not works:
        return ""
    return render_to_string("bugs/panel.html", {"ticket": ticket, "bugs": found, "works": works})
