"""What is true only now: read from the tickets, through their indexes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import User
from common import clock
from escalations.models import UNFINISHED, Clock, Metric, Ticket
from reports import days
from reports.selection import Selection

#: Ages of open tickets, in whole days since the day of their creation: from, to (None: and older).
AGES: tuple[tuple[int, int | None], ...] = ((0, 0), (1, 2), (3, 6), (7, 29), (30, None))


@dataclass(frozen=True)
class Age:
    """How many open tickets were created on the days from `first` (None: ever) to `last`."""

    first: date | None
    last: date
    open: int
    days: tuple[int, int | None]


@dataclass(frozen=True)
class Outlook:
    """The deadlines of one metric that can still be missed: how many, and how many of them probably will be.

    Of `unknown` ones nobody knows; they are not in `expected`.
    """

    metric: Metric
    open: int
    unknown: int
    expected: float


@dataclass(frozen=True)
class Standing:
    """The open tickets of a selection at this moment."""

    open: int
    overdue: int
    unowned: int
    ages: list[Age]
    by_owner: Mapping[int | None, int]
    outlooks: list[Outlook]

    @property
    def outlook(self) -> tuple[int, float | None]:
        """How many deadlines a forecast is known of, and how many of those it lets expect to be missed."""
        known = sum(one.open - one.unknown for one in self.outlooks)
        return known, sum(one.expected for one in self.outlooks) if known else None


def now(selection: Selection, user: User) -> Standing:
    """Return how things stand now, among the tickets that `user` may see."""
    open_now = selection.tickets(user).open()
    today = days.today()
    ages = [
        (None if oldest is None else today - timedelta(days=oldest), today - timedelta(days=youngest))
        for youngest, oldest in AGES
    ]
    by_owner: list[Any] = list(  # dicts, whose keys the annotations name
        open_now.values("owner")
        .annotate(
            open=Count("pk"),
            overdue=Count("pk", filter=Q(next_due_at__lt=clock.now())),
            **{f"age{number}": Count("pk", filter=_created(*age)) for number, age in enumerate(ages)},
        )
        .order_by()
    )

    def total(name: str) -> int:
        return sum(row[name] for row in by_owner)

    return Standing(
        open=total("open"),
        overdue=total("overdue"),
        unowned=sum(row["open"] for row in by_owner if row["owner"] is None),
        ages=[Age(first, last, total(f"age{number}"), AGES[number]) for number, (first, last) in enumerate(ages)],
        by_owner={row["owner"]: row["open"] for row in by_owner},
        outlooks=_outlooks(open_now),
    )


def _outlooks(tickets: QuerySet[Ticket]) -> list[Outlook]:
    open_clocks = Clock.objects.filter(ticket__in=tickets, state__in=UNFINISHED, breached_at=None)
    rows = open_clocks.values("metric").annotate(
        open=Count("pk"), known=Count("breach_probability"), expected=Sum("breach_probability")
    )
    found = {row["metric"]: row for row in rows.order_by()}
    return [
        Outlook(metric, row["open"], row["open"] - row["known"], row["expected"] or 0.0)
        for metric in Metric
        if (row := found.get(metric))
    ]


def _created(first: date | None, last: date) -> Q:
    begins, ends = days.span(first or last, last)
    until = Q(created_at__lt=ends)
    return until if first is None else until & Q(created_at__gte=begins)
