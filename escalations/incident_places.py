"""What incidents need to know of escalations: for whom they exist, what they are called, what belongs to them."""

from django.db.models import QuerySet

from accounts.models import User
from escalations.models import Attachment, Ticket
from escalations.snapshot import SUBJECT
from incidents.finds import Place


def visible(user: User) -> QuerySet:
    """Return the ids of the tickets that exist for the person."""
    return Ticket.objects.visible_to(user).order_by().values("pk")


def named(number: int) -> tuple[str, str] | None:
    """Return a ticket's reference and address."""
    ticket = Ticket.objects.filter(pk=number).only("pk").first()
    return (ticket.reference, ticket.get_absolute_url()) if ticket is not None else None


def whole(attachment: int) -> Place | None:
    """Return the ticket of an attached file."""
    ticket = Attachment.objects.filter(pk=attachment).values_list("ticket", flat=True).first()
    return Place(SUBJECT, ticket) if ticket is not None else None
