"""What became of a ticket's clocks under some rules, and the sums of that over many tickets."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce

from escalations import sla
from escalations.clocks import Aim, Ledger, due_after, read
from escalations.models import Clock, ClockState, Does
from escalations.models.ticket import TicketQuerySet
from reports.models import Outcome
from reports.past import ByHand, Past, Stage, Standing
from reports.trial import SteadyRulebook


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

    def plus(self, other: "Tally") -> "Tally":
        return Tally(self.met + other.met, self.missed + other.missed, self.open + other.open)


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


_OUTCOMES = {ClockState.STOPPED: Outcome.MET, ClockState.CANCELLED: Outcome.VOID}
#: The place of each outcome in a tally; what ended without a result is not counted.
_PLACES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.OPEN: 2}


class Sums:
    """Everything that a simulation counts, ticket by ticket. `at` is the present."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.cells: defaultdict[Cell, list[list[int]]] = defaultdict(
            lambda: [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0]]
        )
        self.days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, past: Past, day: date, before: list[Ledger], after: list[Ledger]) -> list[Change]:
        """Count a ticket's clocks by both rules; return those that one misses and the other does not."""
        if before is after:
            for ledger in before:
                outcome = outcome_of(ledger, self.at)
                self._count(self._cell(past, ledger), day, outcome, outcome)
            return []
        changes = []
        clocks: dict[tuple[str, int], list[Ledger | None]] = {}
        for place, ledgers in enumerate((before, after)):
            for ledger in ledgers:
                clocks.setdefault((ledger.metric, ledger.cycle), [None, None])[place] = ledger
        for one, other in clocks.values():
            known = one or other
            assert known is not None  # noqa: S101  one of them named the clock
            cell, was, becomes = self._cell(past, known), outcome_of(one, self.at), outcome_of(other, self.at)
            self._count(cell, day, was, becomes)
            if (was == Outcome.MISSED) != (becomes == Outcome.MISSED):
                self.cells[cell][3][was == Outcome.MISSED] += 1
                changes.append(
                    Change(
                        past.ticket_id, known.metric, known.cycle, cell.team, cell.priority, was, becomes,
                        deadline(one, self.at), deadline(other, self.at), known.now.stopped_at,
                    )
                )  # fmt: skip
        return changes

    def _cell(self, past: Past, ledger: Ledger) -> Cell:
        return Cell(ledger.metric, ledger.team_id or past.standing.team_id, past.standing.priority)

    def _count(self, cell: Cell, day: date, *outcomes: Outcome) -> None:
        sums = self.cells[cell]
        for place, outcome in enumerate(outcomes):
            column = _PLACES.get(outcome)
            if column is not None:
                sums[place][column] += 1
            if outcome == Outcome.MISSED:
                self.days[day][place] += 1

    def add_real(self, tickets: TicketQuerySet) -> None:
        """Count what really happened to the clocks of these tickets."""
        late = Q(breached_at__isnull=False)
        rows = (
            Clock.objects.filter(ticket__in=tickets.values("pk"))
            .annotate(whose=Coalesce("team_id", "ticket__team_id"), level=F("ticket__priority"))
            .values_list("metric", "whose", "level")
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


@dataclass
class _World:
    """A ticket's ledgers under some rules. `own_aims` are those of clocks whose deadline is set by hand."""

    rules: SteadyRulebook
    ledgers: list[Ledger] = field(default_factory=list)
    own_aims: dict[tuple[str, int], Aim] = field(default_factory=dict)

    def under(self, rules: SteadyRulebook) -> "_World":
        """Return the same ledgers, to go on under other rules."""
        ledgers = [replace(ledger, entries=[*ledger.entries]) for ledger in self.ledgers]
        return _World(rules, ledgers, dict(self.own_aims))

    def follow(self, standing: Standing, stage: Stage) -> None:
        if stage.by_hand is not None:
            self._set_by_hand(stage.by_hand, standing, stage.at)
        sla.follow(
            standing,
            self.ledgers,
            at=stage.at,
            rules=self.rules.itself,
            reason=stage.kind,
            hand_overs=stage.hand_overs,
            rematch=stage.rematch,
        )

    def _set_by_hand(self, change: ByHand, standing: Standing, at: datetime) -> None:
        """Let a clock run towards the date that somebody set, whatever the rules, or towards its own aim again."""
        clock = (change.metric, change.cycle)
        for ledger in self.ledgers:
            if (ledger.metric, ledger.cycle) != clock or not ledger.is_open:
                continue
            own = self.own_aims.setdefault(clock, ledger.aim)
            if change.due_at is None:
                del self.own_aims[clock]
                matched = self.rules.policies_for(standing)
                aim = sla.policy_aim(ledger, standing, rulebook=self.rules, matched=matched) or own
            else:
                aim = own._replace(due_at=change.due_at)
            ledger.aim_at(at, aim, "by_hand")


def replayed(past: Past, before: SteadyRulebook, after: SteadyRulebook) -> tuple[list[Ledger], list[Ledger]]:
    """Carry a ticket through its past by either rules; return its ledgers under each.

    They are one and the same where the rules never differ for this ticket, as with most tickets and drafts.
    """
    worlds = [_World(before)]
    for stage in past.stages():
        if len(worlds) == 1 and not before.agrees(after, past.standing, stage.hand_overs):
            worlds.append(worlds[0].under(after))
        for world in worlds:
            world.follow(past.standing, stage)
    return worlds[0].ledgers, worlds[-1].ledgers


def outcome_of(ledger: Ledger | None, at: datetime) -> Outcome:
    """Return what has become of a clock by `at`."""
    if ledger is None:
        return Outcome.NONE
    if ledger.breached(at) is not None:
        return Outcome.MISSED
    return _OUTCOMES.get(ledger.now.state, Outcome.OPEN)


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
