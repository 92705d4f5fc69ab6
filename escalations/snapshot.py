"""What an event remembers of its ticket."""

from typing import Any

from escalations.models import Ticket

SUBJECT = "ticket"


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """Return what metrics and the timeline need to know of the ticket at one moment."""
    return {
        "state": ticket.state,
        "team": ticket.team_id,
        "owner": ticket.owner_id,
        "category": ticket.category_id,
        "channel": ticket.channel,
        "priority": ticket.priority,
    }
