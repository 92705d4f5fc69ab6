"""What restricted tickets hide from whoever reads the record and the trail: they, and what hangs on them."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from escalations.models import Alert, Attachment, Customer, MessageDraft, Ticket

Ids = QuerySet[Any, Any]


def tickets(user: User) -> Ids:
    """Return the ids of restricted tickets whose list `user` is not on."""
    return Ticket.objects.hidden_from(user).values("pk")


def attachments(user: User) -> Ids:
    """Return the ids of files on such tickets."""
    return Attachment.objects.filter(ticket__in=tickets(user)).values("pk")


def alerts(user: User) -> Ids:
    """Return the ids of alerts about such tickets."""
    return Alert.objects.filter(ticket__in=tickets(user)).values("pk")


def drafts(user: User) -> Ids:
    """Return the ids of drafts of messages on such tickets."""
    return MessageDraft.objects.filter(ticket__in=tickets(user)).values("pk")


def customers(user: User) -> Ids:
    """Return the ids of customers of whom nothing but such tickets is known."""
    about = Ticket.objects.filter(customer=OuterRef("pk"))
    only = Exists(about.hidden_from(user)) & ~Exists(about.not_hidden_from(user))
    return Customer.objects.filter(only).values("pk")
