"""Keeping replayed tickets: hundreds at once, with all that belongs to them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction

from accounts import people
from common import clock
from escalations import forgotten, ladder, search_index, ticket_clocks
from escalations.clocks import Ledger
from escalations.models import Clock, ClockEntry, HandOver, Message, Ticket
from escalations.snapshot import SUBJECT
from events import recording
from events.models import Event
from integrations.replay import Replay

IMPORTED = "history.imported"


@transaction.atomic
def store(replays: Sequence[Replay]) -> list[Ticket]:
    """Keep replayed tickets with all that belongs to them; return the tickets, in order.

    Their events owe nothing to anybody: what they would have mailed was mailed long
    ago. One `history.imported` event about all of them lets the metrics be computed.
    """
    system, now = people.system(), clock.now()
    for replay in replays:
        forgotten.watch(replay.ticket, replay.ledgers, at=now)
    tickets = Ticket.objects.bulk_create([replay.ticket for replay in replays], batch_size=500)
    for model, rows in _by_model(row for replay in replays for row in replay.rows).items():
        model._default_manager.bulk_create(rows, batch_size=1000)
    search_index.refresh(ticket.pk for ticket in tickets)
    events = [
        Event(
            kind=step.kind,
            subject_type=SUBJECT,
            subject_id=replay.ticket.pk,
            actor=step.by or system,
            at=step.at,
            recorded_at=now,
            data=step.data | {name: _number(row) for name, row in step.refs.items()},
        )
        for replay in replays
        for step in replay.steps
    ]
    recording.record_many(events, deliver=False)
    _keep_clocks(replays, events, now)
    if tickets:
        recording.record(
            IMPORTED, subject=("import", 0), by=system, data={"tickets": [ticket.pk for ticket in tickets]}
        )
    return tickets


def _keep_clocks(replays: Sequence[Replay], events: Sequence[Event], now: datetime) -> None:
    """Keep the replayed clocks, each line of their ledgers with the event that caused it.

    Steps around their deadlines are planned from now on; what lies before alerts nobody.
    """
    kept: list[tuple[Ledger, Clock, list[Event]]] = []
    first = 0
    for replay in replays:
        for ledger in replay.ledgers:
            row = ticket_clocks.clock_row(ledger, replay.ticket, ledger.entries[-1].at)
            causes = [events[first + step] for step in replay.causes[ledger.metric, ledger.cycle]]
            kept.append((ledger, row, causes))
        first += len(replay.steps)
    Clock.objects.bulk_create([row for _ledger, row, _causes in kept], batch_size=1000)
    ClockEntry.objects.bulk_create(
        [entry for ledger, row, causes in kept for entry in ticket_clocks.entry_rows(ledger, row, causes)],
        batch_size=1000,
    )
    for ledger, row, _causes in kept:
        ledger.clock_id = row.pk
    ladder.plan([replay.ledgers for replay in replays if replay.ticket.is_open], imported_at=now)


def _by_model(rows: Iterable[models.Model]) -> dict[type[models.Model], list[models.Model]]:
    """Group rows by model, each model before those that refer to it."""
    grouped: dict[type[models.Model], list[models.Model]] = {HandOver: [], Message: []}
    for row in rows:
        grouped.setdefault(type(row), []).append(row)
    return {model: same for model, same in grouped.items() if same}


def _number(row: models.Model | list[HandOver]) -> Any:
    return [one.pk for one in row] if isinstance(row, list) else row.pk
