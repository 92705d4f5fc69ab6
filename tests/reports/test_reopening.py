"""The reopen rate of each root cause, as the page and its CSV tell it."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse
from statsmodels.stats.proportion import proportion_confint

from common import clock
from escalations import lifecycle
from escalations.models import ReasonKind, RootCause
from reports import days, reopening
from reports.selection import Selection
from tests import seed
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("hits", "tries"), [(0, 1), (1, 1), (1, 3), (7, 250)])
def test_the_interval_is_wilsons(hits: int, tries: int) -> None:
    assert reopening.wilson(hits, tries) == pytest.approx(
        proportion_confint(hits, tries, method="wilson"), abs=1e-12
    )


def test_a_resolution_that_came_back_counts_for_its_own_root_cause() -> None:
    seed.catalogue()
    desk = Desk()
    first, second = (cause.pk for cause in RootCause.objects.filter(children=None).order_by("pk")[:2])
    desk.resolved()
    ticket = desk.resolved()
    reason = desk.reason(ReasonKind.REOPEN)
    again = lifecycle.reopen(ticket, by=desk.l2, reason=reason, explanation="Again.")
    lifecycle.resolve(lifecycle.start(again, by=desk.l2), by=desk.l2, **desk.resolution() | {"root_cause": second})
    today = days.day_of(clock.now())
    found = reopening.by_root_cause(Selection(today, today))
    assert [(row.cause, row.resolved, row.reopened) for row in found] == [(first, 2, 1), (second, 1, 0)]
    assert reopening.by_root_cause(Selection(today, today, teams=(desk.accounts.pk,))) == []
    assert reopening.by_root_cause(Selection(today, today, agent=desk.l2.pk, category=desk.category.pk)) == found

    client = Client()
    client.force_login(desk.lead)
    page = client.get(reverse("reopen_rates")).content.decode()
    assert RootCause.objects.get(pk=first).path in page.replace("&gt;", ">")
    assert "50.0 %" in page
    table = client.get(reverse("reopen_rates_csv")).content.decode("utf-8-sig")
    assert next(row for row in csv.reader(io.StringIO(table)) if row[1] == "2")[2:] == [
        "1",
        "50.0",
        "9.45",
        "90.55",
    ]
    client.force_login(desk.outsider)
    assert "Nothing was resolved in these days." in client.get(reverse("reopen_rates")).content.decode()
