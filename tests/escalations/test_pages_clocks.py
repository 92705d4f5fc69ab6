"""The pages about clocks: the proof, the overview, who held it; who sees what, and what it costs."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations import assignment, conversation, lifecycle, queue, ticket_clocks
from escalations.models import Clock, MessageKind, Metric, Ticket
from escalations.views import clocks as pages
from escalations.views.rows import rows
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.test_api import calling_as
from tests.escalations.test_pages import signed_in

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # 16:00 in Manila
HOUR = timedelta(hours=1)
WEEKDAYS = [{"day": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]


@pytest.fixture
def late(desk: Desk) -> Ticket:
    """A ticket whose resolution was due on Tuesday, and that a partner had for a while."""
    with time_machine.travel(MONDAY, tick=False) as now:
        office = levels.calendar("Office", zone="Asia/Manila", weekly=WEEKDAYS, own_holidays=["2026-03-03"])
        levels.policy(
            "Office hours",
            {Metric.RESOLUTION: 240, Metric.OWNERSHIP: 600, Metric.HAND_OVER: 60},
            calendar=office,
            pauses_in=["waiting_customer"],
        )
        ticket = desk.started(impact=1, urgency=1)
        now.shift(HOUR / 2)
        ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        now.shift(24 * HOUR)
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="At noon.")
        ticket.refresh_from_db()
        ticket = lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Down?")
        now.shift(24 * HOUR)
        ticket = lifecycle.resume(ticket, by=desk.l2)
        ticket = desk.resolved(ticket)
        ticket_clocks.mark_breaches()
    return ticket


def proof(ticket: Ticket, metric: Metric = Metric.RESOLUTION) -> str:
    number = Clock.objects.get(ticket=ticket, metric=metric).pk
    return reverse("clock_proof", args=[ticket.reference, number])


def test_why_it_breached_to_the_second(desk: Desk, late: Ticket) -> None:
    desk.lead.time_zone = "America/New_York"
    desk.lead.save()
    html = signed_in(desk.lead).get(proof(late)).content.decode()
    # Half an hour on Monday, nothing on Tuesday's holiday, the rest from 9:00 on Wednesday.
    assert "Why did this breach?" in html
    assert "4 h 00 min 00 s of open time were used up on Tue 3 Mar 2026, 23:30:00 (New York)" in html
    assert "Wed 4 Mar 2026, 09:00:00–12:30:00" in html  # in Manila, beside
    assert "Tue 3 Mar 2026, 20:00:00–23:30:00" in html  # in New York
    assert "Holidays that did not count: Tue 3 Mar 2026" in html
    assert "Office hours, version 1" in html
    assert "Partner: Engineering" in html
    assert "Sam Second: is waiting: Waiting on customer" in html


def test_the_first_line_is_not_told_which_partner_it_was(desk: Desk, late: Ticket) -> None:
    for address in (proof(late), reverse("clocks", args=[late.reference])):
        html = signed_in(desk.l1).get(address).content.decode()
        assert "A partner" in html
        assert "Engineering" not in html


def test_who_sees_which_clock(desk: Desk, late: Ticket) -> None:
    everybody = {"l1", "l2", "lead", "auditor", "partner", "outsider"}
    seen = {
        metric: {
            who for who in everybody if signed_in(getattr(desk, who)).get(proof(late, metric)).status_code == 200
        }
        for metric in (Metric.RESOLUTION, Metric.OWNERSHIP, Metric.HAND_OVER)
    }
    assert seen == {
        Metric.RESOLUTION: {"l1", "l2", "lead", "auditor"},
        Metric.OWNERSHIP: {"l2", "lead", "auditor"},
        Metric.HAND_OVER: {"l2", "lead", "auditor", "partner"},
    }
    for partner_page in (reverse("clocks", args=[late.reference]), late.get_absolute_url()):
        html = signed_in(desk.partner).get(partner_page).content.decode()
        assert proof(late, Metric.HAND_OVER) in html
        assert proof(late) not in html
        assert "Who held it how long" not in html
    shown = calling_as(desk.partner).get(reverse("api-ticket-detail", args=[late.reference])).json()
    assert [(one["metric"], one["team"]) for one in shown["deadlines"]] == [("hand_over", "Engineering")]
    for_l1 = calling_as(desk.l1).get(reverse("api-ticket-detail", args=[late.reference])).json()
    assert {one["metric"] for one in for_l1["deadlines"]} == {"resolution"}


def test_a_clock_of_another_ticket_is_not_found(desk: Desk, late: Ticket) -> None:
    other = desk.escalated()
    number = Clock.objects.filter(ticket=late).latest("pk").pk
    for name in ("clock_proof", "set_deadline"):
        assert signed_in(desk.lead).get(reverse(name, args=[other.reference, number])).status_code == 404


def test_the_overview_adds_up_and_leads_to_each_proof(desk: Desk, late: Ticket) -> None:
    page = signed_in(desk.lead)
    html = page.get(reverse("clocks", args=[late.reference])).content.decode()
    for metric in (Metric.RESOLUTION, Metric.OWNERSHIP, Metric.HAND_OVER):
        assert proof(late, metric) in html
    assert "Who held it how long" in html
    answer = page.get(reverse("custody_csv", args=[late.reference]))
    assert answer["Content-Disposition"] == f'attachment; filename="{late.reference}-custody.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert [(row["Held by"], row["Team"], row["Owner"]) for row in rows][:4] == [
        ("second_line", "Payments", "Sam Second"),
        ("customer", "Customer", ""),
        ("partner", "Partner: Engineering", ""),
        ("nobody", "Nobody: resolved", ""),
    ]
    assert [int(row["Seconds"]) for row in rows[:3]] == [1800, 86400, 86400]
    assert signed_in(desk.partner).get(reverse("custody_csv", args=[late.reference])).status_code == 404


def test_the_breach_on_the_timeline_leads_to_its_proof(desk: Desk, late: Ticket) -> None:
    html = signed_in(desk.l2).get(late.get_absolute_url()).content.decode()
    assert f'<a href="{proof(late)}">Deadline missed: Resolution</a>' in html


def test_long_clocks_go_on_from_page_to_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    office = levels.calendar("Office", zone="Asia/Manila", weekly=WEEKDAYS)
    levels.policy("Months", {Metric.RESOLUTION: 60 * 60}, calendar=office)
    monkeypatch.setattr(pages, "PAGE_SIZE", 4)
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(days=9))
        assignment.set_priority(ticket, 2, by=desk.lead)
        now.shift(timedelta(days=5))
        page, address = signed_in(desk.lead), proof(ticket)
        totals: list[str] = []
        continued: list[bool] = []
        for number in (1, 2, 3):
            answer = page.get(f"{address}?page={number}")
            assert answer.context["pages"] == 3
            totals += [line.total for chapter in answer.context["chapters"] for line in chapter.lines]
            continued.append(answer.context["chapters"][0].is_continued)
        assert len(totals) == len(set(totals)) == 12
        assert continued == [False, True, False]
        assert totals[-1] == "80 h 00 min 00 s"
        for wrong in ("0", "4", "x", "-1", "²", "9" * 30):
            assert page.get(f"{address}?page={wrong}").status_code == 404


@pytest.mark.parametrize(("name", "most"), [("proof", 22), ("clocks", 15)])
def test_they_cost_the_same_however_long_the_story(
    desk: Desk, late: Ticket, django_assert_max_num_queries: DjangoAssertNumQueries, name: str, most: int
) -> None:
    lifecycle.reopen(late, by=desk.l2, reason=desk.reason("reopen"), explanation="Again")  # type: ignore[arg-type]
    for number in range(5):
        conversation.write(late, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body=f"Update {number}")
        conversation.write(late, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body=f"Question {number}")
    address = proof(late) if name == "proof" else reverse("clocks", args=[late.reference])
    page = signed_in(desk.lead)
    page.get(address)
    with django_assert_max_num_queries(most):
        assert page.get(address).status_code == 200


def test_the_queue_stays_calm(desk: Desk, late: Ticket) -> None:
    minutes: dict[str, int] = {
        Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.FIRST_RESOLUTION: 240, Metric.RESOLUTION: 480,
        Metric.OWNERSHIP: 30,
    }  # fmt: skip
    levels.policy("Office hours", minutes)
    desk.escalated(subject="A calm one")
    tickets = queue.with_row_data(Ticket.objects.filter(subject="A calm one"))
    (row,) = rows(tickets, desk.l2)
    assert row.next is not None
    assert row.next.metric == Metric.ACCEPT
    assert row.later == "3 more"
    assert Metric.OWNERSHIP not in {one.metric for one in row.deadlines}
