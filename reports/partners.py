"""How partners answer what is handed to them: in time, late, or not yet, by the clocks of what was agreed (OLA).

Counted are the hand-overs that were asked in some days and that were answered or still are owed; those that were
declined or withdrawn are neither. One that was asked again counts by its last asking. The time to an answer is all
time from asking to answering, also where the clock stood still because the partner waited for us.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import OuterRef, Subquery

from accounts.models import User
from common import clock
from escalations.models import Clock, HandOver, HandOverState, Metric
from escalations.models.handover import OWED
from reports import days
from reports.selection import Selection

_COUNTED = (*OWED, HandOverState.ANSWERED, HandOverState.CLOSED)


@dataclass(frozen=True)
class Attainment:
    """One partner's hand-overs. `unaimed` were answered and had no clock; `half` is the median in seconds."""

    partner: str
    in_time: int
    late: int
    unaimed: int
    open: int
    open_late: int
    half: float | None

    @property
    def percent(self) -> float | None:
        """Of what was to be answered by now and had a clock, how much was in time."""
        judged = self.in_time + self.late + self.open_late
        return 100 * self.in_time / judged if judged else None


@dataclass(frozen=True)
class _Row:
    asked_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    started_at: datetime | None

    @property
    def is_late(self) -> bool:
        return self.breached_at is not None or (self.due_at is not None and self.due_at < clock.now())


def attainment(selection: Selection, user: User) -> list[Attainment]:
    """Return each partner's, by name, of the hand-overs that `user` may see; restricted tickets' are left out."""
    begin, end = days.span(selection.first, selection.last)
    # Its clock began in the second in which it was asked. (Truncating would go by the reader's zone.)
    own = Clock.objects.filter(
        ticket=OuterRef("ticket"), metric=Metric.HAND_OVER, team=OuterRef("team"),
        started_at__lte=OuterRef("asked_at"), started_at__gt=OuterRef("asked_at") - timedelta(seconds=1),
    )  # fmt: skip
    found = (
        HandOver.objects.visible_to(user)
        .filter(asked_at__gte=begin, asked_at__lt=end, state__in=_COUNTED)
        .filter(ticket__in=selection.tickets(user).filter(restricted_as="").values("pk"))
    )
    of_clock = {
        name: Subquery(own.order_by("-cycle").values(name)[:1]) for name in ("due_at", "breached_at", "started_at")
    }
    rows: dict[str, list[_Row]] = defaultdict(list)
    for name, *values in found.annotate(**of_clock).values_list("team__name", "asked_at", "ended_at", *of_clock):
        rows[name].append(_Row(*values))
    return [_attained(name, rows[name]) for name in sorted(rows)]


def _attained(name: str, rows: Iterable[_Row]) -> Attainment:
    answered = [row for row in rows if row.ended_at is not None]
    owed = [row for row in rows if row.ended_at is None]
    aimed = [row for row in answered if row.started_at is not None]
    late = sum(row.is_late for row in aimed)
    lengths = [(row.ended_at - row.asked_at).total_seconds() for row in answered if row.ended_at is not None]
    return Attainment(
        name,
        in_time=len(aimed) - late,
        late=late,
        unaimed=len(answered) - len(aimed),
        open=len(owed),
        open_late=sum(row.is_late for row in owed),
        half=median(lengths) if lengths else None,
    )
