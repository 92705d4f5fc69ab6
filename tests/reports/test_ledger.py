"""The figures come out the same, however events arrive."""

import random
import threading
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.models import Ticket
from events.models import Delivery, Event
from events.recording import record_many
from events.relay import deliver
from reports import ledger
from reports.models import DailyFact, TicketFact, TicketLedger
from tests import seed
from tests.reports.histories import histories

COLUMNS = ("day", "team", "agent", "category", "channel", "priority", "measure", "bucket", "count", "total")


def figures() -> Counter[tuple[Any, ...]]:
    return Counter(DailyFact.objects.values_list(*COLUMNS))


def forget_figures() -> None:
    for model in (TicketFact, TicketLedger, DailyFact):
        model.objects.all().delete()


@pytest.fixture
def some_tickets(desk) -> list[Ticket]:
    tickets = [desk.escalated() for _ in range(3)]
    Delivery.objects.all().delete()
    forget_figures()
    return tickets


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_in_any_order_twice_or_late_it_is_what_a_rebuild_gives(some_tickets, desk, data):
    drawn = [
        event
        for ticket in some_tickets
        for event in data.draw(
            histories(
                ticket=ticket.pk,
                teams=[desk.payments.pk, desk.accounts.pk],
                people=[desk.l2.pk, desk.other_l2.pk],
                category=ticket.category_id,
            )
        )
    ]
    forget_figures()
    # Written down in any order as well, some before and some after others are counted.
    random.Random(data.draw(st.integers())).shuffle(drawn)
    half = len(drawn) // 2
    for part in (drawn[:half], drawn[half:]):
        for event in record_many(part, deliver=False):
            if event.kind in ledger.KINDS:
                ledger.consume(event)
    for event in drawn[::2]:
        if event.kind in ledger.KINDS:
            ledger.consume(event)
    kept = figures()

    assert ledger.rebuild() == 0
    assert figures() == kept
    forget_figures()
    ledger.rebuild()
    assert figures() == kept


@pytest.mark.django_db
def test_a_delivered_event_is_counted_once(desk):
    desk.resolved()
    for delivery in Delivery.objects.filter(consumer="metrics"):
        deliver(delivery.pk)
    once = figures()
    assert sum(DailyFact.objects.filter(measure="resolved").values_list("count", flat=True)) == 1
    for event in Event.objects.filter(kind__in=ledger.KINDS):
        ledger.consume(event)
    assert figures() == once


def test_every_event_that_counts_is_owed_to_the_figures(desk):
    ticket = desk.resolved()
    owed = Delivery.objects.filter(consumer="metrics").values_list("event__kind", flat=True)
    recorded = Event.objects.filter(subject_id=ticket.pk, subject_type="ticket").values_list("kind", flat=True)
    assert set(owed) == set(recorded) & ledger.KINDS


def test_an_imported_batch_is_counted_whole(some_tickets, desk):
    event = Event(kind=ledger.IMPORTED, data={"tickets": [ticket.pk for ticket in some_tickets]})
    ledger.consume(event)
    assert sum(DailyFact.objects.filter(measure="created").values_list("count", flat=True)) == 3


def test_tickets_that_are_not_there_count_for_nothing(db):
    ledger.keep([999_999_999])
    assert not DailyFact.objects.exists()


def test_rebuilding_mends_sums_that_were_damaged(some_tickets, capsys):
    call_command("rebuild_metrics")
    right = figures()
    DailyFact.objects.filter(measure="created").update(count=40)
    DailyFact.objects.filter(measure="backlog").delete()
    call_command("rebuild_metrics")
    assert figures() == right
    assert "3 tickets; 2 sums had to be mended" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_lose_nothing():
    from tests.escalations.desk import Desk

    seed.catalogue()
    desk = Desk()
    tickets = [desk.resolved().pk for _ in range(6)]
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            chosen = random.Random(seed)
            for _ in range(12):
                ledger.keep(chosen.sample(tickets, 3))
        except BaseException as error:  # noqa: BLE001  shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    ledger.keep(tickets)
    kept = figures()
    forget_figures()
    ledger.rebuild()
    assert figures() == kept
    assert sum(DailyFact.objects.filter(measure="resolved").values_list("count", flat=True)) == 6
