"""Open clocks at moments of their lives: what could be known of them then, and what became of them. Pure.

A clock's past is looked at from several moments at which it was open and not missed yet (landmarks: van
Houwelingen, "Dynamic prediction by landmarking in event history analysis", Scand. J. Stat. 34 (2007)). Each
is told nothing but what lay before it, so that a model learns from what it will have to go by.

The moments are spread evenly: one at random in each eighth of the target that the clock reached, and one in
each segment in which it stood still. Chance follows from the clock's number: a second look sees the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from escalations.clocks import Entry, due_after, used_between
from escalations.models import Does, State

#: How many parts of the target have a moment of their own.
STRATA = 8
STATES = tuple(State.values)

#: Instants are seconds since the epoch; `used` and `target` are seconds as the clock counts them. `due` is when
#: the time would be used up: for a clock that stands still, if it went on at once. `decided` is when the clock
#: was missed or ended, infinite while it is neither; `breached` tells which.
COLUMNS: list[tuple[str, str]] = [
    ("ticket", "i8"), ("clock", "i8"), ("created", "f8"), ("at", "f8"),
    ("target", "f8"), ("used", "f8"), ("due", "f8"), ("runs", "?"),
    ("state", "i1"), ("state_since", "f8"), ("priority", "i1"), ("owned", "?"),
    ("moves", "i4"), ("reopens", "i4"), ("team", "i8"), ("category", "i8"),
    ("breached", "?"), ("decided", "f8"),
]  # fmt: skip

Moments = NDArray[Any]  # rows of COLUMNS


class Happened(NamedTuple):
    """An event and how its ticket stood afterwards. `category` is 0 where the past one is not known."""

    at: datetime
    kind: str
    state: str
    team: int
    owner: int | None
    category: int
    priority: int


class Standing(NamedTuple):
    """How a ticket stands from `at` on; the rest are columns of a moment."""

    at: float
    state: int
    state_since: float
    priority: int
    owned: bool
    moves: int
    reopens: int
    team: int
    category: int


class Past(NamedTuple):
    """A clock's ledger, and how its ticket stood from its creation on."""

    ticket: int
    clock: int
    team: int | None
    started_at: datetime
    entries: Sequence[Entry]
    standings: Sequence[Standing]


class _Look(NamedTuple):
    """One moment of a clock, as far as its ledger tells."""

    at: float
    target: float
    used: float
    due: float
    runs: bool


def standings(history: Iterable[Happened]) -> list[Standing]:
    """Return how a ticket stood after each of its events, which come in the order of time."""
    found: list[Standing] = []
    moves = reopens = 0
    team, state, since = None, "", 0.0
    for event in history:
        at = event.at.timestamp()
        moves += team is not None and event.team != team
        reopens += event.kind == "ticket.reopened"
        if event.state != state:
            state, since = event.state, at
        team = event.team
        found.append(
            Standing(
                at, STATES.index(state), since, event.priority, event.owner is not None, moves, reopens,
                event.team, event.category,
            )
        )  # fmt: skip
    return found


def of_clocks(pasts: Iterable[Past], until: datetime) -> Moments:
    """Return the moments of these clocks, as known at `until`: nothing later is looked at."""
    return np.array([row for past in pasts for row in _rows(past, until)], dtype=COLUMNS)


def _rows(past: Past, until: datetime) -> Iterator[tuple[Any, ...]]:
    entries = [entry for entry in past.entries if entry.at < until]
    if not entries or not past.standings:
        return
    looks, breached, decided = _life(past, entries, until)
    number = 0
    for look in looks:
        while number + 1 < len(past.standings) and past.standings[number + 1].at <= look.at:
            number += 1
        now = past.standings[number]
        yield (
            past.ticket, past.clock, past.standings[0].at, *look,
            now.state, now.state_since, now.priority, now.owned, now.moves, now.reopens,
            past.team or now.team, now.category, breached, decided,
        )  # fmt: skip


def _life(past: Past, entries: Sequence[Entry], until: datetime) -> tuple[list[_Look], bool, float]:
    """Return the moments of a clock's open life, whether it was missed, and when that was decided."""
    looks: list[_Look] = []
    used = 0
    for number, entry in enumerate(entries):
        last = number == len(entries) - 1
        if entry.does in (Does.STOP, Does.CANCEL):
            if last:
                return looks, False, entry.at.timestamp()
            continue  # what was done came undone: between the two nobody waited for it
        end = until if last else entries[number + 1].at
        dated, runs = entry.aim.due_at is not None, entry.does == Does.RUN
        segment = _segment(past, number, entry, used)
        missed = (runs or dated) and segment.due < end
        looks += segment.looks(min(end, segment.due) if missed else end)
        if missed:
            return looks, True, segment.due.timestamp()
        if runs:
            used += used_between(entry.aim.calendar, entry.at, end)
    return looks, False, float("inf")


class _Segment(NamedTuple):
    """A clock between two entries: `begun` of `target` seconds are used when it begins."""

    clock: int
    number: int
    entry: Entry
    target: float
    begun: float
    due: datetime

    def looks(self, end: datetime) -> Iterator[_Look]:
        """Yield the moments from which this segment is looked at."""
        calendar = self.entry.aim.calendar
        dated, runs = self.entry.aim.due_at is not None, self.entry.does == Does.RUN
        if not (runs or dated):
            at = self.entry.at + _chance(self.clock, STRATA + self.number) * (end - self.entry.at)
            if at < end:
                due = due_after(calendar, at, max(0, int(self.target - self.begun)))
                yield _Look(at.timestamp(), self.target, self.begun, due.timestamp(), runs=False)
            return
        for stratum in range(int(self.begun / self.target * STRATA), STRATA):
            used = (stratum + _chance(self.clock, stratum)) / STRATA * self.target
            if used < self.begun:
                continue
            at = due_after(None if dated else calendar, self.entry.at, int(used - self.begun))
            if at >= end:
                return
            yield _Look(at.timestamp(), self.target, used, self.due.timestamp(), runs)


def _segment(past: Past, number: int, entry: Entry, used: int) -> _Segment:
    aim = entry.aim
    if aim.due_at is not None:  # a date is waited for from the start on, whatever the clock does
        target = max(1.0, (aim.due_at - past.started_at).total_seconds())
        begun = max(0.0, (entry.at - past.started_at).total_seconds())
        return _Segment(past.clock, number, entry, target, begun, max(aim.due_at, entry.at))
    target = float(max(1, aim.seconds or 0))
    due = due_after(aim.calendar, entry.at, max(0, int(target) - used))
    return _Segment(past.clock, number, entry, target, float(used), due)


def _chance(clock: int, number: int) -> float:
    """Return a number in [0, 1), always the same for the same two (splitmix64: Steele et al., OOPSLA 2014)."""
    mask = 2**64 - 1
    mixed = (clock * 1024 + number) * 0x9E3779B97F4A7C15 & mask
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & mask
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & mask
    return (mixed ^ mixed >> 31) / 2**64
