"""The same history gives the same ledger, however it is told: live, at one go, unwatched, or imported."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import clock
from escalations import policies, ticket_clocks
from escalations.models import Clock, Metric, Ticket
from events.models import Event
from integrations import storing
from integrations.replay import Replay
from tests.escalations import levels
from tests.escalations.deeds import DEEDS, Hands, Retelling
from tests.escalations.desk import Desk

BEGIN = datetime(2026, 10, 30, 12, 0, 7, 250_000, tzinfo=UTC)  # two days before New York falls back
History = list[tuple[int, int, int]]

#: Steps: seconds since the one before, which of the deeds that are possible then, and its number.
histories = st.lists(
    st.tuples(st.integers(0, 30) | st.integers(600, 90_000), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=14,
)
few = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def hands(desk: Desk) -> Hands:
    minutes = {
        Metric.ACCEPT: 30, Metric.FIRST_RESPONSE: 45, Metric.NEXT_RESPONSE: 20, Metric.FIRST_RESOLUTION: 120,
        Metric.RESOLUTION: 200, Metric.OWNERSHIP: 60, Metric.HAND_OVER: 25,
    }  # fmt: skip
    weekly = [{"day": day, "opens": "08:00", "closes": "01:30"} for day in range(7)]
    new_york = levels.calendar("New York", zone="America/New_York", weekly=weekly)
    levels.policy("Urgent", minutes, priorities=[1, 2], pauses_in=["waiting_customer"])
    levels.policy(
        "Usual", minutes, position=1, calendar=new_york, pauses_in=["waiting_customer", "waiting_l1", "returned"]
    )
    levels.policy("Dates", {Metric.REGULATORY: 300}, kind="regulatory")
    return Hands(desk)


def live(hands: Hands, history: History, *, watched: bool = True, each: Callable[[], Any] = nullcontext) -> Ticket:
    """Let it happen through the domain's functions; `watched` by the job before every step."""
    at = BEGIN
    with clock.replaying(at), each():
        ticket = hands.escalate(4)
    for seconds, deed, number in history:
        at += timedelta(seconds=seconds, microseconds=1)  # no two things at once to one row
        ticket.refresh_from_db()
        possible = [name for name, states in DEEDS.items() if ticket.state in states]
        if possible:
            with clock.replaying(at), each():
                if watched:
                    ticket_clocks.mark_breaches()
                hands.do(ticket, possible[deed % len(possible)], number)
    ticket.refresh_from_db()
    return ticket


def retold(hands: Hands, history: History, like: Ticket) -> Ticket:
    """Import it."""
    at = BEGIN
    first = hands.choices.category(4)
    ticket = Ticket(
        category=first, form=first.current_form, team=first.team, customer=like.customer, created_by=hands.l1,
        subject="S", description="D", channel=like.channel, impact=2, urgency=2, priority=3,
    )  # fmt: skip
    replay = Replay(ticket, policies.rulebook())
    replay.create(at, by=hands.l1)
    retelling = Retelling(hands, replay)
    for seconds, deed, number in history:
        at += timedelta(seconds=seconds, microseconds=1)  # no two things at once to one row
        possible = [name for name, states in DEEDS.items() if ticket.state in states]
        if possible:
            retelling.do(at, possible[deed % len(possible)], number)
    [kept] = storing.store([replay])
    return kept


def ledger(ticket: Ticket) -> list[Any]:
    """Return every clock with all its columns, and every line with the kind of its event."""
    columns = [field.attname for field in Clock._meta.concrete_fields if field.attname not in {"id", "ticket_id"}]
    line = (
        "number", "at", "does", "reason", "policy", "calendar", "target_seconds", "fixed_due_at", "event__kind",
        "event__at",
    )  # fmt: skip
    return [
        ([(name, getattr(row, name)) for name in columns], list(row.entries.values_list(*line)))
        for row in Clock.objects.filter(ticket=ticket).order_by("metric", "cycle")
    ]


def breaches(ticket: Ticket) -> list[Any]:
    found = Event.objects.filter(kind=ticket_clocks.BREACHED, subject_type="ticket", subject_id=ticket.pk)
    return sorted((event.at, event.data["metric"], event.data["cycle"]) for event in found)


@few
@given(history=histories)
def test_an_imported_history_has_the_ledger_that_it_would_have_had_here(hands: Hands, history: History) -> None:
    with transaction.atomic():
        done = live(hands, history)
        kept = retold(hands, history, done)
        kept.refresh_from_db()
        assert ledger(kept) == ledger(done)
        assert breaches(kept) == breaches(done)
        for column in ("state", "priority", "team_id", "team_since", "next_due_at", "next_due_metric", "version"):
            assert getattr(kept, column) == getattr(done, column), column
        transaction.set_rollback(True)


@few
@given(history=histories)
def test_it_makes_no_difference_when_the_job_comes_round(hands: Hands, history: History) -> None:
    """Whether breaches are marked in time or by and by, each is where it was."""
    with transaction.atomic():
        in_time, late = live(hands, history), live(hands, history, watched=False)
        with clock.replaying(BEGIN + timedelta(days=30)):
            ticket_clocks.mark_breaches()
        assert ledger(late) == ledger(in_time)
        assert breaches(late) == breaches(in_time)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@settings(few, max_examples=5)
@given(history=histories)
def test_one_transaction_or_many(hands: Hands, history: History) -> None:
    many = live(hands, history)
    with transaction.atomic():
        one = live(hands, history)
    nested = live(hands, history, each=transaction.atomic)
    assert ledger(one) == ledger(many) == ledger(nested)
    assert breaches(one) == breaches(many) == breaches(nested)
