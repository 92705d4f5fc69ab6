"""The dashboard, the tickets behind its figures, and the trends, through the front door."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from escalations import lifecycle
from escalations.models import Category, ReasonKind, Ticket
from reports import behind, ledger
from reports.models import DailyFact, Dimension, Trend, TrendStatus
from reports.views.tables import TABLES
from tests.factories import UserFactory

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def busy(desk):
    """Four escalations: one new, one returned, one resolved and rated well, one reopened."""
    desk.escalated()
    desk.returned()
    desk.resolved()
    lifecycle.reopen(
        desk.resolved(), by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="It fails again."
    )
    ledger.keep(Ticket.objects.values_list("pk", flat=True))
    return desk


def page_of(client, person, name="dashboard", args=(), status=200, **query):
    client.force_login(person)
    response = client.get(f"{reverse(name, args=args)}?{urlencode(query)}")
    assert response.status_code == status
    return response.content.decode()


def found_in(pattern, page):
    """Return the first group of the first place that matches."""
    found = re.search(pattern, page, re.DOTALL)
    assert found, pattern
    return found[1]


def tile(page, label):
    """Return a tile's figure and its link."""
    found = re.search(
        rf'<a class="figure-tile" href="([^"]*)"[^>]*>\s*<span class="figure-label">{label}</span>\s*'
        r'<span class="figure-value">([^<]*)</span>',
        page,
    )
    assert found, label
    return unescape(found[2]), unescape(found[1])


def test_the_figures_are_those_of_what_happened(client, busy):
    page = page_of(client, busy.lead)
    assert tile(page, "Open now")[0] == "3"
    assert tile(page, "Created")[0] == "4"
    assert tile(page, "Resolved")[0] == "2"
    assert tile(page, "Returned")[0] == "1"
    assert tile(page, "Overdue now")[0] == "0"


@pytest.mark.parametrize(("label", "number"), [("Created", 4), ("Resolved", 2), ("Returned", 1), ("Rating", 0)])
def test_a_figure_opens_exactly_the_tickets_behind_it(client, busy, label, number):
    address = tile(page_of(client, busy.lead), label)[1]
    response = client.get(address)
    assert response.status_code == 200
    assert response.content.decode().count('class="row-link') == number


def _kind_of(address):
    path, _, query = address.partition("?")
    given = dict(parse_qsl(query))
    return path, given.get("measure"), given.get("scope"), tuple(sorted(given))


def test_every_link_of_the_dashboard_leads_somewhere(client, busy):
    page = page_of(client, busy.lead)
    addresses = {unescape(found) for found in re.findall(r'href="(/(?:dashboard|queue|trends)[^"]*)"', page)}
    assert len(addresses) > 60
    # One of each kind: the same measure narrowed by the same things is the same link.
    kinds = {_kind_of(address): address for address in sorted(addresses)}
    assert len(kinds) > 20
    for address in kinds.values():
        assert client.get(address).status_code == 200, address


def test_filters_narrow_every_figure(client, busy):
    other = Category.objects.exclude(pk=busy.category.pk).earliest("pk")
    assert tile(page_of(client, busy.lead, category=other.pk), "Created")[0] == "0"
    assert tile(page_of(client, busy.lead, category=busy.category.pk), "Created")[0] == "4"
    assert tile(page_of(client, busy.lead, agent=busy.other_l2.pk), "Resolved")[0] == "0"
    assert tile(page_of(client, busy.lead, agent=busy.l2.pk), "Resolved")[0] == "2"
    earlier = {"since": "2026-03-01", "until": "2026-03-31"}
    assert tile(page_of(client, busy.lead, **earlier), "Created")[0] == "0"


def test_a_lead_reads_only_their_own_teams(client, busy):
    lead = busy.person("Another Lead", (busy.accounts, "lead"))
    assert tile(page_of(client, lead), "Created")[0] == "0"
    page_of(client, lead, status=400, team=busy.payments.pk)
    assert tile(page_of(client, busy.auditor), "Created")[0] == "4"
    assert tile(page_of(client, UserFactory(is_superuser=True), team=busy.payments.pk), "Created")[0] == "4"


@pytest.mark.parametrize("name", ["dashboard", "figure_tickets", "trend_list"])
def test_whoever_reads_no_figures_finds_nothing(client, busy, name):
    for person in (busy.l1, busy.partner, UserFactory()):
        page_of(client, person, name, status=404, measure="created")


MALFORMED = [
    {"since": "yesterday"},
    {"since": "2026-04-02", "until": "2026-04-01"},
    {"since": "0001-01-01"},
    {"until": "9999-12-31"},
    {"since": "2001-01-01"},
    {"team": "x"},
    {"category": "99999999999999999999"},
    {"priority": "\x00"},
    {"channel": "pigeon"},
    {"agent": "-1"},
]


def test_a_malformed_question_is_told_what_is_wrong(client, desk):
    for query in MALFORMED:
        for name, args in (("dashboard", []), ("figure_tickets", []), ("dashboard_csv", ["flow"])):
            page_of(client, desk.lead, name, args, status=400, measure="created", **query)


def test_a_damaged_page_address_is_no_page(client, desk):
    for after in ("x", "~", "2026-04-01~x", f"2026-04-01~{2**70}", "9" * 50 + "~1"):
        page_of(client, desk.lead, "figure_tickets", status=404, measure="created", after=after)


def test_unknown_tables_and_figures_are_no_page(client, busy):
    page_of(client, busy.lead, "dashboard_csv", ["secrets"], status=404)
    page_of(client, busy.lead, "figure_tickets", status=400, measure="secrets")
    assert client.get(f"{reverse('trend_list')}?status=x").status_code == 404


def test_every_table_can_be_taken_along(client, busy):
    for table in TABLES:
        text = page_of(client, busy.lead, "dashboard_csv", [table])
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert len(rows) > 1 or table == "ratings"
        assert len({len(row) for row in rows}) == 1


def test_a_name_that_looks_like_a_formula_is_defused(client, busy):
    busy.l2.name = '=HYPERLINK("https://example.com")'
    busy.l2.save()
    text = page_of(client, busy.lead, "dashboard_csv", ["workload"])
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert '\'=HYPERLINK("https://example.com")' in {row[0] for row in rows}


def test_durations_come_longest_first_and_page_on(client, busy, monkeypatch):
    monkeypatch.setattr(behind, "page", partial(behind.page, size=6))
    DailyFact.objects.all().delete()
    for number in range(8):
        with time_machine.travel(NOW - timedelta(days=3), tick=False):
            ticket = busy.started()
        with time_machine.travel(NOW - timedelta(days=2) + timedelta(hours=number), tick=False):
            busy.resolved(ticket)
    ledger.rebuild()
    page = page_of(client, busy.lead, "figure_tickets", measure="resolution_calendar")
    assert page.count('class="row-link') == 6
    lengths = [int(minutes) for minutes in re.findall(r">1 d (\d+) h<", page)]
    assert lengths == sorted(lengths, reverse=True)
    following = unescape(found_in(r'href="([^"]*)" rel="next"', page))
    second = client.get(following).content.decode()
    references = re.findall(r'class="reference">(ESC-\d+)', page + second)
    assert len(references) == len(set(references)) == 9


#: Session, person, alerts; teams, people, categories, reasons; figures in five, the present in two, trends.
DASHBOARD_QUERIES = 15
#: Session, person, alerts: the rest is kept for half a minute.
SEEN_LATELY_QUERIES = 3


def test_the_dashboard_asks_as_few_questions_however_much_there_is(client, busy, django_assert_num_queries):
    before = tile(page_of(client, busy.lead), "Created")[0]
    for _ in range(5):
        busy.resolved()
    ledger.rebuild()
    with django_assert_num_queries(SEEN_LATELY_QUERIES):
        page = client.get(reverse("dashboard")).content.decode()
    assert tile(page, "Created")[0] == before
    cache.clear()
    with django_assert_num_queries(DASHBOARD_QUERIES):
        page = client.get(reverse("dashboard")).content.decode()
    assert tile(page, "Created")[0] != before


def test_what_is_kept_of_the_dashboard_is_kept_for_one_person_with_these_rights(client, busy):
    own = tile(page_of(client, busy.lead), "Created")[0]
    assert tile(page_of(client, busy.auditor), "Created")[0] == own
    busy.lead.memberships.all().delete()
    client.force_login(busy.lead)
    assert client.get(reverse("dashboard")).status_code == 404


@pytest.fixture
def rise(busy):
    return Trend.objects.create(
        dimension=Dimension.CATEGORY, value=str(busy.category.pk), since=NOW.date(), last_day=NOW.date(),
        expected=2.5, threshold=7, seen=19, total_seen=19, total_expected=2.5, customers=15, p_value=1e-9,
        q_value=1e-7, examples=list(Ticket.objects.values_list("pk", flat=True)),
        chart={
            "days": ["2026-04-09", "2026-04-10"], "seen": [2, 19], "expected": [None, 2.5],
            "threshold": [None, 7],
        },
        first_flagged_at=NOW, updated_at=NOW,
    )  # fmt: skip


def test_a_trend_says_what_was_expected_and_what_was_seen(client, rise, busy):
    listed = page_of(client, busy.lead, "trend_list")
    assert rise.get_absolute_url() in listed and str(busy.category) in listed
    page = page_of(client, busy.lead, "trend", [rise.pk])
    assert "19" in page and "2.5" in page and "10 Apr 2026" in page
    assert page.count('class="row-link') == 4
    chart = json.loads(found_in(r'<script id="trend-data"[^>]*>(.*?)</script>', page))
    assert chart["series"][0]["values"] == [2, 19]
    assert rise.get_absolute_url() in page_of(client, busy.lead)


def test_examples_are_only_those_one_may_see(client, rise, busy):
    page = page_of(client, busy.outsider, "trend", [rise.pk])
    assert 'class="row-link' not in page


def test_a_lead_dismisses_and_others_cannot(client, rise, busy):
    address = reverse("trend_dismiss", args=[rise.pk])
    for person, status in ((busy.l2, 404), (busy.auditor, 404), (busy.l1, 404)):
        client.force_login(person)
        assert client.post(address, {"reason": "Known"}).status_code == status
    client.force_login(busy.lead)
    assert client.post(address, {"reason": " "}).status_code == 422
    assert client.post(address, {"reason": "Known"}).status_code == 302
    rise.refresh_from_db()
    assert (rise.status, rise.dismissed_by) == (TrendStatus.DISMISSED, busy.lead)
    assert client.post(address, {"reason": "Again"}).status_code == 422
    assert "Known" in page_of(client, busy.lead, "trend", [rise.pk])
