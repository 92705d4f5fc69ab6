"""The panel on a ticket's page, for members only."""

from django.template.loader import render_to_string

from accounts.models import User
from compliance.models import Case
from escalations.models import Ticket


def render(ticket: Ticket, user: User) -> str:
    """Return the reviews that the ticket belongs to, and how to open one; "" for whoever doesn't review."""
    if not user.reviews_compliance:
        return ""
    cases = Case.objects.visible_to(user).filter(tickets__ticket=ticket).select_related("owner").order_by("-pk")
    return render_to_string("compliance/parts/panel.html", {"ticket": ticket, "cases": cases})
