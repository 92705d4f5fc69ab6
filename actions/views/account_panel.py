"""The way from a ticket to its customer's account: review, deliveries, points."""

from django.template.loader import render_to_string

from accounts.models import User
from actions import account_review
from escalations.models import Ticket


def panel(ticket: Ticket, user: User) -> str:
    """Return the links, for whoever may read the account; "" for others."""
    if not account_review.may_read(user, ticket):
        return ""
    reads_points = user.is_l2 or user.is_lead or user.reads_all
    return render_to_string("actions/parts/account_panel.html", {"ticket": ticket, "reads_points": reads_points})
