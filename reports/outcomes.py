"""What became of a ticket's clocks under some rules, and the sums of that over many tickets."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce

from escalations import sla
from escalations.clocks import Ledger, due_after, read
from escalations.models import Clock, ClockState, Does
from escalations.models.ticket import TicketQuerySet
from escalations.policies import Rulebook
from reports.models import Outcome
from reports.past import Past, SetByHand


class Cell(NamedTuple):
    """Where a clock is counted: by whose work it measures, or else with the ticket's team."""

    metric: str
    team: int
    priority: int


class Tally(NamedTuple):
    """How many clocks were in time, missed, and are still open."""

    met: int = 0
    missed: int = 0
    open: int = 0

    @property
    def percent(self) -> float | None:
        """The share in time of those that came to an end or are late, None where there are none."""
        judged = self.met + self.missed
        return 100 * self.met / judged if judged else None

    @property
    def clocks(self) -> int:
        return self.met + self.missed + self.open


def total(tallies: Sequence[Tally]) -> Tally:
    """Return the sum of tallies."""
    return Tally(*(sum(column) for column in zip(*tallies, strict=True))) if tallies else Tally()


class Change(NamedTuple):
    """A clock that is missed by one of two rules and not by the other."""

    ticket_id: int
    metric: str
    cycle: int
    team_id: int
    priority: int
    before: Outcome
    after: Outcome
    due_before: datetime | None
    due_after: datetime | None
    stopped_at: datetime | None


#: The place of each outcome in a tally; what ended without a result is not counted.
_PLACES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.OPEN: 2}
_WHOSE_WORK = "whose"


class Sums:
    """Everything that a simulation counts, ticket by ticket. `at` is the present."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.cells: defaultdict[Cell, list[list[int]]] = defaultdict(lambda: [[0, 0, 0], [0, 0, 0], [0, 0, 0]])
        self.days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, past: Past, day: date, before: list[Ledger], after: list[Ledger]) -> Iterator[Change]:
        """Count a ticket's clocks by both rules; yield those that one misses and the other does not."""
        clocks: dict[tuple[str, int], list[Ledger | None]] = {}
        for place, ledgers in enumerate((before, after)):
            for ledger in ledgers:
                clocks.setdefault((ledger.metric, ledger.cycle), [None, None])[place] = ledger
        missed = self.days[day]
        for (metric, cycle), pair in clocks.items():
            known = pair[0] or pair[1]
            cell = Cell(metric, (known and known.team_id) or past.standing.team_id, past.standing.priority)
            sums = self.cells[cell]
            found = []
            for place, ledger in enumerate(pair):
                outcome = outcome_of(ledger, self.at)
                found.append(outcome)
                if (column := _PLACES.get(outcome)) is not None:
                    sums[place][column] += 1
                if outcome == Outcome.MISSED:
                    missed[place] += 1
            if (found[0] == Outcome.MISSED) != (found[1] == Outcome.MISSED):
                stopped = next((one.now.stopped_at for one in pair if one is not None), None)
                yield Change(
                    past.ticket_id, metric, cycle, cell.team, cell.priority, *found,
                    deadline(pair[0], self.at), deadline(pair[1], self.at), stopped,
                )  # fmt: skip

    def add_real(self, tickets: TicketQuerySet) -> None:
        """Count what really happened to the clocks of these tickets."""
        late = Q(breached_at__isnull=False)
        rows = (
            Clock.objects.filter(ticket__in=tickets.values("pk"))
            .annotate(**{_WHOSE_WORK: Coalesce("team_id", "ticket__team_id"), "level": F("ticket__priority")})
            .values_list("metric", _WHOSE_WORK, "level")
            .annotate(
                met=Count("pk", filter=Q(state=ClockState.STOPPED) & ~late),
                missed=Count("pk", filter=late),
                open=Count("pk", filter=Q(state__in=[ClockState.RUNNING, ClockState.PAUSED]) & ~late),
            )
            .order_by()
        )
        for metric, team, priority, met, missed, open_ones in rows:
            self.cells[Cell(metric, team, priority)][2] = [met, missed, open_ones]

    def as_json(self) -> dict[str, Any]:
        """Return the sums as Simulation.result keeps them."""
        return {
            "cells": [[*cell, *tallies] for cell, tallies in sorted(self.cells.items())],
            "days": [[day.isoformat(), *missed] for day, missed in sorted(self.days.items())],
        }


def replayed(past: Past, rulebooks: Sequence[Rulebook]) -> list[list[Ledger]]:
    """Carry a ticket through its past by each of these rules; return its ledgers under each."""
    worlds: list[list[Ledger]] = [[] for _ in rulebooks]
    by_hand = past.by_hand[::-1]
    for stage in past.stages():
        while by_hand and by_hand[-1].at < stage.at:
            _set_by_hand(worlds, by_hand.pop())
        for rulebook, ledgers in zip(rulebooks, worlds, strict=True):
            sla.follow(
                past.standing,
                ledgers,
                at=stage.at,
                rules=lambda rulebook=rulebook: rulebook,
                reason=stage.kind,
                hand_overs=stage.hand_overs,
                rematch=stage.rematch,
            )
    while by_hand:
        _set_by_hand(worlds, by_hand.pop())
    return worlds


def _set_by_hand(worlds: Sequence[list[Ledger]], entry: SetByHand) -> None:
    """A date that somebody set stands whatever the rules."""
    for ledgers in worlds:
        for ledger in ledgers:
            if (ledger.metric, ledger.cycle) == (entry.metric, entry.cycle):
                ledger.aim_at(entry.at, ledger.aim._replace(due_at=entry.due_at), entry.metric)


def outcome_of(ledger: Ledger | None, at: datetime) -> Outcome:
    """Return what has become of a clock by `at`."""
    if ledger is None:
        return Outcome.NONE
    if ledger.breached(at) is not None:
        return Outcome.MISSED
    return {
        ClockState.STOPPED: Outcome.MET,
        ClockState.CANCELLED: Outcome.VOID,
    }.get(ledger.now.state, Outcome.OPEN)


def deadline(ledger: Ledger | None, at: datetime) -> datetime | None:
    """Return the deadline as it stood in the end: where it was missed, or would have been missed next."""
    if ledger is None:
        return None
    if (breached_at := ledger.breached(at)) is not None:
        return breached_at
    running = [entry for entry in ledger.entries if entry.does in {Does.RUN, Does.PAUSE}]
    reading, last = read(running), running[-1]
    if reading.due_at is not None or last.aim.seconds is None:
        return reading.due_at
    return due_after(last.aim.calendar, ledger.entries[-1].at, max(0, last.aim.seconds - reading.used))
