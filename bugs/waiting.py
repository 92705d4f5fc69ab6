"""What escalations wait for a bug to be mended, for the list of who waits for whom."""

from collections.abc import Iterable, Iterator

from accounts.models import User
from bugs.models import BugReport, BugTicket, State
from escalations.models import Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.waits import MOST, On, Wait

NAME = "bug"


def waits(tickets: TicketQuerySet, user: User) -> Iterator[Wait]:
    """Yield the bugs that these escalations wait for, as far as this person sees the report."""
    seen = BugReport.objects.visible_to(user).filter(state=State.OPEN)
    rows = BugTicket.objects.filter(ticket__in=tickets, bug__in=seen)
    for row in rows.select_related("ticket__team", "bug__tracker").order_by("linked_at")[: MOST + 1]:
        bug = row.bug
        yield Wait(
            ticket=row.ticket, on=On.BUG, key=f"{NAME}:{row.pk}", since=row.linked_at, url=bug.get_absolute_url(),
            whom=" · ".join(filter(None, [str(bug.tracker or ""), bug.remote_name, bug.remote_assignee])),
            can_nudge=False,
        )  # fmt: skip


def reached(_ticket: Ticket, _key: str) -> Iterable[User]:
    """Return nobody: whoever mends it reads the tracker."""
    return []
