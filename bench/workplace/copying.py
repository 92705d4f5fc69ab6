"""Told escalations copied by the hundred thousand: set-based, each copy whole weeks away from what it copies.

A copy has another customer, other details in its text, and ids that follow from its number: the n-th copied ticket
has number n, and its messages, events and clocks lie side by side. Calendars have no holidays and their zones no
summer time, so a clock of a copy says what its ledger says, as the original's does.
"""

import io
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection, models

from bench.workplace.texts import Details
from common import clock
from escalations.models import Clock, ClockEntry, LadderRung, Message, Ticket
from escalations.models.ticket import OPEN
from escalations.snapshot import SUBJECT
from events.models import Event
from reports.models import TicketFact, TicketLedger

#: Ids that are kept for each copy's rows of one kind.
STRIDE = {Message: 4, Event: 16, Clock: 12}
#: The ids up to here are left to what setting up has written down.
_BEFORE = 10_000
#: What belongs to a ticket, and by which column; rows that others refer to come first.
_COPIED: tuple[tuple[type[models.Model], str], ...] = (
    (Message, "ticket_id"),
    (Event, "subject_id"),
    (Clock, "ticket_id"),
    (TicketLedger, "ticket_id"),
    (TicketFact, "ticket_id"),
)
_OF_CLOCKS: tuple[type[models.Model], ...] = (ClockEntry, LadderRung)
#: All of it, the ticket itself first.
_ALL: tuple[type[models.Model], ...] = (Ticket, *(model for model, _owner in _COPIED), *_OF_CLOCKS)
#: Nothing refers to these.
_NUMBERED_ANEW = (ClockEntry, LadderRung, TicketFact)
OLDEST_WEEK, NEWEST_WEEK = -100, 3


def reserve(copies: int) -> None:
    """Let what is told get ids above those of so many copies."""
    with connection.cursor() as cursor:
        for model, stride in {Ticket: 1, **STRIDE}.items():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
                [model._meta.db_table, copies * stride + (1 if model is Ticket else _BEFORE + 1)],
            )


def lay_out(copies: int) -> None:
    """Put what is told beside its places: of each ticket above `copies` the first message is 1, the second 2 …"""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS bench")
        for model, owner in _COPIED:
            name = model._meta.db_table
            cursor.execute(f"DROP TABLE IF EXISTS bench.{name} CASCADE")
            order = "id" if model not in (TicketLedger,) else "ticket_id"
            only = f" AND subject_type = '{SUBJECT}'" if model is Event else ""
            cursor.execute(
                f"CREATE TABLE bench.{name} AS SELECT *, {owner} AS specimen, "
                f"row_number() OVER (PARTITION BY {owner} ORDER BY {order}) AS place "
                f"FROM public.{name} WHERE {owner} > %s{only}",
                [copies],
            )
        _check_strides(cursor)
        clocks, events = Clock._meta.db_table, Event._meta.db_table
        for model in _OF_CLOCKS:
            name = model._meta.db_table
            cursor.execute(f"DROP TABLE IF EXISTS bench.{name}")
            cursor.execute(
                f"CREATE TABLE bench.{name} AS SELECT own.*, clock.specimen, clock.place AS clock_place, "
                f"event.place AS event_place FROM public.{name} AS own "
                f"JOIN bench.{clocks} AS clock ON clock.id = own.clock_id "
                f"LEFT JOIN bench.{events} AS event ON event.id = own.event_id"
            )
        cursor.execute(f"ALTER TABLE bench.{events} ADD message_place bigint")
        cursor.execute(
            f"UPDATE bench.{events} AS event SET message_place = said.place "
            f"FROM bench.{Message._meta.db_table} AS said WHERE said.id = (event.data->>'message')::bigint"
        )
        for model in _ALL[1:]:
            cursor.execute(f"CREATE INDEX ON bench.{model._meta.db_table} (specimen)")
            cursor.execute(f"ANALYZE bench.{model._meta.db_table}")


def _check_strides(cursor: Any) -> None:
    for model, stride in STRIDE.items():
        cursor.execute(f"SELECT max(place) FROM bench.{model._meta.db_table}")
        if (cursor.fetchone()[0] or 0) > stride:
            raise ValueError(f"a specimen has more than {stride} rows of {model._meta.label}")


class Copier:
    """Copies what is told: `ended` times what has ended, the oldest first, then `opened` times what is open."""

    def __init__(self, ended: int, opened: int, customers: list[int], details: Details) -> None:
        self.ended, self.copies = ended, ended + opened
        self.customers, self.details = customers, details
        told = Ticket.objects.filter(pk__gt=self.copies).order_by("pk")
        columns = ("pk", "updated_at", "customer__language")
        self.ended_ones = list(told.exclude(state__in=OPEN).values_list(*columns))
        self.open_ones = list(told.filter(state__in=OPEN).values_list(*columns))
        self.now = clock.now()

    def copy(self, first: int, last: int) -> None:
        """Add the copies of these numbers."""
        with connection.cursor() as cursor:
            # Nothing that is copied breaks a foreign key, and nobody else is here.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                "CREATE TEMPORARY TABLE c (number bigint PRIMARY KEY, specimen bigint, weeks int, "
                "customer bigint, detail text, reference text) ON COMMIT DROP"
            )
            rows = io.StringIO("".join(self._rows(first, last)))
            cursor.copy_expert("COPY c FROM STDIN", rows)
            cursor.execute("ANALYZE c")
            for model in _ALL:
                cursor.execute(_statement(model))
            cursor.execute("DROP TABLE c")

    def _rows(self, first: int, last: int) -> Iterator[str]:
        span = NEWEST_WEEK - OLDEST_WEEK + 1
        for number in range(first, last + 1):
            rng = Random(f"copy {number}")
            if number > self.ended:
                (specimen, _at, language), weeks = rng.choice(self.open_ones), 0
            else:
                specimen, ended_at, language = rng.choice(self.ended_ones)
                weeks = OLDEST_WEEK + span * (number - 1) // self.ended
                while ended_at + timedelta(weeks=weeks) > self.now:
                    weeks -= 1
            customer = self.customers[int(len(self.customers) * rng.random() ** 1.7)]
            detail = self.details.of(number, language)
            yield f"{number}\t{specimen}\t{weeks}\t{customer}\t{detail.text}\t{detail.reference}\n"


def _statement(model: type[models.Model]) -> str:
    """Return the INSERT that copies a model's rows for all of `c`."""
    table = model._meta.db_table
    columns = {
        str(field.column): _value(model, field)
        for field in model._meta.concrete_fields
        if not field.generated and not (field.primary_key and field.column == "id" and model in _NUMBERED_ANEW)
    }
    source = f"public.{table}" if model is Ticket else f"bench.{table}"
    key = "id" if model is Ticket else "specimen"
    return (
        f"INSERT INTO public.{table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
        f"FROM c JOIN {source} AS s ON s.{key} = c.specimen ORDER BY c.number"
    )


def _place(model: type[models.Model], place: str) -> str:
    return f"{_BEFORE} + (c.number - 1) * {STRIDE[model]} + s.{place}"


def _value(model: type[models.Model], field: Any) -> str:
    """Return what a copy's column holds, of `s` (the specimen's row) and `c` (the copy)."""
    own = f"s.{field.column}"
    special = {
        (Ticket, "id"): "c.number",
        (Ticket, "customer_id"): "c.customer",
        (Ticket, "description"): f"{own} || E'\\n\\n' || c.detail",
        (Ticket, "transaction_ref"): "c.reference",
        (Ticket, "l1_reference"): "'HD-' || 1000000 + c.number",
        (TicketLedger, "ticket_id"): "c.number",
        (Event, "subject_id"): "c.number",
        (Event, "data"): (
            f"CASE WHEN s.message_place IS NOT NULL "
            f"THEN jsonb_set({own}, '{{message}}', to_jsonb({_place(Message, 'message_place')})) "
            f"WHEN s.kind = 'ticket.created' THEN jsonb_set({own}, '{{customer}}', to_jsonb(c.customer)) "
            f"ELSE {own} END"
        ),
        (ClockEntry, "clock_id"): _place(Clock, "clock_place"),
        (ClockEntry, "event_id"): _place(Event, "event_place"),
        (LadderRung, "clock_id"): _place(Clock, "clock_place"),
        (LadderRung, "event_id"): _place(Event, "event_place"),
    }.get((model, field.column))
    if special:
        return special
    if field.primary_key:
        return _place(model, "place")
    if field.is_relation and field.related_model in (Ticket, TicketLedger) and field.name == "ticket":
        return "c.number"
    match field.get_internal_type():
        case "DateTimeField":
            return f"{own} + c.weeks * interval '1 week'"
        case "DateField":
            return f"{own} + c.weeks * 7"
    return own
