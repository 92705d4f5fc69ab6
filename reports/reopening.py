"""How often what was resolved for a root cause comes back: a sign that the cause was not the cause.

Counted are resolutions (a ticket resolved twice has two). One counts as reopened when the next thing that ended or
undid it was `ticket.reopened`; what was resolved lately may still be. Root cause, team, category, channel,
priority and agent are those that the resolution's own event recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from django.db.models import Count, OuterRef, Q, Subquery

from escalations.models import RootCause
from escalations.snapshot import SUBJECT
from events.models import Event
from reports import days
from reports.selection import Selection

RESOLVED, REOPENED = "ticket.resolved", "ticket.reopened"
_Z = 1.959963984540054  # 95 %, both sides


@dataclass(frozen=True)
class Reopening:
    """Of how many resolutions with this root cause how many were reopened; `cause` None: none was recorded."""

    cause: int | None
    name: str
    resolved: int
    reopened: int

    @property
    def percent(self) -> float:
        return 100 * self.reopened / self.resolved

    @property
    def interval(self) -> tuple[float, float]:
        """The rate's 95 % confidence interval in percent."""
        low, high = wilson(self.reopened, self.resolved)
        return 100 * low, 100 * high


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion: Wilson, J. Am. Stat. Assoc. 22 (1927) 209."""
    share, square = hits / tries, _Z * _Z
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    half = _Z / (1 + square / tries) * sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == tries else middle + half)


def by_root_cause(selection: Selection) -> list[Reopening]:
    """Return the root causes of what was resolved in these days, who most surely comes back first."""
    begin, end = days.span(selection.first, selection.last)
    following = Event.objects.filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), id__gt=OuterRef("id")),
        subject_type=SUBJECT,
        subject_id=OuterRef("subject_id"),
        kind__in=[RESOLVED, REOPENED],
    ).order_by("at", "id")
    found = (
        Event.objects.filter(subject_type=SUBJECT, kind=RESOLVED, at__gte=begin, at__lt=end, **_filters(selection))
        .annotate(next=Subquery(following.values("kind")[:1]))
        .values("data__root_cause")
        .annotate(resolved=Count("id"), reopened=Count("id", filter=Q(next=REOPENED)))
        .order_by()
    )
    names = _names()
    rows = [
        Reopening(
            row["data__root_cause"], names.get(row["data__root_cause"], ""), row["resolved"], row["reopened"]
        )
        for row in found
    ]
    return sorted(rows, key=lambda row: (-row.interval[0], -row.resolved, row.name))


def _names() -> Mapping[int, str]:
    return {cause.pk: cause.path for cause in RootCause.objects.select_related("parent__parent")}


def _filters(selection: Selection) -> dict[str, object]:
    """Return the selection as conditions on what the events recorded; agents are owners there."""
    renamed = {"team__in": "team__in", "agent": "owner"}
    return {
        f"data__ticket__{renamed.get(name, name)}": list(value) if isinstance(value, tuple) else value
        for name, value in selection.dimensions().items()
    }
