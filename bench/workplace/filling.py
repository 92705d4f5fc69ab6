"""Fills the database of DATABASE_URL with escalations: python -m bench.workplace.filling TICKETS.

An interrupted filling goes on where it stopped. Everything follows from the number of tickets and the moment.
"""

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.replay import Replay

BATCH = 20_000
LANES = 2
_TOLD_AT_ONCE = 400


#: The words of so many tickets are made by one statement.
WORDS = 5_000


def open_tickets(count: int) -> int:
    """Return how many of `count` tickets are open: an older desk has more past, but not so much more to do."""
    return int(30_000 * (count / 1_000_000) ** 0.62)


def fill(count: int, say: Callable[[str], object] = print) -> None:
    """Bring an empty, migrated database to `count` tickets, or go on where an earlier call stopped."""
    from bench.workplace import cast as casting
    from bench.workplace import copying, indexes
    from bench.workplace.stories import Teller
    from bench.workplace.texts import Details
    from common import clock
    from escalations import lexicon, search_index

    opened = open_tickets(count)
    told_ended, told_open = min(6_000, (count - opened) // 4), min(4_000, opened // 2)
    copies = count - told_ended - told_open
    large = copies > BATCH
    steps = _Steps(say)
    steps.once("people and catalogue", lambda: casting.engage(max(100, count // 20)))
    steps.once("room for the copies", lambda: copying.reserve(copies))
    cast, details, now = casting.assemble(), Details(), clock.now().replace(microsecond=0)
    teller = Teller(cast, details)
    steps.once(
        f"{told_ended:,} told from beginning to end",
        lambda: _keep(teller.ended(told_ended, now - timedelta(weeks=5))),
    )
    steps.once(f"{told_open:,} told that are open", lambda: _keep(teller.open(told_open, now)))
    steps.once("what is told laid out", lambda: copying.lay_out(copies))
    if large:
        steps.once("indexes set aside", indexes.set_aside)
    copied_open = opened - told_open
    copier = copying.Copier(
        copies - copied_open, copied_open, [customer.pk for customer in cast.customers], details
    )

    def lane(first: int) -> None:
        last = min(first + BATCH - 1, copies)
        steps.once(f"copies {first:,} to {last:,}", lambda: copier.copy(first, last))
        for begin in range(first, last + 1, WORDS):
            tickets = range(begin, min(begin + WORDS, last + 1))
            steps.once(f"words of {begin:,} to {tickets[-1]:,}", partial(search_index.refresh, tickets))

    _side_by_side(lane, range(1, copies + 1, BATCH))
    steps.once("daily sums", _sum_up)
    steps.once("how common words are", lexicon.count)
    if large:
        _side_by_side(lambda one: indexes.make([one]), indexes.missing())
        steps.once("indexes made again, and statistics", _vacuum, atomic=False)


class _Steps:
    """Remembers in the database what is done already."""

    def __init__(self, say: Callable[[str], object]) -> None:
        from django.db import connection

        self.say, self.began = say, time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA IF NOT EXISTS bench")
            cursor.execute("CREATE TABLE IF NOT EXISTS bench.step (name text PRIMARY KEY)")

    def once(self, name: str, work: Callable[[], object], *, atomic: bool = True) -> None:
        """Do `work` unless it was done before: in one transaction with the note of it."""
        from django.db import connection, transaction

        with transaction.atomic() if atomic else contextlib.nullcontext():
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM bench.step WHERE name = %s", [name])
                if cursor.fetchone() is not None:
                    return
            work()
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench.step VALUES (%s)", [name])
        self.say(f"  {time.monotonic() - self.began:6.0f} s  {name}")


def _keep(told: "Iterable[Replay]") -> None:
    from events.models import Delivery
    from integrations import storing
    from reports import ledger

    while some := list(itertools.islice(told, _TOLD_AT_ONCE)):
        tickets = storing.store(some)
        ledger.keep(ticket.pk for ticket in tickets)
    Delivery.objects.all().delete()  # the figures are kept already


def _sum_up() -> None:
    """Make the sums anew of what all tickets add to them, as reports.ledger does when it mends them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cell = "day, team_id, agent_id, category_id, channel, priority, measure, bucket"
        cursor.execute("SET LOCAL work_mem = '512MB'")
        cursor.execute("TRUNCATE reports_dailyfact")
        cursor.execute(
            f"INSERT INTO reports_dailyfact ({cell}, count, total) "
            f"SELECT {cell}, sum(count), sum(total) FROM reports_ticketfact GROUP BY {cell} "
            "HAVING sum(count) <> 0 OR sum(total) <> 0 ORDER BY measure, day"
        )


def _vacuum() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _side_by_side(work: Callable[[Any], None], parts: Iterable[Any]) -> None:
    """Do the parts in two connections; a single one in this."""
    from django.db import connections

    parts = list(parts)
    if len(parts) < LANES:
        for part in parts:
            work(part)
        return

    def alone(part: Any) -> None:
        try:
            work(part)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(LANES) as pool:
        for done in [pool.submit(alone, part) for part in parts]:
            done.result()


def main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    fill(int(sys.argv[1]))


if __name__ == "__main__":
    main()
