"""A ticket as a row of a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common import durations
from escalations.deadlines import Deadline, of_clocks, seen_by
from escalations.models import Metric, State, Ticket
from escalations.queue import NEEDS_L1, live_clocks


@dataclass(frozen=True)
class Row:
    """One ticket with its deadlines that still count, the next one first."""

    ticket: Ticket
    deadlines: list[Deadline]
    href: str
    tags: list[str]

    @property
    def next(self) -> Deadline | None:
        """The deadline to look at: the next one due, else what stands still."""
        return self.deadlines[0] if self.deadlines else None

    @property
    def likeliest(self) -> Deadline | None:
        """The customer's deadline that is most likely to be missed, of those that somebody knows this of."""
        known = [one for one in self.deadlines if one.risk is not None and not one.is_among_us]
        return max(known, key=lambda deadline: deadline.probability or 0, default=None)

    @property
    def later(self) -> str:
        """The other deadline in a few quiet words, or how many there are."""
        others = self.deadlines[1:]
        if len(others) == 1:
            return _in_words(others[0])
        return _("{n} more").format(n=len(others)) if others else ""

    @property
    def needs_l1(self) -> bool:
        return self.ticket.state in NEEDS_L1


def rows(tickets: Iterable[Ticket], user: User) -> list[Row]:
    """Return the rows of tickets fetched by queue.page; what is new opens the triage screen for who triages it."""
    own = set(user.teams_as(Role.L2, Role.LEAD))
    return [
        Row(
            ticket=ticket,
            deadlines=_worth_a_look(ticket, user),
            href=_address(ticket, triages=ticket.team_id in own),
            tags=ticket.tags if user.reads_all or ticket.team_id in own else [],
        )
        for ticket in tickets
    ]


def _worth_a_look(ticket: Ticket, user: User) -> list[Deadline]:
    """Return what the customer is owed and what a partner owes; a team's own share stands on the ticket's page."""
    deadlines = of_clocks(seen_by(user, ticket, live_clocks(ticket)))
    return [deadline for deadline in deadlines if deadline.metric != Metric.OWNERSHIP]


def _address(ticket: Ticket, *, triages: bool) -> str:
    name = "triage" if triages and ticket.state == State.NEW else "ticket"
    return reverse(name, args=[ticket.reference])


def _in_words(deadline: Deadline) -> str:
    if deadline.remaining is None:
        return deadline.label
    span = durations.roughly(abs(deadline.remaining))
    pattern = _("{label} {time} over") if deadline.remaining < 0 else _("{label} {time}")
    return pattern.format(label=deadline.label, time=span)
