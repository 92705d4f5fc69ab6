"""What has been committed since: the record read on from a position, without ever missing an event.

Ids come from a sequence and commit in any order, so "every id above the last one" would skip what commits
late. A position is therefore a transaction's number: all transactions below it had ended, and been read,
when the position was told (`pg_snapshot_xmin`). Reading on from it finds what committed late, and may find
again what was read before.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

MOST = 2000

# A database restored from a dump counts transactions anew; what its rows say is then ahead of what there is.
SINCE = """
SELECT now.horizon::text, event.transaction::text, event.id, event.kind, event.subject_type, event.subject_id,
       event.data->'recipient'
FROM (SELECT pg_snapshot_xmin(s) AS horizon, pg_snapshot_xmax(s) AS ahead FROM pg_current_snapshot() AS s) AS now
LEFT JOIN LATERAL (
    SELECT * FROM events_event
    WHERE transaction >= %s::xid8 AND transaction < now.ahead AND NOT id = ANY(%s)
    ORDER BY id LIMIT %s
) AS event ON true
ORDER BY event.id
"""


@dataclass(frozen=True)
class Fact:
    """What the stream needs to know of one event. `recipient` is the person an alert is for."""

    transaction: int
    id: int
    kind: str
    subject: tuple[str, int]
    recipient: int | None = None


def since(position: int, *, known: Collection[int] = (), most: int = MOST) -> tuple[int, list[Fact]]:
    """Return the position now, and the events from `position` on, but for the ids `known`.

    There may be more than `most`; the position is then no place to read on from.
    """
    with connection.cursor() as cursor:
        cursor.execute(SINCE, [str(position), list(known), most])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    facts = [
        Fact(int(transaction), pk, kind, (subject_type, subject_id), recipient)
        for _, transaction, pk, kind, subject_type, subject_id, recipient in rows
        if pk is not None
    ]
    return int(rows[0][0]), facts


def horizon() -> int:
    """Return the position of all that is committed now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Tail:
    """A place in the record to read on from, each event once."""

    position: int
    known: dict[int, int] = field(default_factory=dict)  # transaction by id, of what reading on would find again

    @classmethod
    def here(cls) -> "Tail":
        """Return the end of the record."""
        return cls(horizon())

    def read(self) -> tuple[list[Fact], "Tail"]:
        """Return what has been committed since, at most MOST at once, and the place to read on from after it."""
        position, facts = since(self.position, known=self.known, most=MOST)
        known = self.known | {fact.id: fact.transaction for fact in facts}
        if len(facts) == MOST:
            return facts, Tail(self.position, known)
        return facts, Tail(position, {pk: number for pk, number in known.items() if number >= position})
