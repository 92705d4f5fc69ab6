"""Each open clock's forecast: who has one, how it is kept up to date, and where people see it."""

import re
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import clock
from escalations import lifecycle, queue, ticket_clocks
from escalations.models import UNFINISHED, Clock, ClockState, State, Ticket
from events.models import Event
from reports import forecast, tasks
from reports.breach_model import Method, Model
from reports.models import Forecast, ForecastMethod
from tests.escalations import levels
from tests.reports.pasts_of_clocks import START
from tests.reports.test_pages import found_in, page_of, tile

METRICS = ("accept", "resolution")
#: Shares missed by eighths of the target: so a test knows what to expect.
EIGHTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)


@pytest.fixture
def passing():
    with time_machine.travel(START, tick=False) as now:
        yield now


@pytest.fixture
def learnt(passing, desk):
    """A desk whose clocks have eight hours at P1 (24 at P3), and what was learnt about them."""
    levels.policy("All", dict.fromkeys(METRICS, 8 * 60), pauses_in=[State.WAITING_CUSTOMER])
    learn(EIGHTHS)
    return desk


def learn(eighths, metrics=METRICS):
    model = Model(
        method=Method.SHARES, zone="UTC", overall=(10.0, 40.0), eighths=tuple(eighths), teams={}, categories={},
        rhythm=tuple([1 / 168] * 168),
    )  # fmt: skip
    for metric in metrics:
        Forecast.objects.update_or_create(
            metric=metric,
            defaults={
                "method": ForecastMethod.SHARES, "fitted_at": START, "since": START, "clocks": 40, "missed": 10,
                "moments": 100, "learnt": model.to_json(),
            },
        )  # fmt: skip
    forecast._known.clear()


def probability(ticket, metric="resolution"):
    return Clock.objects.get(ticket=ticket, metric=metric).breach_probability


def risk(ticket):
    return Ticket.objects.get(pk=ticket.pk).breach_risk


def test_an_open_clock_is_told_its_chance_and_the_ticket_the_highest(learnt, passing):
    ticket, accepted = learnt.escalated(), learnt.accepted()
    passing.shift(timedelta(hours=10))  # of 24: the fourth eighth
    assert forecast.score() == 3
    assert probability(ticket, "accept") == probability(ticket) == EIGHTHS[3]
    assert risk(ticket) == 30
    assert probability(accepted, "accept") is None
    assert forecast.score() == 0
    passing.shift(timedelta(hours=12))
    assert forecast.score() == 3
    assert risk(accepted) == 90


def test_one_that_stands_still_keeps_its_chance_while_time_passes(learnt, passing):
    ticket = learnt.started()
    passing.shift(timedelta(hours=7))
    lifecycle.wait_for_customer(ticket, by=learnt.l2, message="Which one?")
    passing.shift(timedelta(days=3))
    forecast.score()
    assert probability(ticket) == EIGHTHS[2]


def test_one_that_is_missed_or_ends_has_none_at_once(learnt, passing):
    missed, resolved = learnt.started(), learnt.started()
    passing.shift(timedelta(hours=23))
    forecast.score()
    assert risk(missed) == risk(resolved) == 90
    learnt.resolved(resolved)
    assert probability(resolved) is None and risk(resolved) is None
    passing.shift(timedelta(hours=2))
    ticket_clocks.mark_breaches()
    assert probability(missed) is None
    forecast.consume(Event.objects.filter(kind="sla.breached").latest("pk"))
    assert risk(missed) is None


def test_one_past_its_due_that_nobody_marked_yet_has_none(learnt, passing):
    ticket = learnt.started()
    forecast.score()
    assert probability(ticket) == EIGHTHS[0]
    passing.shift(timedelta(hours=25))
    forecast.score()
    assert Clock.objects.get(ticket=ticket, metric="resolution").breached_at is None
    assert probability(ticket) is None
    assert risk(ticket) is None


def test_a_change_is_told_of_without_waiting_for_the_schedule(learnt, passing):
    passing.shift(timedelta(hours=1))
    ticket = learnt.escalated()
    created = Event.objects.get(kind="ticket.created", subject_id=ticket.pk)
    assert created.deliveries.filter(consumer="forecast").exists()
    assert probability(ticket) is None
    forecast.consume(created)
    assert probability(ticket) == EIGHTHS[0]
    forecast.consume(created)
    assert risk(ticket) == 5


def test_a_change_of_an_open_clock_leaves_the_last_forecast_standing(learnt, passing):
    ticket = learnt.started()
    forecast.score()
    passing.shift(timedelta(hours=7))
    lifecycle.wait_for_customer(ticket, by=learnt.l2, message="Which one?")
    assert Clock.objects.get(ticket=ticket, metric="resolution").state == ClockState.PAUSED
    assert probability(ticket) == EIGHTHS[0]


def test_what_is_not_learnt_is_not_told(learnt, passing):
    Forecast.objects.filter(metric="resolution").update(method=ForecastMethod.NONE, learnt={})
    ticket = learnt.escalated()
    Clock.objects.filter(ticket=ticket, metric="resolution").update(breach_probability=0.5)
    forecast.score()
    assert probability(ticket) is None
    assert probability(ticket, "accept") == EIGHTHS[0]


def test_the_first_round_learns_by_itself_and_too_little_is_said(passing, desk):
    levels.policy("All", dict.fromkeys(METRICS, 8 * 60))
    ticket = desk.resolved()
    tasks.score_forecasts()
    found = Forecast.objects.get(metric="resolution")
    assert (found.method, found.clocks, found.trial) == (ForecastMethod.NONE, 0, {})
    assert probability(ticket) is None


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    eighths=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_whenever_it_runs_and_however_often(learnt, hours, eighths):
    with transaction.atomic(), time_machine.travel(START, tick=False) as now:
        learn(eighths)
        tickets = [learnt.escalated(), learnt.started(), learnt.resolved()]
        lifecycle.wait_for_customer(learnt.started(), by=learnt.l2, message="Which one?")
        for span in hours:
            now.shift(timedelta(hours=span))
            forecast.score()
            assert forecast.score() == 0
            highest: dict[int, float] = {}
            for row in Clock.objects.all():
                may = row.state in UNFINISHED and (row.due_at is None or row.due_at > clock.now())
                assert (row.breach_probability is not None) == (may and row.breached_at is None)
                if row.breach_probability is not None:
                    assert 0 <= row.breach_probability <= 1
                    highest[row.ticket_id] = max(row.breach_probability, highest.get(row.ticket_id, 0))
            for pk, percent in Ticket.objects.values_list("pk", "breach_risk"):
                assert percent == (round(100 * highest[pk]) if pk in highest else None)
            ticket_clocks.mark_breaches()
        assert len(tickets) == 3
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_holds_is_left_for_the_next_round(desk):
    levels.policy("All", dict.fromkeys(METRICS, 8 * 60))
    learn(EIGHTHS)
    held, free = desk.escalated(), desk.escalated()
    told = []

    def elsewhere():
        told.append(forecast.score())
        connection.close()

    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=held.pk)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(timeout=20)
        assert told == [2]
    assert probability(free) is not None and probability(held) is None
    assert forecast.score() == 2


# Pages


@pytest.fixture
def queued(learnt, passing):
    """Three tickets of rising risk, and one that nobody knows of."""
    found = SimpleNamespace(desk=learnt)
    found.high = learnt.escalated()
    passing.shift(timedelta(hours=7))
    found.middle = learnt.escalated()
    passing.shift(timedelta(hours=10))
    found.low = learnt.escalated()
    found.unknown = learnt.escalated()
    passing.shift(timedelta(minutes=5))
    forecast.score()
    Ticket.objects.filter(pk=found.unknown.pk).update(breach_risk=None)
    Clock.objects.filter(ticket=found.unknown).update(breach_probability=None)
    return found


def references(page):
    return re.findall(r'class="reference">(ESC-\d+)', page)


def test_the_queue_shows_and_sorts_by_risk(client, queued):
    page = page_of(client, queued.desk.l2, "queue", order="risk")
    rising = [queued.high, queued.middle, queued.low, queued.unknown]
    assert references(page) == [ticket.reference for ticket in rising]
    shown = found_in(rf"({queued.high.reference}.*?</tr>)", page)
    assert "50&nbsp;%" in shown
    assert "likely to be missed" in shown
    assert 'class="risk"' not in found_in(rf"({queued.unknown.reference}.*?</tr>)", page)


def test_pages_by_risk_follow_each_other(queued):
    tickets = Ticket.objects.all()
    first = queue.page(tickets, order="risk", size=2)
    second = queue.page(tickets, order="risk", size=2, after=first.next or "")
    assert [one.pk for one in [*first.tickets, *second.tickets]] == [
        queued.high.pk, queued.middle.pk, queued.low.pk, queued.unknown.pk,
    ]  # fmt: skip
    back = queue.page(tickets, order="risk", size=2, before=second.previous or "")
    assert [one.pk for one in back.tickets] == [queued.high.pk, queued.middle.pk]


@pytest.mark.parametrize(
    ("spans", "found"), [(["50-74"], ["high"]), (["0-24"], ["low"]), (["50-74", "25-49"], ["high", "middle"])]
)
def test_the_queue_narrows_by_risk(client, queued, spans, found):
    client.force_login(queued.desk.l2)
    page = client.get(reverse("queue"), {"risk": spans, "order": "risk"}).content.decode()
    assert references(page) == [getattr(queued, name).reference for name in found]
    assert client.get(reverse("queue"), {"risk": "90"}).status_code == 400


def test_the_ticket_says_how_likely_each_deadline_is_missed(client, queued):
    page = page_of(client, queued.desk.l2, "ticket", [queued.middle.reference])
    assert page.count("% likely to be missed") == 2
    assert "30 % likely to be missed" in page


def test_the_api_tells_it_too(client, queued):
    client.force_login(queued.desk.l2)
    rows = client.get(reverse("api-ticket-list"), {"order": "risk"}).json()["results"]
    assert [row["breach_risk"] for row in rows] == [50, 30, 5, None]
    whole = client.get(reverse("api-ticket-detail", args=[queued.high.reference])).json()
    assert {one["breach_probability"] for one in whole["deadlines"]} == {0.5}


def test_the_dashboard_sums_what_is_expected(client, queued):
    page = page_of(client, queued.desk.lead)
    value, link = tile(page, "Expected to be missed")
    assert value == "1.7"  # two clocks each of 50, 30 and 5 %
    assert "of 6 open deadlines" in page
    assert "order=risk" in link
    assert references(client.get(link).content.decode())[0] == queued.high.reference
    text = page_of(client, queued.desk.lead, "dashboard_csv", ["outlook"])
    assert text.splitlines()[1].split(",")[:3] == ["Accept", "4", "0.85"]


def test_without_a_forecast_the_dashboard_says_so(client, passing, desk):
    desk.escalated()
    page = page_of(client, desk.lead)
    assert tile(page, "Expected to be missed")[0] == "–"
    assert "no forecast yet" in page


def test_the_page_is_for_leads_and_says_what_is_missing(client, learnt):
    for person in (learnt.l1, learnt.l2, learnt.partner):
        page_of(client, person, "forecast", status=404)
    Forecast.objects.create(metric="update", method=ForecastMethod.NONE, fitted_at=START, clocks=3, missed=1)
    page = page_of(client, learnt.lead, "forecast")
    assert "There is too little history to try it" in page
    assert "3 ended deadlines" in page
    Forecast.objects.all().delete()
    assert "No forecast yet" in page_of(client, learnt.auditor, "forecast")
