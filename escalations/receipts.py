"""What is left to whoever escalates into a category whose escalations are restricted from the start: a receipt."""

from datetime import datetime
from typing import NamedTuple

from accounts.models import User
from escalations.models import Restriction, Ticket

MOST = 100


class Receipt(NamedTuple):
    """That something was handed in: what the person knows already, and never how it goes on."""

    reference: str
    l1_reference: str
    at: datetime


def of(user: User) -> list[Receipt]:
    """Return the person's receipts, the newest first."""
    handed_in = Restriction.objects.filter(from_the_start=True, lifted_at=None, ticket__created_by=user)
    return [
        Receipt(one.ticket.reference, one.ticket.l1_reference, one.restricted_at)
        for one in handed_in.select_related("ticket").order_by("-restricted_at", "-pk")[:MOST]
    ]


def is_all_that_is_left(ticket: Ticket, user: User) -> bool:
    """Tell whether `user`, who has just escalated the ticket, does not see it any more."""
    return bool(ticket.restricted_as) and not Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()
