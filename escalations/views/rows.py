"""A ticket as a row of a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common import durations
from escalations.deadlines import Deadline, of_clocks
from escalations.models import State, Ticket
from escalations.queue import NEEDS_L1


@dataclass(frozen=True)
class Row:
    """One ticket with its deadlines that still count, the next one first."""

    ticket: Ticket
    deadlines: list[Deadline]
    href: str

    @property
    def next(self) -> Deadline | None:
        """The deadline to look at: the next one due, else what stands still."""
        return self.deadlines[0] if self.deadlines else None

    @property
    def later(self) -> str:
        """The other deadlines in a few quiet words."""
        return " · ".join(_in_words(deadline) for deadline in self.deadlines[1:])

    @property
    def needs_l1(self) -> bool:
        return self.ticket.state in NEEDS_L1


def rows(tickets: Iterable[Ticket], user: User) -> list[Row]:
    """Return the rows of tickets fetched by queue.page; what is new opens the triage screen for who triages it."""
    own = set(user.teams_as(Role.L2, Role.LEAD))
    return [
        Row(
            ticket=ticket,
            deadlines=of_clocks(ticket.live_clocks),  # type: ignore[attr-defined]  # prefetched by queue.page
            href=_address(ticket, triages=ticket.team_id in own),
        )
        for ticket in tickets
    ]


def _address(ticket: Ticket, *, triages: bool) -> str:
    name = "triage" if triages and ticket.state == State.NEW else "ticket"
    return reverse(name, args=[ticket.reference])


def _in_words(deadline: Deadline) -> str:
    if deadline.remaining is None:
        return deadline.label
    span = durations.roughly(abs(deadline.remaining))
    pattern = _("{label} {time} over") if deadline.remaining < 0 else _("{label} {time}")
    return pattern.format(label=deadline.label, time=span)
