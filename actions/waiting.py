"""What escalations wait for somebody's approval of, for the list of who waits for whom."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from accounts.models import User
from actions import access
from actions.models import Action
from actions.models.action import State
from escalations.models import Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.waits import MOST, On, Wait

NAME = "action"


def waits(tickets: TicketQuerySet, user: User) -> Iterator[Wait]:
    """Yield the approvals that these escalations wait for, as far as this person sees the action."""
    rows = Action.objects.visible_to(user).filter(ticket__in=tickets, state=State.REQUESTED)
    for row in rows.select_related("ticket__team").order_by("requested_at")[: MOST + 1]:
        yield Wait(
            ticket=row.ticket,
            on=On.APPROVAL,
            key=f"{NAME}:{row.pk}",
            whom=_("Approval: %s") % row.get_kind_display(),
            since=row.requested_at or row.created_at,
            due_at=row.expires_at,
            url=row.get_absolute_url(),
        )


def reached(ticket: Ticket, key: str) -> Iterable[User]:
    """Return whom a reminder reaches: who may approve it."""
    number = key.partition(":")[2]
    found = Action.objects.filter(ticket=ticket, state=State.REQUESTED, pk=number) if number.isdecimal() else None
    action = found.first() if found is not None else None
    return access.approvers(action) if action is not None else []
