"""The customer's integrations beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from escalations.access import reads_internal, works_on
from escalations.models import Customer, Ticket
from investigations.health import rechecks
from investigations.models import Integration, Recheck, RecheckState

MOST = 6


def panel(ticket: Ticket, user: User) -> str:
    """Return the customer's integrations with the ticket's re-checks, and what leads to writing one down."""
    if not reads_internal(user, ticket):
        return ""
    found = list(Integration.objects.in_use().filter(customer=ticket.customer_id).order_by("pk")[:MOST])
    works = works_on(user, ticket)
    if not found and not works:
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


def of_customer(customer: Customer, user: User) -> str:
    """Return the integrations of a customer beside them; "" where there are none to show."""
    found = list(Integration.objects.visible_to(user).in_use().filter(customer=customer).order_by("pk"))
    if not found:
        return ""
    return render_to_string("investigations/health/panel.html", {"integrations": found})
