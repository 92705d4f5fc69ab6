"""How far a bug reaches, counted over the escalations it concerns, and the severity that this suggests."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from bugs.models import BugReport, Severity
from escalations.models import Ticket

MANY_CUSTOMERS, SOME_CUSTOMERS = 10, 3


@dataclass(frozen=True)
class Impact:
    """`since`: when the first of the escalations was made, None where there is none. `highest`: 1 is the worst."""

    tickets: int
    customers: int
    since: datetime | None
    highest: int

    @property
    def suggested(self) -> Severity:
        """Critical from P1 or ten customers on, major from P2 or three on, trivial where nothing is above P4."""
        if self.highest == 1 or self.customers >= MANY_CUSTOMERS:
            return Severity.CRITICAL
        if self.highest == 2 or self.customers >= SOME_CUSTOMERS:
            return Severity.MAJOR
        return Severity.MINOR if self.highest == 3 else Severity.TRIVIAL


def of(bug: BugReport) -> Impact:
    """Return the impact of a report that is stored, over all of its escalations."""
    return _over(Ticket.objects.filter(bugs__bug=bug).values_list("pk", flat=True))


def of_ticket(ticket: Ticket) -> Impact:
    """Return the impact that a report about this escalation alone would have."""
    return _over([ticket.pk])


def _over(numbers: object) -> Impact:
    found = Ticket.objects.filter(pk__in=numbers).aggregate(  # type: ignore[misc]
        tickets=Count("pk"),
        customers=Count("customer", distinct=True),
        since=Min("created_at"),
        highest=Min("priority"),
    )
    return Impact(found["tickets"], found["customers"], found["since"], found["highest"] or 4)
