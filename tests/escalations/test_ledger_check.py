"""Whatever tampers with a cached column is found the same night; the ledger itself can't be tampered with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from common.errors import NotAllowed
from escalations import ledger_alarm, ledger_check, lifecycle, tasks, ticket_clocks
from escalations.models import Clock, LedgerCheck, LedgerDifference, Metric, Ticket
from events import relay
from events.models import Delivery, Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.factories import UserFactory

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def ticket(desk: Desk) -> Iterator[Ticket]:
    """A ticket with clocks that run, stand still and have stopped; it is Monday, 10:00."""
    minutes = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240, Metric.OWNERSHIP: 600}
    levels.policy("Flat", minutes, pauses_in=["waiting_customer"])
    with time_machine.travel(MONDAY, tick=False) as now:
        started = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=1))
        waiting = lifecycle.wait_for_customer(started, by=desk.l2, message="When?")
        now.shift(timedelta(minutes=30))
        resumed = lifecycle.resume(waiting, by=desk.l2)
        now.shift(timedelta(minutes=30))
        yield resumed


def tamper(table: str, column: str, value: str, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE id = %s", [number])  # noqa: S608


def differences() -> list[ledger_check.Difference]:
    return [one for seen in ledger_check.recompute() for one in seen.differences]


def run_check() -> LedgerCheck:
    """Do what the beat, the relay and the workers do at night."""
    tasks.check_ledger()
    owed = Delivery.objects.filter(consumer__in=[ledger_alarm.CONSUMER, ledger_alarm.ALARM], delivered_at=None)
    while pending := list(owed.values_list("pk", flat=True)):
        for number in pending:
            assert relay.deliver(number), Delivery.objects.get(pk=number).last_error
    return LedgerCheck.objects.latest("pk")


TAMPERED = [
    ("policy_id", "NULL"),
    ("calendar_id", "(SELECT min(id) FROM escalations_calendarversion)"),
    ("target_seconds", "target_seconds + 1"),
    ("fixed_due_at", "now()"),
    ("state", "'paused', due_at = NULL"),
    ("counted_to", "counted_to + interval '1 second'"),
    ("used_seconds", "used_seconds - 1"),
    ("paused_seconds", "paused_seconds + 1"),
    ("due_at", "due_at + interval '1 hour'"),
    ("stopped_at", "now(), state = 'stopped', due_at = NULL"),
    ("breached_at", "now()"),
]


def test_every_cached_column_is_tried() -> None:
    assert [column for column, _value in TAMPERED] == list(ledger_check.COLUMNS)
    own = {"id", "ticket_id", "metric", "cycle", "started_at", "team_id", "breach_probability"}
    assert set(ledger_check.COLUMNS) == {field.attname for field in Clock._meta.concrete_fields} - own


@pytest.mark.parametrize(("column", "value"), TAMPERED)
def test_a_tampered_column_of_a_clock_is_found(ticket: Ticket, column: str, value: str) -> None:
    assert differences() == []
    row = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
    tamper("escalations_clock", column, value, row.pk)
    found = {(one.ticket, one.clock, one.column) for one in differences()}
    assert (ticket.pk, row.pk, column) in found


@pytest.mark.parametrize(
    ("column", "value"), [("next_due_at", "now()"), ("next_due_at", "NULL"), ("next_due_metric", "'accept'")]
)
def test_a_tampered_due_time_of_a_ticket_is_found(ticket: Ticket, column: str, value: str) -> None:
    tamper("escalations_ticket", column, value, ticket.pk)
    assert [(one.ticket, one.clock, one.column) for one in differences()] == [(ticket.pk, None, column)]


def test_an_ended_clock_is_checked_too(desk: Desk, ticket: Ticket) -> None:
    row = Clock.objects.get(ticket=desk.resolved(ticket), metric=Metric.ACCEPT)
    tamper("escalations_clock", "used_seconds", "7", row.pk)
    assert [(one.column, one.cached, one.ledger) for one in differences()] == [("used_seconds", 7, 0)]


def test_a_clock_without_entries_is_found(ticket: Ticket) -> None:
    row = Clock.objects.create(
        ticket=ticket, metric=Metric.UPDATE, started_at=MONDAY, counted_to=MONDAY, state="running",
        due_at=MONDAY + timedelta(days=9), fixed_due_at=MONDAY + timedelta(days=9),
    )  # fmt: skip
    assert [(one.clock, one.column) for one in differences()] == [(row.pk, "entries")]


@pytest.mark.parametrize(
    "sql", ["UPDATE escalations_clockentry SET at = now()", "DELETE FROM escalations_clockentry"]
)
def test_the_ledger_itself_cannot_be_tampered_with(ticket: Ticket, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_breach_just_now_may_wait_for_its_mark(ticket: Ticket) -> None:
    due = ticket.next_due_at
    assert due is not None
    with time_machine.travel(due + timedelta(minutes=4), tick=False):
        assert differences() == []
    with time_machine.travel(due + timedelta(minutes=6), tick=False):
        assert [(one.column, one.cached, one.ledger) for one in differences()] == [("breached_at", None, due)]
        ticket_clocks.mark_breaches()
        assert differences() == []


def test_the_nightly_check_raises_the_alarm(
    desk: Desk, ticket: Ticket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    UserFactory(email="ada@example.com", is_superuser=True)
    monkeypatch.setattr(ledger_alarm, "STEP", 2)
    for _number in range(4):
        desk.started()
    clean = run_check()
    assert (clean.tickets, clean.clocks, clean.differences) == (5, Clock.objects.count(), 0)
    assert not caplog.records and not mail.outbox
    tamper("escalations_clock", "used_seconds", "1", Clock.objects.filter(ticket=ticket).latest("pk").pk)
    check = run_check()
    assert check.finished_at and (check.tickets, check.differences) == (5, 1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    event = Event.objects.get(kind=ledger_alarm.DIFFERS)
    assert event.data == {"differences": 1, "tickets": 1}
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.com"]
    assert "1 cached value" in letter.body and "/setup/service-levels/check/" in letter.body


def test_a_step_that_is_delivered_twice_is_taken_once(ticket: Ticket) -> None:
    check = run_check()
    for step in Event.objects.filter(kind=ledger_alarm.KIND):
        ledger_alarm.handle(step)
    assert (LedgerCheck.objects.get().tickets, check.tickets) == (1, 1)


def test_the_command_says_what_differs_and_fails(ticket: Ticket, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_ledger")
    assert "no difference" in capsys.readouterr().out
    tamper("escalations_ticket", "next_due_metric", "'accept'", ticket.pk)
    with pytest.raises(CommandError):
        call_command("check_ledger")
    said = capsys.readouterr().out
    assert f"ESC-{ticket.pk}, the ticket: next_due_metric is accept, the ledger says resolution" in said


def test_repairing_rewrites_the_cache_with_an_event(desk: Desk, ticket: Ticket) -> None:
    with time_machine.travel(MONDAY + timedelta(hours=7), tick=False):
        ticket_clocks.mark_breaches()
        whole = list(Clock.objects.order_by("pk").values())
        breaches = Event.objects.filter(kind=ticket_clocks.BREACHED).count()
        row = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
        for column, value in [("used_seconds", "1"), ("breached_at", "NULL"), ("due_at", "now()")]:
            tamper("escalations_clock", column, value, row.pk)
        tamper("escalations_ticket", "next_due_at", "NULL", ticket.pk)
        check = run_check()
        assert check.differences == 4
        for person in (desk.l2, desk.auditor):
            with pytest.raises(NotAllowed):
                ledger_alarm.repair(check, by=person)
        assert ledger_alarm.repair(check, by=desk.lead) == 1
        assert ledger_alarm.repair(check, by=desk.lead) == 0
        assert list(Clock.objects.order_by("pk").values()) == whole
        assert differences() == []
    assert Event.objects.filter(kind=ticket_clocks.BREACHED).count() == breaches
    event = Event.objects.get(kind="ticket.clocks_repaired")
    assert event.actor == desk.lead
    assert event.data["columns"] == ["breached_at", "due_at", "next_due_at", "used_seconds"]
    assert not LedgerDifference.objects.filter(repaired_at=None).exists()


def test_a_lead_repairs_no_other_teams_tickets(desk: Desk, ticket: Ticket) -> None:
    from accounts.models import Role

    other: User = desk.person("Leo Lead", (desk.accounts, Role.LEAD))
    tamper("escalations_ticket", "next_due_metric", "'accept'", ticket.pk)
    check = run_check()
    assert ledger_alarm.repair(check, by=other) == 0
    assert ledger_alarm.to_repair(check, by=desk.lead) == [ticket.pk]


def test_the_memory_is_bounded_by_the_batch(
    desk: Desk, ticket: Ticket, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_check, "BATCH", 2)
    for _number in range(3):
        desk.started()
    with django_assert_num_queries(2 * 2 + 1):  # two batches, each found and read, and the end
        assert len(list(ledger_check.recompute())) == 4
