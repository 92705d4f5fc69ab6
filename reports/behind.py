"""Reading a figure back: the facts of single tickets that it is the sum of."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet, Sum

from reports.models import Measure, TicketFact
from reports.selection import Selection

PAGE_SIZE = 50

DURATIONS = frozenset(measure for measure in Measure if measure.endswith(("_business", "_calendar")))


@dataclass(frozen=True)
class Page:
    """Some of the facts behind a figure, each with its ticket; `next` is where the following begin."""

    facts: list[TicketFact]
    next: str


def page(facts: QuerySet[TicketFact], measure: Measure, *, after: str = "", size: int = PAGE_SIZE) -> Page:
    """Return the facts behind the cursor `after`: durations longest first, others latest first.

    Raises ValueError for a cursor that is none.
    """
    by = "total" if measure in DURATIONS else "day"
    if after:
        facts = facts.filter(_beyond(by, after))
    found = list(
        facts.select_related(
            "ticket__ticket__category", "ticket__ticket__owner", "ticket__ticket__customer", "agent"
        ).order_by(f"-{by}", "-pk")[: size + 1]
    )
    following = f"{getattr(found[size - 1], by)}~{found[size - 1].pk}" if len(found) > size else ""
    return Page(found[:size], following)


def counted(selection: Selection, measure: Measure, bucket: int | None) -> int:
    """Return the figure itself, as the dashboard shows it."""
    facts = selection.facts([measure])
    if bucket is not None:
        facts = facts.filter(bucket=bucket)
    return facts.aggregate(sum=Sum("count"))["sum"] or 0


def _beyond(by: str, cursor: str) -> Q:
    written, _, number = cursor.partition("~")
    pk = int(number)
    value: date | int = int(written) if by == "total" else date.fromisoformat(written)
    if not 0 <= pk < 2**63 or (isinstance(value, int) and not 0 <= value < 2**63):
        raise ValueError(cursor)
    return Q(**{f"{by}__lt": value}) | Q(**{by: value, "pk__lt": pk})
