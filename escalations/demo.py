"""What upper apps add to the demo company, so that whoever lays it out need not know them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Case, When

from accounts.models import User
from escalations.access import works_on
from escalations.models import Ticket
from escalations.models.ticket import OPEN

#: Lays out an app's part as it is at that time; people, customers and escalations are there.
LayOut = Callable[[datetime], object]

_parts: dict[str, LayOut] = {}


def register(name: str, lay_out: LayOut) -> None:
    """Have `lay_out` called once the demo company stands. Registering a name again replaces it."""
    _parts[name] = lay_out


def lay_out(now: datetime) -> None:
    """Lay out every part, in the order of registration."""
    for part in _parts.values():
        part(now)


def failed_transaction() -> tuple[Ticket, User] | None:
    """Return the open escalation about a transaction that the demo investigates, and who works on it.

    The newest of whoever signs in as L2, else the newest of anybody.
    """
    open_ones = Ticket.objects.filter(state__in=OPEN, restricted_as="", category__key__contains="transaction")
    of_the_sign_in = Case(When(owner__email__startswith="l2@", then=0), default=1)
    newest = open_ones.filter(owner__isnull=False).select_related("owner").order_by(of_the_sign_in, "-pk")[:50]
    found = ((ticket, ticket.owner) for ticket in newest)
    return next(((ticket, owner) for ticket, owner in found if owner and works_on(owner, ticket)), None)


def moment_of(ticket: Ticket) -> datetime:
    """Return when the transaction of a case happened: at noon in Manila on the day that its contract gives."""
    told = ticket.answers.get("happened_on")
    day = date.fromisoformat(told) if told else (ticket.created_at - timedelta(days=1)).date()
    return min(datetime.combine(day, time(4), UTC), ticket.created_at - timedelta(minutes=10))
