"""The panel with a ticket's sensitive actions on the ticket's page."""

from django.template.loader import render_to_string

from accounts.models import User
from actions import access, lifecycle
from actions.models import Action
from escalations.models import Ticket

MOST = 8


def panel(ticket: Ticket, user: User) -> str:
    """Return the ticket's actions, as far as `user` may see them, and the way to another; "" without either."""
    may_begin = access.works_on(user, ticket.team_id) and ticket.state not in lifecycle.OVER
    found = Action.objects.visible_to(user).filter(ticket=ticket)
    actions = list(found[: MOST + 1])
    if not actions and not may_begin:
        return ""
    context = {
        "ticket": ticket,
        "actions": actions[:MOST],
        "has_more": len(actions) > MOST,
        "may_begin": may_begin,
    }
    return render_to_string("actions/parts/panel.html", context)
