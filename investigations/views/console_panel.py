"""The API console and the webhook tester beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from escalations.access import reads_internal, works_on
from escalations.models import Ticket
from investigations.models import Run

MOST = 4


def render(ticket: Ticket, user: User) -> str:
    """Return the newest requests and what leads on; "" for who may not read them."""
    if not reads_internal(user, ticket):
        return ""
    works = works_on(user, ticket)
    found = list(Run.objects.filter(ticket=ticket).order_by("-pk").defer("answer_body", "body")[:MOST])
    if not found and not works:
        return ""
    for run in found:
        run.ticket = ticket
    context = {"ticket": ticket, "runs": found, "works": works}
    return render_to_string("investigations/console_panel.html", context)
