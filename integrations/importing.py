"""What every import of histories shares: batches, running again, and the account of a run."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Count, Sum

import redaction
from escalations.models import Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from integrations.replay import Replay
from integrations.sources import BadRow
from integrations.storing import store

BATCH = 250

#: Told how many rows were dealt with since it was last called.
Progress = Callable[[int], None]

T = TypeVar("T")


def no_progress(_rows: int) -> None:
    """Tell nobody."""


@dataclass
class Account:
    """What one run did: what it added, what was there already, and what it could not use."""

    origin: str
    rows: int = 0
    tickets: int = 0
    known: int = 0
    reassignments: int = 0
    events: Counter[str] = field(default_factory=Counter)
    bad_rows: list[BadRow] = field(default_factory=list)
    on_bad_row: Callable[[BadRow], None] | None = None

    def bad(self, row: BadRow) -> None:
        """Note a row that can't be used, and say so at once.

        The reason quotes the file: it is cleaned of cards and of what would steer a terminal.
        """
        readable = "".join(
            character if character.isprintable() else "�" for character in redaction.clean(row.reason)
        )
        row = replace(row, reason=readable)
        self.bad_rows.append(row)
        if self.on_bad_row is not None:
            self.on_bad_row(row)

    def keep(self, replays: Sequence[Replay]) -> None:
        """Store the replays whose tickets are not there yet, all of them or none."""
        kept = _store_new(self.origin, replays)
        self.tickets += len(kept)
        self.known += len(replays) - len(kept)
        self.reassignments += sum(replay.ticket.reassignment_count for replay in kept)
        self.events.update(step.kind for replay in kept for step in replay.steps)

    def as_json(self) -> dict[str, Any]:
        """Return the run's account, and what is stored by now from this origin in all."""
        return {
            "origin": self.origin,
            "rows": self.rows,
            **_counts(self.tickets, self.reassignments, self.events),
            "already_there": self.known,
            "bad_rows": len(self.bad_rows),
            "bad_row_list": [
                {"line": row.line, "last_line": row.last_line or row.line, "reason": row.reason}
                for row in self.bad_rows
            ],
            "stored": stored(self.origin),
        }


def stored(origin: str) -> dict[str, Any]:
    """Return the counts of everything that was ever imported from this origin."""
    tickets = Ticket.objects.filter(origin=origin)
    totals = tickets.aggregate(tickets=Count("pk"), reassignments=Sum("reassignment_count"))
    kinds = (
        Event.objects.filter(subject_type=SUBJECT, subject_id__in=tickets.values("pk"))
        .values_list("kind")
        .annotate(Count("pk"))
        .order_by()
    )
    return _counts(totals["tickets"], totals["reassignments"] or 0, Counter(dict(kinds)))


def _counts(tickets: int, reassignments: int, events: Counter[str]) -> dict[str, Any]:
    return {
        "tickets": tickets,
        "events": events.total(),
        "reassignments": reassignments,
        "reopens": events["ticket.reopened"],
        "resolved": events["ticket.resolved"],
        "events_by_kind": dict(sorted(events.items())),
    }


def known_references(origin: str) -> set[str]:
    """Return the external references that were imported from this origin before."""
    return set(Ticket.objects.filter(origin=origin).values_list("external_reference", flat=True))


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield `items` in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@transaction.atomic
def _store_new(origin: str, replays: Sequence[Replay]) -> list[Replay]:
    """Store what no other run has stored meanwhile; two runs of one origin take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(f"import {origin}".encode())])
    references = [replay.ticket.external_reference for replay in replays]
    there = set(
        Ticket.objects.filter(origin=origin, external_reference__in=references).values_list(
            "external_reference", flat=True
        )
    )
    new = [replay for replay in replays if replay.ticket.external_reference not in there]
    store(new)
    return new
