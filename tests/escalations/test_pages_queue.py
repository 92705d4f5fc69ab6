"""The queue and L1's own list: what they show, in which order, what they refuse, and at what cost."""

import re

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations import assignment, lifecycle
from escalations import queue as queue_module
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in


def queue(**query: str) -> str:
    return reverse("queue", query=query)


def test_the_queue_leads_to_triage_for_whoever_triages_and_to_the_ticket_for_others(desk: Desk) -> None:
    ticket = desk.escalated()
    triage = reverse("triage", args=[ticket.reference])
    assert f'href="{triage}?in=' in signed_in(desk.l2).get(queue()).content.decode()
    for_auditor = signed_in(desk.auditor).get(queue()).content.decode()
    assert triage not in for_auditor
    assert f'href="{ticket.get_absolute_url()}?in=' in for_auditor


def test_the_views_of_the_queue_part_it_by_owner_and_state(desk: Desk) -> None:
    untaken, own, others = desk.escalated(), desk.accepted(), desk.escalated()
    assignment.take(others, by=desk.other_l2)
    done = desk.resolved()
    page = signed_in(desk.l2)

    def shown(**query: str) -> set[str]:
        html = page.get(queue(**query)).content.decode()
        return {ticket.reference for ticket in (untaken, own, others, done) if ticket.reference in html}

    assert shown() == {untaken.reference, own.reference, others.reference}
    assert shown(scope="mine") == {own.reference}
    assert shown(scope="untaken") == {untaken.reference}
    assert shown(scope="all") == {untaken.reference, own.reference, others.reference, done.reference}
    assert shown(state="resolved") == {done.reference}
    assert shown(scope="mine", state="resolved") == {done.reference}
    assert shown(q=own.reference) == {own.reference}
    assert shown(owner=str(desk.other_l2.pk)) == {others.reference}


def test_a_filter_shows_as_a_chip_that_takes_it_away_and_keeps_the_rest(desk: Desk) -> None:
    ticket = desk.escalated(impact=1, urgency=1)
    html = signed_in(desk.l2).get(queue(category="other", priority="1", order="newest")).content.decode()
    assert ticket.reference in html
    assert 'href="?priority=1&amp;order=newest"' in html
    assert 'href="?category=other&amp;order=newest"' in html


@pytest.mark.parametrize(
    "query",
    [
        {"priority": "9"},
        {"state": "lost"},
        {"scope": "everybody"},
        {"order": "price"},
        {"order": "needs_l1"},
        {"after": "%00"},
        {"after": "W10"},
        {"owner": "x"},
        {"owner": "9" * 40},
        {"customer": "99999999999999999999"},
        {"customer": "1e3"},
        {"known_issue": "-1"},
        {"score": "nan"},
        {"category": "no-such"},
        {"team": "x"},
        {"created_after": "yesterday"},
    ],
    ids=str,
)
def test_an_address_that_asks_for_what_is_not_there_is_refused_with_a_way_out(
    desk: Desk, query: dict[str, str]
) -> None:
    for address in (queue(**query), reverse("my_escalations", query=query)):
        answer = signed_in(desk.lead).get(address)
        if query == {"order": "needs_l1"} and "escalations" in address:
            continue  # L1's own order
        assert answer.status_code == 400, address
        assert "Show the whole list" in answer.content.decode()


@pytest.mark.parametrize(
    "query", [{"q": "'); -- \"("}, {"created_before": "0001-01-01"}, {"resolved_after": "9999-12-31"}]
)
def test_an_odd_but_possible_address_finds_nothing(desk: Desk, query: dict[str, str]) -> None:
    desk.escalated()
    assert signed_in(desk.l2).get(queue(**query)).status_code == 200


def references_in(html: str) -> list[str]:
    return re.findall(r'<span class="reference">(ESC-\d+)</span>', html)


def test_pages_follow_each_other_and_lead_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    references = [desk.escalated().reference for _ in range(5)]
    by_default = queue_module.page.__kwdefaults__ or {}
    monkeypatch.setattr(queue_module.page, "__kwdefaults__", by_default | {"size": 2})
    page = signed_in(desk.l2)
    seen: list[str] = []
    response = page.get(queue(scope="open"))
    while True:
        seen += references_in(response.content.decode())
        following = response.context["page"].next
        if following is None:
            break
        response = page.get(queue(scope="open", after=following))
    assert seen == references
    back = page.get(queue(scope="open", before=response.context["page"].previous))
    assert references_in(back.content.decode()) == references[2:4]


def test_the_list_refreshes_itself_with_the_rows_alone(desk: Desk) -> None:
    ticket = desk.escalated()
    answer = signed_in(desk.l2).get(queue(), headers={"HX-Request": "true"})
    assert ticket.reference in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


def test_l1_sees_first_what_needs_them_with_the_last_answer_they_may_read(desk: Desk) -> None:
    waiting = desk.started()
    lifecycle.wait_for_l1(waiting, by=desk.l2, message="Which app version was it?")
    newer = desk.started()
    newest = desk.escalated()
    html = signed_in(desk.l1).get(reverse("my_escalations")).content.decode()
    assert html.index(waiting.reference) < html.index(newer.reference)
    assert html.index(waiting.reference) < html.index(newest.reference)
    assert "Which app version was it?" in html
    assert html.count("Needs you") == 1


def test_the_lists_cost_the_same_however_many_rows(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        desk.escalated()
    desk.started()
    desk.returned()
    for user, address, most in (
        (desk.l2, queue(), 10),
        (desk.l1, reverse("my_escalations"), 9),
        (desk.l2, reverse("customer", args=[desk.escalated().customer_id]), 11),
    ):
        page = signed_in(user)
        page.get(address)  # the session and the site's caches are warm from now on
        with django_assert_max_num_queries(most):
            assert page.get(address).status_code == 200
