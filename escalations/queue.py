"""The queue: which tickets, in which order, a page at a time.

Pages are cut by keyset: a page begins behind the last row of the one before, so
the deepest page costs what the first costs, nothing is counted, and a row that
comes or goes meanwhile neither repeats nor hides another.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Left
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.errors import Refused
from escalations.models import UNFINISHED, Clock, Message, MessageKind, State, Ticket
from escalations.models.ticket import due_or_never, risk_or_none

PAGE_SIZE = 50


@dataclass(frozen=True)
class Order:
    """A way to sort: columns with their direction, the last one unique.

    `sorts_all`: an index gives all tickets in this order, however many there are. Any other is for open ones.
    """

    label: str | Promise
    columns: tuple[tuple[str, bool], ...]  # (name, descending)
    sorts_all: bool = False


#: States in which a ticket waits for the first line.
NEEDS_L1 = (State.RETURNED, State.WAITING_L1)
LONGEST_EXCERPT = 160

ORDERS = {
    "urgency": Order(gettext_lazy("Most urgent"), (("priority", False), ("urgent_at", False), ("pk", False))),
    "newest": Order(gettext_lazy("Newest"), (("created_at", True), ("pk", True)), sorts_all=True),
    "oldest": Order(gettext_lazy("Oldest"), (("created_at", False), ("pk", False)), sorts_all=True),
    "updated": Order(gettext_lazy("Last changed"), (("updated_at", True), ("pk", True))),
    "risk": Order(gettext_lazy("Most at risk"), (("risk_now", True), ("pk", True))),
    "needs_l1": Order(
        gettext_lazy("What needs you"), (("rank_for_l1", False), ("updated_at", True), ("pk", True))
    ),
    "untouched": Order(gettext_lazy("Longest unchanged"), (("updated_at", False), ("pk", False))),
    "due": Order(gettext_lazy("Next deadline"), (("urgent_at", False), ("pk", False))),
    "-due": Order(gettext_lazy("Last deadline"), (("urgent_at", True), ("pk", True))),
    "reference": Order(gettext_lazy("Lowest reference"), (("pk", False),), sorts_all=True),
    "-reference": Order(gettext_lazy("Highest reference"), (("pk", True),), sorts_all=True),
    "-urgency": Order(gettext_lazy("Least urgent"), (("priority", True), ("urgent_at", True), ("pk", True))),
    "-risk": Order(gettext_lazy("Least at risk"), (("risk_now", False), ("pk", False))),
}
#: Columns of words, each a way to sort in either direction: what is compared.
_WORDS: dict[str, tuple[str | Promise, str]] = {
    "subject": (gettext_lazy("Subject"), "subject"),
    "state": (gettext_lazy("State"), "state"),
    "owner": (gettext_lazy("Owner"), "owner_name"),
    "customer": (gettext_lazy("Customer"), "customer_name"),
    "category": (gettext_lazy("Category"), "category_key"),
    "team": (gettext_lazy("Team"), "team_name"),
    "channel": (gettext_lazy("Channel"), "channel"),
    "product": (gettext_lazy("Product"), "product"),
    "error_code": (gettext_lazy("Error code"), "error_code"),
}
for _key, (_label, _name) in _WORDS.items():
    ORDERS[_key] = Order(_label, ((_name, False), ("pk", False)))
    ORDERS[f"-{_key}"] = Order(_label, ((_name, True), ("pk", True)))

#: What is sorted by and no column of the ticket.
_COMPUTED: dict[str, Callable[[], Any]] = {
    "urgent_at": due_or_never,
    "risk_now": risk_or_none,
    "rank_for_l1": lambda: _rank_for_l1(),
    "owner_name": lambda: Coalesce("owner__name", Value("")),
    "customer_name": lambda: F("customer__name"),
    "category_key": lambda: F("category__key"),
    "team_name": lambda: F("team__name"),
}


@dataclass(frozen=True)
class Page:
    """One page of tickets, and the cursors of its neighbours (None where there is none)."""

    tickets: list[Any]
    previous: str | None
    next: str | None


def with_row_data(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Fetch with each ticket what a row of the queue shows."""
    clocks = Clock.objects.filter(state__in=UNFINISHED).select_related("team").order_by("due_at")
    return (
        tickets.select_related("customer", "category", "owner", "team")
        .defer("description", "answers", "imported_facts", "answer_to_l1", "answer_to_customer")
        .prefetch_related(Prefetch("clocks", clocks, to_attr="live_clocks"))
    )


def live_clocks(ticket: Ticket) -> list[Clock]:
    """Return the running and paused clocks that `with_row_data` fetched."""
    clocks: list[Clock] = ticket.live_clocks  # type: ignore[attr-defined]  # by with_row_data
    return clocks


def page(
    tickets: QuerySet[Ticket],
    *,
    order: str = "urgency",
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
    read: Callable[[QuerySet[Ticket]], QuerySet[Any]] = with_row_data,
) -> Page:
    """Return the page behind the cursor `after`, or before the cursor `before`, or the first.

    `read` says what is fetched of each ticket; what is sorted by has to be among it. Raises Refused for a cursor
    that is none.
    """
    columns = ORDERS[order].columns
    backwards = bool(before)
    tickets = sortable(tickets, order)
    if cursor := (before or after):
        tickets = tickets.filter(_beyond(columns, _decode(cursor, columns), backwards=backwards))
    rows = list(read(tickets).order_by(*_ordering(columns, backwards=backwards))[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(after), more)
    return Page(
        tickets=rows,
        previous=_encode(rows[0], columns) if rows and has_previous else None,
        next=_encode(rows[-1], columns) if rows and has_next else None,
    )


def sortable(tickets: QuerySet[Ticket], order: str) -> QuerySet[Ticket]:
    """Add what `order` sorts by and is no column of the ticket."""
    return tickets.annotate(
        **{name: _COMPUTED[name]() for name, _descending in ORDERS[order].columns if name in _COMPUTED}
    )


def neighbour(tickets: QuerySet[Ticket], ticket: Ticket, *, order: str, backwards: bool = False) -> Ticket | None:
    """Return the ticket of a list that comes behind `ticket` (or before it), None at its end.

    The place of `ticket` is by what it is now, so it may have left the list meanwhile.
    """
    columns = ORDERS[order].columns
    here = sortable(Ticket.objects.filter(pk=ticket.pk), order).get()  # one that the caller has been shown
    values = [getattr(here, name) for name, _descending in columns]
    beyond = sortable(tickets, order).filter(_beyond(columns, values, backwards=backwards))
    return beyond.order_by(*_ordering(columns, backwards=backwards)).first()


def _ordering(columns: Sequence[tuple[str, bool]], *, backwards: bool) -> list[str]:
    return [f"{'-' if descending != backwards else ''}{name}" for name, descending in columns]


def with_last_word(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Add what was last said that L1 may read: `last_word`, `last_word_kind`, `last_word_at`, `last_word_by`."""
    said = (
        Message.objects.filter(ticket=OuterRef("pk"))
        .exclude(kind__in=[MessageKind.NOTE, MessageKind.PARTNER])
        .order_by("-created_at", "-pk")
    )
    return tickets.annotate(
        last_word=Subquery(said.values(excerpt=Left("body", LONGEST_EXCERPT))[:1]),
        last_word_kind=Subquery(said.values("kind")[:1]),
        last_word_at=Subquery(said.values("created_at")[:1]),
        last_word_by=Subquery(said.values("author__name")[:1]),
    )


def _rank_for_l1() -> Case:
    return Case(When(state__in=NEEDS_L1, then=Value(0)), default=Value(1), output_field=IntegerField())


def _beyond(columns: Sequence[tuple[str, bool]], values: Sequence[Any], *, backwards: bool) -> Q:
    """Return the condition "sorts strictly behind `values`" (before them, if backwards)."""
    condition = Q(pk=None)
    equal = Q()
    for (name, descending), value in zip(columns, values, strict=True):
        comparison = "lt" if descending != backwards else "gt"
        condition |= equal & Q(**{f"{name}__{comparison}": value})
        equal &= Q(**{name: value})
    first, descending = columns[0]
    bound = "lte" if descending != backwards else "gte"
    # Said once more for the first column alone, so that an index can start there.
    return Q(**{f"{first}__{bound}": values[0]}) & condition


def _encode(ticket: Any, columns: Sequence[tuple[str, bool]]) -> str:
    values = [getattr(ticket, name) for name, _descending in columns]
    raw = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[tuple[str, bool]]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(columns):
            raise ValueError(cursor)
        return [_value(name, value) for (name, _descending), value in zip(columns, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Refused(_("This page's address is damaged. Start from the first page.")) from None


#: What is compared as words.
_TEXTS = frozenset(name for _label, name in _WORDS.values())


def _value(name: str, value: Any) -> Any:
    if name in _TEXTS:
        if not isinstance(value, str) or "\x00" in value:
            raise ValueError(value)
        return value
    if name.endswith("_at"):
        moment = parse_datetime(str(value))
        if moment is None or moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(value)
    return value
