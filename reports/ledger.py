"""Keeping the facts: what each ticket adds is written down, and only the difference is applied.

However often, however late and in whatever order events arrive, a ticket's
facts are computed from its whole history and compared with what it added
before. Two workers on one ticket wait for each other at its ledger row; two on
one cell meet in an upsert, and cells are always taken in one order.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from django.db import connection, models, transaction

from escalations.models import Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from reports import days, measures
from reports.measures import NOTHING, Amount, Cell, Facts, Happening
from reports.models import DailyFact, TicketFact, TicketLedger

IMPORTED = "history.imported"
KINDS = measures.KINDS | {IMPORTED}

REBUILD_BATCH = 1000

_CELL = ("day", "team_id", "agent_id", "category_id", "channel", "priority", "measure", "bucket")
_TYPES = ("date", "bigint", "bigint", "bigint", "text", "smallint", "text", "bigint")
_AMOUNT = ("count", "total")

Progress = Callable[[int], object]


def consume(event: Event) -> None:
    """Bring the figures up to date with one event. Safe to repeat."""
    keep(event.get("tickets", []) if event.kind == IMPORTED else [event.subject_id])


@transaction.atomic
def keep(tickets: Iterable[int]) -> None:
    """Compute the facts of these tickets from their events, and apply what changed."""
    ids = _lock(sorted(set(tickets)))
    if not ids:
        return
    now = {ticket: measures.facts(history, days.zone()) for ticket, history in _histories(ids)}
    kept = _kept(ids)
    change: defaultdict[Cell, Amount] = defaultdict(lambda: NOTHING)
    stale: list[int] = []
    fresh: list[tuple[int, Cell, Amount]] = []
    for ticket in ids:
        before, after = kept.get(ticket, {}), now.get(ticket, {})
        for cell, (pk, amount) in before.items():
            if after.get(cell) != amount:
                stale.append(pk)
                change[cell] = measures.add(change[cell], Amount(-amount.count, -amount.total))
        for cell, amount in after.items():
            if cell not in before or before[cell][1] != amount:
                fresh.append((ticket, cell, amount))
                change[cell] = measures.add(change[cell], amount)
    TicketFact.objects.filter(pk__in=stale).delete()
    _insert(fresh)
    _apply({cell: amount for cell, amount in change.items() if amount != NOTHING})


def rebuild(progress: Progress = lambda _done: None, batch: int = REBUILD_BATCH) -> int:
    """Compute all figures anew from the events; return how many cells of the sums were wrong.

    Works beside the running desk: each batch is a transaction of its own, and
    `progress` is called with the number of its tickets.
    """
    for ids in _batches(batch):
        keep(ids)
        progress(len(ids))
    return _mend_sums()


def _batches(size: int) -> Iterator[list[int]]:
    last = 0
    while ids := list(Ticket.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield ids
        last = ids[-1]


def _lock(ids: list[int]) -> list[int]:
    """Hold the ledger rows of those tickets that exist, in the order of their ids."""
    known = Ticket.objects.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)
    TicketLedger.objects.bulk_create([TicketLedger(ticket_id=ticket) for ticket in known], ignore_conflicts=True)
    locked = TicketLedger.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return list(locked.values_list("pk", flat=True))


def _histories(ids: list[int]) -> Iterator[tuple[int, list[Happening]]]:
    events = (
        Event.objects.filter(subject_type=SUBJECT, subject_id__in=ids, kind__in=measures.KINDS)
        .order_by("subject_id", "id")
        .values_list("subject_id", "id", "kind", "at", "actor_id", "data")
    )
    histories: defaultdict[int, list[Happening]] = defaultdict(list)
    for ticket, *happening in events:
        histories[ticket].append(Happening(*happening))
    yield from histories.items()


def _kept(ids: list[int]) -> dict[int, dict[Cell, tuple[int, Amount]]]:
    kept: defaultdict[int, dict[Cell, tuple[int, Amount]]] = defaultdict(dict)
    for ticket, pk, count, total, *cell in TicketFact.objects.filter(ticket__in=ids).values_list(
        "ticket_id", "pk", *_AMOUNT, *_CELL
    ):
        kept[ticket][Cell(*cell)] = (pk, Amount(count, total))
    return kept


def _insert(rows: list[tuple[int, Cell, Amount]]) -> None:
    if not rows:
        return
    columns = zip(*((ticket, *cell, *amount) for ticket, cell, amount in rows), strict=True)
    names = ", ".join(("ticket_id", *_CELL, *_AMOUNT))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(TicketFact)} ({names}) SELECT * FROM {_arrays('bigint')}",  # noqa: S608  our own names only
            [list(column) for column in columns],
        )


def _apply(changes: Facts) -> None:
    """Add the changes to the sums. Every worker takes the cells in one order: none waits in a circle."""
    if not changes:
        return
    columns = zip(*((*cell, *amount) for cell, amount in changes.items()), strict=True)
    cell = ", ".join(_CELL)
    names = ", ".join((*_CELL, *_AMOUNT))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {_table(DailyFact)} AS sums ({names})
            SELECT {names} FROM {_arrays()} AS change ({names}) ORDER BY {cell}
            ON CONFLICT (measure, day, team_id, agent_id, category_id, channel, priority, bucket)
            DO UPDATE SET count = sums.count + excluded.count, total = sums.total + excluded.total
            RETURNING CASE WHEN count = 0 AND total = 0 THEN id END
            """,  # noqa: S608  our own names only
            [list(column) for column in columns],
        )
        empty = [pk for (pk,) in cursor.fetchall() if pk is not None]
    DailyFact.objects.filter(pk__in=empty).delete()


@transaction.atomic
def _mend_sums() -> int:
    """Make the sums equal to what the ledger says; return how many cells were not."""
    names = ", ".join((*_CELL, *_AMOUNT))
    cell = ", ".join(_CELL)
    sums, ledger = _table(DailyFact), _table(TicketFact)
    truth = f"""
        SELECT {cell}, sum(count)::bigint AS count, sum(total)::bigint AS total FROM {ledger}
        GROUP BY {cell} HAVING sum(count) <> 0 OR sum(total) <> 0
    """  # noqa: S608  our own names only
    with connection.cursor() as cursor:
        # Readers go on; whoever is about to add waits until the sums are right.
        cursor.execute(f"LOCK TABLE {sums} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"""
            SELECT count(DISTINCT ({cell})) FROM (
                (({truth}) EXCEPT SELECT {names} FROM {sums})
                UNION ALL (SELECT {names} FROM {sums} EXCEPT ({truth}))
            ) AS wrong
            """  # noqa: S608  our own names only
        )
        (wrong,) = cursor.fetchone()
        if wrong:
            cursor.execute(f"DELETE FROM {sums}")  # noqa: S608  our own names only
            cursor.execute(f"INSERT INTO {sums} ({names}) {truth}")
    return int(wrong)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _arrays(*leading: str) -> str:
    """Return unnest(…) over one parameter, an array, for each column."""
    types = (*leading, *_TYPES, "bigint", "bigint")
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in types)})"
