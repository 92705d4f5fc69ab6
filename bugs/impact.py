"""How far a bug reaches, counted over the escalations it concerns, and the severity that this suggests."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet

from bugs.models import BugReport, Severity
from escalations import contract
from escalations.models import Ticket

MANY_CUSTOMERS, SOME_CUSTOMERS = 10, 3


@dataclass(frozen=True)
class Impact:
    """`since`: when the first of the escalations was made, None where there is none. `highest`: 1 is the worst.

    `amounts` is in minor units by currency: the largest that each escalation names, a transaction that several
    name once. Currencies are not added up: there is no rate that would be right.
    """

    tickets: int
    customers: int
    since: datetime | None
    highest: int
    amounts: dict[str, int]

    @property
    def money(self) -> list[str]:
        """The amounts as people read them, in the active language."""
        return [
            contract.amount_as_text({"amount": amount, "currency": currency})
            for currency, amount in sorted(self.amounts.items())
        ]

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
    return _over(Ticket.objects.filter(bugs__bug=bug))


def of_ticket(ticket: Ticket) -> Impact:
    """Return the impact that a report about this escalation alone would have."""
    return _over(Ticket.objects.filter(pk=ticket.pk))


def _over(tickets: QuerySet[Ticket]) -> Impact:
    found = tickets.aggregate(
        tickets=Count("pk", distinct=True),
        customers=Count("customer", distinct=True),
        since=Min("created_at"),
        highest=Min("priority"),
    )
    named = tickets.order_by("pk").values_list("pk", "transaction_ref", "answers")
    return Impact(found["tickets"], found["customers"], found["since"], found["highest"] or 4, _amounts(named))


def _amounts(named: Iterable[tuple[int, str, dict[str, object]]]) -> dict[str, int]:
    largest: dict[tuple[str | int, str], int] = {}
    for number, transaction, answers in named:
        for value in answers.values():
            if isinstance(value, dict) and {"amount", "currency"} <= value.keys():
                place = (transaction or number, value["currency"])
                largest[place] = max(largest.get(place, 0), value["amount"])
    total: Counter[str] = Counter()
    for (_whose, currency), amount in largest.items():
        total[currency] += amount
    return dict(+total)
