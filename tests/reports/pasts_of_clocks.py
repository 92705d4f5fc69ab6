"""Pasts of clocks for tests: drawn at random, and many of a kind whose chances are known."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from escalations.clocks import Aim, Entry
from escalations.models import Does
from reports.moments import Happened, Moments, Past, of_clocks, standings

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
HOUR = 3600


@st.composite
def pasts(draw: st.DrawFn) -> tuple[Past, datetime]:
    """Draw one clock's past, on round-the-clock time, and until when it is known."""
    at = START + timedelta(seconds=draw(st.integers(0, 7 * 24 * HOUR)))
    started_at = at
    seconds = draw(st.integers(60, 3 * 24 * HOUR))
    date = at + timedelta(seconds=draw(st.integers(60, 200_000))) if draw(st.booleans()) else None
    entries = []
    for does in [*draw(st.lists(st.sampled_from([Does.RUN, Does.PAUSE]), min_size=1, max_size=6)), Does.STOP]:
        entries.append(Entry(at, does, Aim(None, None, None if date else seconds, date), ""))
        at += timedelta(seconds=draw(st.integers(0, 100_000)))
        if date is None and draw(st.booleans()):
            seconds = draw(st.integers(60, 3 * 24 * HOUR))
    if draw(st.booleans()):
        entries.pop()  # still open
    history = [Happened(started_at - timedelta(seconds=1), "ticket.created", "new", 1, None, 1, 3)]
    moved_at = started_at
    for number in range(draw(st.integers(0, 4))):
        moved_at += timedelta(seconds=draw(st.integers(1, 50_000)))
        state = draw(st.sampled_from(["accepted", "in_progress", "waiting_l1", "reopened"]))
        history.append(Happened(moved_at, f"ticket.{state}", state, 1 + number % 3, number, 1, 3))
    past = Past(1, draw(st.integers(1, 10**6)), None, started_at, entries, standings(history))
    return past, at + timedelta(seconds=draw(st.integers(0, 100_000)))


def simulated(clocks: int = 3000, *, seed: int = 1, until: datetime | None = None, days: int = 120) -> Moments:
    """Return the moments of clocks over some months. Team 1 misses rarely, team 2 often, P1 more than P3.

    Each clock has eight hours, and ends after an exponential time whose mean depends on team and priority.
    """
    chance = random.Random(seed)
    found = []
    for number in range(1, clocks + 1):
        started_at = START + timedelta(seconds=int(days * 24 * HOUR * number / clocks))
        team, priority = chance.choice([1, 2]), chance.choice([1, 3])
        mean = 8 * HOUR * (0.4 if team == 1 else 1.5) * (1.6 if priority == 1 else 1.0)
        took = max(1, int(chance.expovariate(1 / mean)))
        aim = Aim(None, None, 8 * HOUR, None)
        entries = [
            Entry(started_at, Does.RUN, aim, ""),
            Entry(started_at + timedelta(seconds=took), Does.STOP, aim, ""),
        ]
        history = [
            Happened(started_at, "ticket.created", "new", team, None, 1, priority),
            Happened(started_at + timedelta(hours=1), "ticket.started", "in_progress", team, 1, 1, priority),
        ]
        found.append(Past(number, number, None, started_at, entries, standings(history)))
    return of_clocks(found, until or START + timedelta(days=days + 60))
