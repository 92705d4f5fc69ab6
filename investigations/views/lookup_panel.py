"""The lookups beside a ticket."""

from django.template.loader import render_to_string

from accounts.models import User
from escalations.access import reads_internal, works_on
from escalations.models import Ticket
from investigations.lookups import running

MOST = 5


def panel(ticket: Ticket, user: User) -> str:
    """Return what was looked up last, and the ways to more; "" for who may not read it."""
    if not reads_internal(user, ticket):
        return ""
    runs = list(
        running.read_by(user, ticket)
        .select_related("version__lookup")
        .only(
            "state",
            "trouble",
            "ticket",
            "version__number",
            "version__lookup__name",
            "is_cut",
            "finished_at",
            "asked_at",
        )
        .order_by("-pk")[:MOST]
    )
    for run in runs:
        run.ticket = ticket
    context = {"ticket": ticket, "runs": runs, "works": works_on(user, ticket)}
    return render_to_string("investigations/lookup_panel.html", context)
