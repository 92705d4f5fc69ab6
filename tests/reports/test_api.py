"""Figures and trends for other programs."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse
from rest_framework.test import APIClient

from escalations.models import Ticket
from reports import ledger
from reports.models import Dimension, Trend

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def busy(desk):
    desk.returned()
    desk.resolved()
    ledger.keep(Ticket.objects.values_list("pk", flat=True))
    return desk


def ask(person, name="api-metrics-list", args=(), **query):
    client = APIClient()
    client.force_authenticate(person)
    return client.get(reverse(name, args=args), query)


def rows(response):
    assert response.status_code == 200, response.content
    return [(row["measure"], *row["group"].values(), row["count"]) for row in response.json()["rows"]]


def test_measures_grouped_as_asked(busy):
    answer = ask(busy.lead, measure="created,resolved", group_by="team,day")
    assert rows(answer) == [
        ("created", busy.payments.pk, "2026-04-10", 2),
        ("resolved", busy.payments.pk, "2026-04-10", 1),
    ]
    assert answer.json()["time_zone"] == "UTC"


def test_durations_have_percentiles(busy):
    (row,) = ask(busy.lead, measure="resolution_calendar").json()["rows"]
    assert (row["count"], row["p50"], row["group"]) == (1, 0.0, {})


def test_one_reads_ones_own_teams(busy):
    other = busy.person("Another Lead", (busy.accounts, "lead"))
    assert rows(ask(other, measure="created")) == []
    assert ask(other, measure="created", team=busy.payments.pk).status_code == 400
    assert rows(ask(busy.auditor, measure="created")) == [("created", 2)]
    for person in (busy.l1, busy.partner):
        assert ask(person, measure="created").status_code == 404
        assert ask(person, "api-trend-list").status_code == 404


def test_a_malformed_question_says_which_part(desk):
    for query in (
        {},
        {"measure": "secrets"},
        {"measure": "created", "group_by": "customer"},
        {"measure": "created", "since": "x"},
        {"measure": "created", "agent": "x"},
    ):
        response = ask(desk.lead, **query)
        assert response.status_code == 400, query
        assert response.json()["errors"]


def test_an_answer_has_its_limits(busy, monkeypatch):
    monkeypatch.setattr("reports.summaries.MOST_ROWS", 1)
    response = ask(busy.lead, measure="created,resolved", group_by="day")
    assert response.status_code == 400 and "group_by" in response.json()["errors"]


def test_trends(busy):
    trend = Trend.objects.create(
        dimension=Dimension.CATEGORY, value=str(busy.category.pk), since=NOW.date(), last_day=NOW.date(),
        expected=2.5, threshold=7, seen=19, total_seen=19, total_expected=2.5, customers=15, p_value=1e-9,
        q_value=1e-7, first_flagged_at=NOW, updated_at=NOW,
    )  # fmt: skip
    (shown,) = ask(busy.l2, "api-trend-list").json()["results"]
    assert (shown["id"], shown["name"], shown["seen"]) == (trend.pk, str(busy.category), 19)
    assert ask(busy.l2, "api-trend-list", status="over").json()["results"] == []
    assert ask(busy.l2, "api-trend-list", status="x").status_code == 400
    assert ask(busy.l2, "api-trend-detail", [trend.pk]).json()["since"] == "2026-04-10"
    assert ask(busy.l2, "api-trend-detail", [trend.pk + 1]).status_code == 404
    assert ask(busy.l1, "api-trend-detail", [trend.pk]).status_code == 404
