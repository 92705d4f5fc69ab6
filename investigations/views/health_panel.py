"""The customer's integrations beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from escalations.access import reads_internal, works_on
from escalations.models import Ticket
from investigations.health import rechecks
from investigations.health.integrations import CATEGORY
from investigations.models import Integration, Recheck, RecheckState

MOST = 6


def panel(ticket: Ticket, user: User) -> str:
    """Return the customer's integrations with the ticket's re-checks; "" where there is nothing to say."""
    if not reads_internal(user, ticket):
        return ""
    found = list(Integration.objects.filter(customer=ticket.customer_id).order_by("pk")[:MOST])
    works = works_on(user, ticket)
    if not found and not (works and ticket.category.key == CATEGORY):
        return ""
    checks: list[Recheck] = []
    if found:
        running = Recheck.objects.filter(ticket=ticket).exclude(state=RecheckState.STOPPED)
        checks = list(running.order_by("-pk")[:2])
    return render_to_string(
        "investigations/health/panel.html",
        {
            "ticket": ticket,
            "integrations": found,
            "rechecks": rechecks.with_strips(checks, size=12),
            "works": works,
        },
    )
