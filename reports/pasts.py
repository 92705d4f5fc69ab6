"""The pasts of clocks, read from ledgers and events, to learn a forecast from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Max

from escalations import calendars
from escalations.clocks import Aim, Entry
from escalations.models import Clock, ClockEntry, Does, Metric, Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from reports import moments
from reports.moments import Happened, Moments, Past, Standing

#: What lies further back than this before the newest ticket is another desk's past.
HISTORY_DAYS = 400
#: The tickets that are learnt from, the latest ones.
MOST_TICKETS = 60_000

_BATCH = 1000


def read(until: datetime) -> dict[Metric, Moments]:
    """Return the moments of past clocks, by metric, as known at `until`."""
    found: defaultdict[Metric, list[Moments]] = defaultdict(list)
    for batch in _batches(until):
        for metric, pasts in _pasts(batch).items():
            found[metric].append(moments.of_clocks(pasts, until))
    return {metric: np.concatenate(parts) for metric, parts in found.items()}


def _batches(until: datetime) -> Iterator[dict[int, bool]]:
    """Yield tickets that the history consists of, and whether each was imported."""
    tickets = Ticket.objects.filter(created_at__lt=until)
    newest = tickets.aggregate(newest=Max("created_at"))["newest"]
    if newest is None:
        return
    recent = tickets.filter(created_at__gte=newest - timedelta(days=HISTORY_DAYS))
    rows = list(recent.order_by("-created_at").values_list("pk", "origin")[:MOST_TICKETS])
    for first in range(0, len(rows), _BATCH):
        yield {pk: origin != "" for pk, origin in rows[first : first + _BATCH]}


def _pasts(tickets: dict[int, bool]) -> dict[Metric, list[Past]]:
    stood, entries = standings(tickets), _entries(tickets)
    found: defaultdict[Metric, list[Past]] = defaultdict(list)
    rows = Clock.objects.filter(ticket__in=tickets).order_by("pk")
    for pk, ticket, metric, team, started_at in rows.values_list(
        "pk", "ticket_id", "metric", "team_id", "started_at"
    ):
        found[Metric(metric)].append(Past(ticket, pk, team, started_at, entries[pk], stood[ticket]))
    return found


def standings(tickets: dict[int, bool]) -> dict[int, list[Standing]]:
    """Return how these tickets stood after each of their events; of each it is said whether it was imported."""
    events = (
        Event.objects.filter(subject_type=SUBJECT, subject_id__in=tickets, kind__startswith="ticket.")
        .order_by("subject_id", "at", "id")
        .values_list("subject_id", "at", "kind", "data__ticket")
    )
    histories: defaultdict[int, list[Happened]] = defaultdict(list)
    for ticket, at, kind, seen in events.iterator(chunk_size=5000):
        # An import knows but the category that a ticket ended with, which nobody could know before.
        category = 0 if tickets[ticket] else seen["category"]
        histories[ticket].append(
            Happened(at, kind, seen["state"], seen["team"], seen["owner"], category, seen["priority"])
        )
    return defaultdict(list, {ticket: moments.standings(history) for ticket, history in histories.items()})


def _entries(tickets: Iterable[int]) -> dict[int, list[Entry]]:
    rows = (
        ClockEntry.objects.filter(clock__ticket__in=tickets)
        .order_by("clock", "number")
        .values_list("clock_id", "at", "does", "calendar_id", "target_seconds", "fixed_due_at")
    )
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for clock, at, does, calendar, seconds, due_at in rows.iterator(chunk_size=5000):
        aim = Aim(None, calendars.version(calendar) if calendar else None, seconds, due_at)
        found[clock].append(Entry(at, Does(does), aim, ""))
    return found
