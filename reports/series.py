"""Daily counts of what may rise: per category, root cause, product and error code."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import TruncDate

from escalations.models import State, Ticket
from reports import days
from reports.models import Dimension


class Series(NamedTuple):
    """One thing that may rise."""

    dimension: str
    value: str


class Source(NamedTuple):
    """Where a dimension's value and day stand on a ticket."""

    column: str
    moment: str


#: A root cause is known when the escalation is resolved; counting it by the day of
#: creation would make every past day grow for weeks.
SOURCES: dict[str, Source] = {
    Dimension.CATEGORY: Source("category_id", "created_at"),
    Dimension.ROOT_CAUSE: Source("root_cause_id", "resolved_at"),
    Dimension.PRODUCT: Source("product", "created_at"),
    Dimension.ERROR_CODE: Source("error_code", "created_at"),
}

DailyCounts = Mapping[Series, Mapping[date, int]]


def counts(first: date, last: date) -> DailyCounts:
    """Return each series' count per desk day from `first` to `last`; a day without any is left out."""
    found: defaultdict[Series, dict[date, int]] = defaultdict(dict)
    for dimension, source in SOURCES.items():
        rows = (
            _tickets(dimension, first, last)
            .annotate(day=TruncDate(source.moment, tzinfo=days.zone()))
            .values_list(source.column, "day")
            .annotate(count=Count("pk"))
            .order_by()
        )
        for value, day, count in rows:
            found[Series(dimension, str(value))][day] = count
    return found


def tickets(series: Series, first: date, last: date) -> QuerySet[Ticket]:
    """Return what a series counts in these days."""
    column = SOURCES[series.dimension].column
    return _tickets(series.dimension, first, last).filter(**{column: series.value})


def began() -> date | None:
    """Return the day of the first escalation there is, or None."""
    first = Ticket.objects.aggregate(first=Min("created_at"))["first"]
    return days.day_of(first) if first else None


def _tickets(dimension: str, first: date, last: date) -> QuerySet[Ticket]:
    source = SOURCES[dimension]
    begins, ends = days.span(first, last)
    within = Ticket.objects.filter(**{f"{source.moment}__gte": begins, f"{source.moment}__lt": ends})
    empty = {f"{source.column}__isnull": True} if source.column.endswith("_id") else {source.column: ""}
    return within.exclude(state=State.CANCELLED).exclude(**empty)
