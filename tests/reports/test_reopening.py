"""The reopen rate of each root cause, as the page and its CSV tell it."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from statsmodels.stats.proportion import proportion_confint

from common import clock
from escalations import diagnosis, lifecycle
from escalations.diagnosis import Findings
from escalations.models import ReasonKind, RootCause, Ticket
from reports import days, reopening
from reports.reopening import Share
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
    desk, now = Desk(), clock.now()
    first, second = (cause.pk for cause in RootCause.objects.filter(children=None).order_by("pk")[:2])

    def ago(number: float) -> Any:
        return clock.replaying(now - timedelta(days=number))

    def reopened(ticket: Ticket) -> Ticket:
        return lifecycle.reopen(ticket, by=desk.l2, reason=desk.reason(ReasonKind.REOPEN), explanation="Again.")

    with ago(60):  # in as many days before
        desk.resolved()
    with ago(40):
        fine, ticket, late = desk.resolved(), desk.resolved(), desk.resolved()
    with ago(39):
        again = lifecycle.start(reopened(ticket), by=desk.l2)
        lifecycle.resolve(again, by=desk.l2, **desk.resolution() | {"root_cause": second})
    with ago(40 - 14.5):
        reopened(late)  # after more than 14 days
    with ago(13):
        young = desk.resolved()
    with ago(12):
        reopened(young)
    today = days.day_of(now)
    selection = Selection(today - timedelta(days=45), today)
    found = reopening.by_root_cause(selection)
    assert [(row.cause, row.share, row.before) for row in found] == [
        (first, Share(3, 1, 1), Share(1, 0, 0)),
        (second, Share(1, 0, 0), Share()),
    ]
    assert found[0].difference == pytest.approx(100 / 3)
    assert found[1].difference is None
    assert reopening.by_root_cause(replace(selection, teams=(desk.accounts.pk,))) == []
    narrow = replace(selection, agent=desk.l2.pk, category=desk.category.pk)
    assert reopening.by_root_cause(narrow) == found

    client = Client()
    client.force_login(desk.lead)
    since = f"since={selection.first}"
    page = client.get(f"{reverse('reopen_rates')}?{since}").content.decode()
    assert RootCause.objects.get(pk=first).path in page.replace("&gt;", ">")
    assert "33.3 %" in page
    assert "+33.3" in page
    assert "1 more was resolved too recently" in page
    behind = f"{reverse('reopen_rate', args=[first])}?{since}"
    for address, expected in ((behind, {fine, ticket, late}), (f"{behind}&show=reopened", {ticket})):
        assert address in page.replace("&amp;", "&")
        assert set(client.get(address).context["page"].object_list) == expected
    table = client.get(f"{reverse('reopen_rates_csv')}?{since}").content.decode("utf-8-sig")
    assert next(row for row in csv.reader(io.StringIO(table)) if row[1] == "3")[2:] == [
        "1", "33.33", "6.15", "79.23", "0.0", "33.33", "1",
    ]  # fmt: skip
    diagnosis.write(fine, Findings(root_cause=first), by=desk.l2, version=0)
    board = client.get(reverse("diagnosis_board", args=[fine.reference])).content.decode()
    assert f'href="{reverse("reopen_rate", args=[first])}"' in board
    client.force_login(desk.outsider)
    assert "Nothing was resolved in these days." in client.get(reverse("reopen_rates")).content.decode()
    assert client.get(behind).context["page"].object_list.count() == 0
