"""The demo company, as a new user finds it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict

import redaction
from accounts.models import User
from escalations import calendars, macros, saved_views
from escalations.defaults.service_levels import ALWAYS, MANILA_AFTERNOON
from escalations.forms.filters import TicketFilter
from escalations.models import (
    AMONG_US,
    Alert,
    Clock,
    ClockState,
    Customer,
    HandOver,
    LadderRung,
    Message,
    Metric,
    Rating,
    RungState,
    State,
    Ticket,
    TriageReview,
)
from escalations.models.ticket import OPEN
from escalations.views.queue import worked_by
from events.models import Delivery, Event
from integrations import demo
from integrations.demo.arrivals import TREND_GROWTH
from integrations.demo.scenarios import all_scenarios
from knowledgebase.models import Article, KnownIssue

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)  # a Wednesday evening in Manila


@pytest.fixture(scope="module")
def company(django_db_setup, django_db_blocker):
    """One company for the tests that only read; told once, since it takes seconds."""
    with django_db_blocker.unblock(), transaction.atomic():
        tickets = demo.load(now=NOW, tickets=600)
        # What is laid out last, such as hand-overs, changed some of them.
        yield list(Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]))
        transaction.set_rollback(True)


@pytest.fixture
def told(company, django_db_blocker):
    with django_db_blocker.unblock():
        yield company


def test_it_is_about_as_large_and_as_bilingual_as_promised(told):
    trend = sum(TREND_GROWTH)
    assert 600 <= len(told) <= 600 + trend + 60
    assert Customer.objects.count() > 500
    assert User.objects.filter(is_robot=False).count() >= 30
    spanish = Ticket.objects.filter(customer__language="es").count() / len(told)
    assert 0.22 < spanish < 0.38
    assert Article.objects.filter(status="published").count() >= 25
    assert Article.objects.filter(language="es", status="published").count() >= 5
    assert KnownIssue.objects.count() >= 5 and HandOver.objects.count() > 20
    assert set(Rating.objects.values_list("score", flat=True)) >= {2, 3, 4, 5}
    assert TriageReview.objects.filter(decision="return").exists()
    assert Ticket.objects.filter(category__key="other").exists()
    assert set(Ticket.objects.values_list("category__key", flat=True)) == {s.category for s in all_scenarios()}


def test_every_state_is_there_and_new_ones_of_every_priority_wait(told):
    states = Counter(Ticket.objects.values_list("state", flat=True))
    assert set(states) == set(State.values)
    untaken = Ticket.objects.filter(state=State.NEW, owner=None)
    assert set(untaken.values_list("priority", flat=True)) == {1, 2, 3, 4}
    assert Ticket.objects.open().filter(next_due_at__lt=NOW).exists()
    assert Ticket.objects.open().filter(next_due_at__range=(NOW, NOW + timedelta(hours=2))).exists()


def test_deadlines_are_kept_as_often_as_in_real_life(told):
    shares = {}
    for metric in set(Metric) - {Metric.REGULATORY}:
        stopped = Clock.objects.filter(metric=metric, state=ClockState.STOPPED)
        shares[str(metric)] = stopped.filter(breached_at=None).count() / stopped.count()
    assert {metric: share for metric, share in shares.items() if not 0.8 < share < 0.97} == {}
    law = Clock.objects.filter(metric=Metric.REGULATORY, state=ClockState.STOPPED)
    assert law.filter(breached_at=None).count() / law.count() > 0.95  # the law's dates are far away


def test_no_ticket_contradicts_its_own_clocks(told):
    clocks: dict[int, list[Clock]] = {}
    for row in Clock.objects.all():
        clocks.setdefault(row.ticket_id, []).append(row)
    for ticket in told:
        own = clocks[ticket.pk]
        owed = [row for row in own if row.due_at and row.metric not in AMONG_US]
        due = min(((row.due_at, row.metric) for row in owed), default=(None, ""))
        assert (ticket.next_due_at, ticket.next_due_metric) == due, ticket
        if ticket.state not in OPEN:
            assert all(row.state in {ClockState.STOPPED, ClockState.CANCELLED} for row in own), ticket
        assert all(row.breached_at is None or row.breached_at < NOW for row in own)
        assert all(row.breached_at for row in own if row.due_at and row.due_at < NOW)


def test_nothing_happens_in_the_future_nor_before_its_cause(told):
    assert not Event.objects.filter(at__gt=NOW, subject_type="ticket").exists()
    for ticket in told:
        times = [ticket.created_at, ticket.accepted_at, ticket.resolved_at, ticket.closed_at]
        happened = [at for at in times if at]
        assert happened == sorted(happened), ticket
        assert ticket.updated_at >= happened[-1]


def test_each_ticket_has_the_history_of_its_state(told):
    last: dict[int, dict] = {}
    for event in Event.objects.filter(subject_type="ticket").order_by("at", "id"):
        last[event.subject_id] = event.data["ticket"]
    for ticket in told:
        snapshot = last[ticket.pk]
        assert (snapshot["state"], snapshot["owner"], snapshot["priority"]) == (
            ticket.state, ticket.owner_id, ticket.priority,
        )  # fmt: skip


def test_the_second_line_works_in_its_shifts(told):
    """Beyond them only for what runs around the clock."""
    outside = total = 0
    accepted = Event.objects.filter(kind="ticket.accepted")
    around_the_clock = set(
        Clock.objects.filter(calendar__calendar__name=ALWAYS).values_list("ticket_id", flat=True)
    )
    afternoon = calendars.hours(calendars.current(MANILA_AFTERNOON))
    for event in accepted:
        if event.subject_id in around_the_clock or event.data["corrected"]:
            continue
        total += 1
        late_shift = event.at - timedelta(hours=1)  # 16:00 to 01:00
        outside += not (afternoon.is_open(event.at) or afternoon.is_open(late_shift))
    assert total > 300 and outside / total < 0.02


def test_the_trend_is_planted_and_only_there(told):
    cases = Ticket.objects.filter(error_code="QR-4102")
    recent = cases.filter(created_at__gte=NOW - timedelta(days=5))
    assert recent.count() >= 25
    assert recent.values("customer").distinct().count() >= 0.9 * recent.count()
    assert set(recent.values_list("category__key", "product")) == {("transaction_failure", "QR payments")}
    assert cases.count() - recent.count() <= 5


def test_no_card_number_is_kept_though_some_were_written(told):
    texts = [
        *Ticket.objects.values_list("description", flat=True),
        *Message.objects.values_list("body", flat=True),
        *(str(answers) for answers in Ticket.objects.values_list("answers", flat=True)),
        *Article.objects.values_list("body", flat=True),
    ]
    assert not [text for text in texts if redaction.redact(text).findings]
    assert not [text for text in texts if "4111 1111" in text or "5555-5555-5555" in text]
    written = Ticket.objects.filter(
        Q(description__contains="read the card out to me") | Q(description__contains="typed it in the chat")
        | Q(description__contains="dictó la tarjeta") | Q(description__contains="escribió en el chat")
    )  # fmt: skip
    assert written.exists()


def test_the_past_is_owed_to_nobody(told):
    kinds = set(Delivery.objects.values_list("event__kind", flat=True))
    assert kinds <= {"history.imported", "compliance.pack_requested"}  # which is asked for now
    announced = Event.objects.filter(kind="history.imported").values_list("data", flat=True)
    assert sorted(pk for data in announced for pk in data["tickets"]) == sorted(ticket.pk for ticket in told)


def test_somebody_was_alerted_of_what_is_late_now_and_of_nothing_else(told):
    lead = User.objects.get(email="lead@secondline.test")
    assert Alert.objects.filter(recipient=lead).exists()
    assert Alert.objects.filter(read_at=None).exists() and Alert.objects.exclude(read_at=None).exists()
    for alert in Alert.objects.filter(ticket__isnull=False).select_related("ticket", "event", "recipient"):
        assert alert.ticket and alert.ticket.is_open and alert.ticket.updated_at <= alert.at <= NOW
        assert Ticket.objects.visible_to(alert.recipient).filter(pk=alert.ticket.pk).exists()
    assert not LadderRung.objects.exclude(clock__ticket__state__in=OPEN).exists()
    planned = LadderRung.objects.filter(state=RungState.PLANNED, at__isnull=False)
    assert planned.exists() and not planned.filter(at__lt=NOW - timedelta(seconds=15)).exists()


def test_no_text_was_left_unfilled(told):
    for text in [
        *Ticket.objects.values_list("subject", flat=True),
        *Message.objects.values_list("body", flat=True),
    ]:
        assert "{" not in text and "}" not in text


def test_macros_and_views_are_there_to_be_tried(told):
    specialist = User.objects.get(email=demo.SIGN_INS["L2 specialist"])
    ticket = Ticket.objects.visible_to(specialist).filter(state=State.IN_PROGRESS, owner=specialist)[0]
    offered = list(macros.usable_by(specialist, ticket))
    assert len(offered) == 3
    assert all(macros.text_for(macro, ticket, by=specialist) for macro in offered)
    for view in saved_views.offered(specialist):
        listed = TicketFilter(QueryDict(view.query), queryset=worked_by(specialist), user=specialist)
        assert listed.is_valid() and listed.tickets().exists(), view
