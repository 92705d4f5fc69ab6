"""What restricted tickets hide from whoever reads the record and the trail: they, and what hangs on them."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, Model, OuterRef, QuerySet

from accounts.models import User
from escalations.models import Customer, Ticket

Ids = QuerySet[Any, Any]


def tickets(user: User) -> Ids:
    """Return the ids of restricted tickets whose list `user` is not on."""
    return Ticket.objects.hidden_from(user).values("pk")


def on_tickets(model: type[Model]) -> Callable[[User], Ids]:
    """Return what tells the ids of the model's rows whose `ticket` is such a ticket."""
    return lambda user: model._default_manager.filter(ticket__in=tickets(user)).values("pk")


def customers(user: User) -> Ids:
    """Return the ids of customers of whom nothing but such tickets is known."""
    about = Ticket.objects.filter(customer=OuterRef("pk"))
    only = Exists(about.hidden_from(user)) & ~Exists(about.not_hidden_from(user))
    return Customer.objects.filter(only).values("pk")
