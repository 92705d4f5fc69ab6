"""What one ticket's history adds to the figures: a pure function of its events.

The events are taken in the order in which they happened, whatever the order in
which they were written down or arrive; so figures can be computed as things
happen, late, twice or all over again, and come out the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from escalations.models.conversation import MessageKind
from escalations.models.policy import Metric
from escalations.models.ticket import OPEN, State
from reports import durations
from reports.models.fact import Measure

BREACHED = "sla.breached"

#: Events that only add to a count; the name in their data that becomes the bucket, if any.
COUNTED = {
    "ticket.created": (Measure.CREATED, ""),
    "ticket.accepted": (Measure.ACCEPTED, ""),
    "ticket.returned": (Measure.RETURNED, "reason"),
    "ticket.resubmitted": (Measure.RESUBMITTED, ""),
    "ticket.resolved": (Measure.RESOLVED, "resolution"),
    "ticket.reopened": (Measure.REOPENED, "reason"),
    "ticket.cancelled": (Measure.CANCELLED, "reason"),
    "ticket.merged": (Measure.MERGED, ""),
    "ticket.closed": (Measure.CLOSED, ""),
}

#: Every kind of event that can change a figure.
KINDS = frozenset(COUNTED) | {
    BREACHED,
    "ticket.assigned",
    "ticket.hand_over_moved",
    "ticket.message",
    "ticket.priority_changed",
    "ticket.rated",
    "ticket.resumed",
    "ticket.started",
    "ticket.team_changed",
    "ticket.unmerged",
    "ticket.waiting",
}

#: Whoever triaged did the work, although a returned ticket has no owner.
_TRIAGE = {"ticket.accepted", "ticket.returned"}

#: The clocks that figures are kept of.
REPORTED = (Metric.ACCEPT, Metric.FIRST_RESPONSE, Metric.RESOLUTION)

_ANSWERED_BY_MESSAGE = {MessageKind.TO_CUSTOMER, MessageKind.TO_L1}
_ANSWERED_BY_WAITING = {State.WAITING_CUSTOMER, State.WAITING_L1}


class Happening(NamedTuple):
    """What the figures need of one event."""

    pk: int
    kind: str
    at: datetime
    actor: int
    data: dict[str, Any]


class Dimensions(NamedTuple):
    """What figures can be divided by, as the ticket stood at one moment. Ids; agent may be nobody."""

    team: int
    agent: int | None
    category: int
    channel: str
    priority: int


class Cell(NamedTuple):
    """Where an amount belongs."""

    day: date
    team: int
    agent: int | None
    category: int
    channel: str
    priority: int
    measure: str
    bucket: int | None


class Amount(NamedTuple):
    """How often, and the sum of what was measured (seconds, scores), if anything was."""

    count: int  # type: ignore[assignment]  # nobody misses the tuple's own count()
    total: int


NOTHING = Amount(0, 0)
Facts = dict[Cell, Amount]


def add(one: Amount, other: Amount) -> Amount:
    """Return the sum of two amounts."""
    return Amount(one.count + other.count, one.total + other.total)


def facts(history: Iterable[Happening], zone: ZoneInfo) -> Facts:
    """Return what a ticket with this history adds to the figures, by cell. Days are those of `zone`."""
    story = _Story(zone)
    for happening in sorted(history, key=lambda one: (one.at, one.pk)):
        if happening.kind in KINDS:
            story.tell(happening)
    return story.end()


@dataclass
class _Aim:
    """A clock that reached its aim: when, where, and after how many seconds of its own."""

    at: datetime
    where: Dimensions
    used: int | None


@dataclass
class _Story:
    """One ticket's history as far as it has been told."""

    zone: ZoneInfo
    amounts: defaultdict[Cell, Amount] = field(default_factory=lambda: defaultdict(lambda: NOTHING))
    created_at: datetime | None = None
    now: Dimensions | None = None
    open_as: Dimensions | None = None
    reached: dict[Metric, _Aim] = field(default_factory=dict)
    breached: dict[Metric, datetime] = field(default_factory=dict)

    def tell(self, happening: Happening) -> None:
        if happening.kind == BREACHED:
            self._breach(happening)
            return
        snapshot = happening.data["ticket"]
        where = self.now = _dimensions(snapshot)
        if happening.kind == "ticket.created":
            self.created_at = happening.at
        self._count(happening, where)
        self._move_backlog(happening.at, where if snapshot["state"] in OPEN else None)
        for metric in _aims_reached(happening, snapshot["state"]):
            used = happening.data.get("used") or {}
            self.reached.setdefault(metric, _Aim(happening.at, where, used.get(metric)))
        if happening.kind == "ticket.reopened":
            self.reached.pop(Metric.RESOLUTION, None)

    def end(self) -> Facts:
        """Add what only the whole history tells, and return all that is not nothing."""
        for metric, aim in self.reached.items():
            if aim.used is not None:
                self._add(aim.at, aim.where, Measure(f"{metric}_business"), *_length(aim.used))
                breached_at = self.breached.get(metric)
                if breached_at is None or breached_at > aim.at:
                    self._add(aim.at, aim.where, Measure(f"met:{metric}"))
            if self.created_at is not None:
                seconds = max(0, int((aim.at - self.created_at).total_seconds()))
                self._add(aim.at, aim.where, Measure(f"{metric}_calendar"), *_length(seconds))
        return {cell: amount for cell, amount in self.amounts.items() if amount != NOTHING}

    def _count(self, happening: Happening, where: Dimensions) -> None:
        if happening.kind in COUNTED:
            measure, named = COUNTED[happening.kind]
            if happening.kind in _TRIAGE and where.agent is None:
                where = where._replace(agent=happening.actor)
            self._add(happening.at, where, measure, happening.data.get(named) if named else None)
        elif happening.kind == "ticket.assigned" and where.agent is not None:
            self._add(happening.at, where, Measure.TAKEN)
        elif happening.kind == "ticket.rated":
            score = int(happening.data["score"])
            self._add(happening.at, where, Measure.RATED, score, score)

    def _move_backlog(self, at: datetime, open_as: Dimensions | None) -> None:
        if open_as == self.open_as:
            return
        if self.open_as is not None:
            self._add(at, self.open_as, Measure.BACKLOG, count=-1)
        if open_as is not None:
            self._add(at, open_as, Measure.BACKLOG)
        self.open_as = open_as

    def _breach(self, happening: Happening) -> None:
        metric = Metric(happening.data["metric"])
        if metric in REPORTED and metric not in self.breached:
            self.breached[metric] = happening.at
            # Noticed late, the event knows the ticket as it was then, not as it was when time ran out.
            where = self.now or _dimensions(happening.data["ticket"])
            self._add(happening.at, where, Measure(f"breached:{metric}"))

    def _add(
        self,
        at: datetime,
        where: Dimensions,
        measure: Measure,
        bucket: int | None = None,
        total: int = 0,
        *,
        count: int = 1,
    ) -> None:
        cell = Cell(at.astimezone(self.zone).date(), *where, str(measure), bucket)
        self.amounts[cell] = add(self.amounts[cell], Amount(count, total))


def _aims_reached(happening: Happening, state: str) -> Iterable[Metric]:
    """Return the clocks whose aim this event reaches, unless it was reached before."""
    match happening.kind:
        case "ticket.accepted":
            return [Metric.ACCEPT]
        case "ticket.returned":
            return [Metric.FIRST_RESPONSE]
        case "ticket.message" if happening.data.get("kind") in _ANSWERED_BY_MESSAGE:
            return [Metric.FIRST_RESPONSE]
        case "ticket.waiting" if state in _ANSWERED_BY_WAITING:
            return [Metric.FIRST_RESPONSE]
        case "ticket.resolved":
            return REPORTED
    return []


def _dimensions(snapshot: dict[str, Any]) -> Dimensions:
    return Dimensions(
        snapshot["team"], snapshot["owner"], snapshot["category"], snapshot["channel"], snapshot["priority"]
    )


def _length(seconds: int) -> tuple[int, int]:
    """Return a duration's bucket and its seconds."""
    return durations.bucket(seconds), seconds
