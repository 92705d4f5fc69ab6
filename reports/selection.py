"""Which part of the figures somebody looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from escalations.models import Ticket
from escalations.models.ticket import TicketQuerySet
from reports.models import DailyFact, TicketFact


@dataclass(frozen=True)
class Selection:
    """The days from `first` to `last`, and what to keep of each dimension.

    `teams` are all that may be counted (None: every team); what is None is not
    filtered by.
    """

    first: date
    last: date
    teams: tuple[int, ...] | None = None
    category: int | None = None
    channel: str | None = None
    priority: int | None = None
    agent: int | None = None

    def dimensions(self) -> dict[str, Any]:
        """Return the filters besides the days, for the columns that facts have."""
        named = {
            "team__in": self.teams,
            "agent": self.agent,
            "category": self.category,
            "channel": self.channel,
            "priority": self.priority,
        }
        return {name: value for name, value in named.items() if value is not None}

    def facts(self, measures: Iterable[str]) -> QuerySet[DailyFact]:
        """Return the sums of these measures, in these days."""
        return DailyFact.objects.filter(
            measure__in=list(measures), day__range=(self.first, self.last), **self.dimensions()
        )

    def facts_before(self, measure: str) -> QuerySet[DailyFact]:
        """Return the sums of one measure from the beginning to the day before `first`."""
        return DailyFact.objects.filter(measure=measure, day__lt=self.first, **self.dimensions())

    def ticket_facts(self, user: User, measure: str, bucket: int | None = None) -> QuerySet[TicketFact]:
        """Return what each ticket that `user` may see adds to a figure."""
        found = TicketFact.objects.filter(
            measure=measure,
            day__range=(self.first, self.last),
            ticket__in=Ticket.objects.visible_to(user).values("pk"),
            **self.dimensions(),
        )
        return found if bucket is None else found.filter(bucket=bucket)

    def tickets(self, user: User) -> TicketQuerySet:
        """Return the tickets of any day that match now and that `user` may see."""
        dimensions = self.dimensions()
        if self.agent is not None:
            dimensions["owner"] = dimensions.pop("agent")
        return Ticket.objects.visible_to(user).filter(**dimensions)
