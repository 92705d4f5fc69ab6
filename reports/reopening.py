"""How often what was resolved for a root cause comes back: a sign that the cause was not the cause.

Counted are resolutions (a ticket resolved twice has two), each followed for FOLLOW_UP: one counts as reopened if
`ticket.reopened` is the next thing that ended or undid it, within that time. A fixed follow-up treats old and new
ones alike; the younger ones have not been followed for long enough and are left out, whatever became of them.
Rates of readmission are measured so: Horwitz et al., Ann. Intern. Med. 161 (2014) S66, with 30 days. Root cause,
team, category, channel, priority and agent are those that the resolution's own event recorded.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from common import clock
from escalations.models import RootCause
from escalations.snapshot import SUBJECT
from events.models import Event
from reports import days
from reports.selection import Selection

RESOLVED, REOPENED = "ticket.resolved", "ticket.reopened"
#: For so long each resolution is followed.
FOLLOW_UP = timedelta(days=14)

_Z = 1.959963984540054  # 95 %, both sides


@dataclass(frozen=True)
class Share:
    """How many of the resolutions that were followed were reopened; `young` is how many could not be yet."""

    resolved: int = 0
    reopened: int = 0
    young: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.resolved + other.resolved, self.reopened + other.reopened, self.young + other.young)

    @property
    def percent(self) -> float | None:
        return 100 * self.reopened / self.resolved if self.resolved else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The rate's 95 % confidence interval in percent."""
        if not self.resolved:
            return None
        low, high = wilson(self.reopened, self.resolved)
        return 100 * low, 100 * high


@dataclass(frozen=True)
class Reopening:
    """The share of a root cause in these days, and in as many days before; `cause` None: none was recorded."""

    cause: int | None
    name: str
    share: Share
    before: Share

    @property
    def difference(self) -> float | None:
        """By how many percentage points the rate has changed."""
        now, then = self.share.percent, self.before.percent
        return None if now is None or then is None else now - then


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion: Wilson, J. Am. Stat. Assoc. 22 (1927) 209."""
    share, square = hits / tries, _Z * _Z
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    half = _Z / (1 + square / tries) * sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == tries else middle + half)


def by_root_cause(selection: Selection) -> list[Reopening]:
    """Return the root causes of what was resolved in these days, who most surely comes back first."""
    length = selection.last - selection.first + timedelta(days=1)
    now = _shares(selection)
    before = _shares(replace(selection, first=selection.first - length, last=selection.last - length))
    causes = RootCause.objects.filter(pk__in=[pk for pk in now if pk]).select_related("parent__parent")
    names = {cause.pk: cause.path for cause in causes}
    rows = [
        Reopening(cause, names.get(cause or 0, ""), share, before.get(cause, Share()))
        for cause, share in now.items()
    ]
    return sorted(rows, key=lambda row: (-(row.share.interval or (-1,))[0], -row.share.resolved, row.name))


def tickets(selection: Selection, cause: int | None, *, reopened: bool) -> QuerySet[Event, int]:
    """Return the ids of the tickets behind a root cause's counts: of what was followed, or was reopened."""
    recorded = Q(data__root_cause=cause)
    if cause is None:
        recorded |= Q(data__root_cause__isnull=True)
    found = _resolutions(selection).filter(recorded, at__lte=clock.now() - FOLLOW_UP)
    return (found.filter(Q(("next", REOPENED))) if reopened else found).values_list("subject_id", flat=True)


def _resolutions(selection: Selection) -> QuerySet[Event]:
    """Return the resolutions of these days; `next` is what ended or undid each within the follow-up."""
    begin, end = days.span(selection.first, selection.last)
    following = Event.objects.filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), id__gt=OuterRef("id")),
        at__lte=OuterRef("at") + FOLLOW_UP,
        subject_type=SUBJECT,
        subject_id=OuterRef("subject_id"),
        kind__in=[RESOLVED, REOPENED],
    ).order_by("at", "id")
    found = Event.objects.filter(
        subject_type=SUBJECT, kind=RESOLVED, at__gte=begin, at__lt=end, **_filters(selection)
    )
    return found.annotate(next=Subquery(following.values("kind")[:1]))


def _shares(selection: Selection) -> dict[int | None, Share]:
    followed = Q(at__lte=clock.now() - FOLLOW_UP)
    found = (
        _resolutions(selection)
        .values("data__root_cause")
        .annotate(
            resolved=Count("id", filter=followed),
            reopened=Count("id", filter=followed & Q(next=REOPENED)),
            young=Count("id", filter=~followed),
        )
        .order_by()
    )
    return {row["data__root_cause"]: Share(row["resolved"], row["reopened"], row["young"]) for row in found}


def _filters(selection: Selection) -> dict[str, object]:
    """Return the selection as conditions on what the events recorded; agents are owners there."""
    renamed = {"team__in": "team__in", "agent": "owner"}
    return {
        f"data__ticket__{renamed.get(name, name)}": list(value) if isinstance(value, tuple) else value
        for name, value in selection.dimensions().items()
    }
