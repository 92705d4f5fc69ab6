"""Bulk actions through the front door: the queue's form, the results, undoing, the API."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations import assignment, bulk, lifecycle
from escalations.models import BulkAction, ReasonKind, State
from tests.escalations.desk import Desk
from tests.escalations.test_bulk import deliver_all, fresh, these
from tests.escalations.test_pages import signed_in

NEW = "/bulk/new/"


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_ticked_rows_are_named_then_changed_and_undone(desk: Desk) -> None:
    tickets = [desk.started() for _number in range(3)]
    page = signed_in(desk.lead)
    queue = words(page.get(reverse("queue")))
    for ticket in tickets:
        assert f'name="ticket" value="{ticket.pk}" form="bulk"' in queue
    assert 'name="ticket"' not in words(signed_in(desk.auditor).get(reverse("queue")))
    chosen: dict[str, Any] = {
        "deed": "assign",
        "ticket": [ticket.pk for ticket in tickets[:2]],
        "query": "scope=open",
    }
    asked = words(page.get(NEW, chosen))
    assert "Assign: 2 escalations" in asked and tickets[0].reference in asked
    assert tickets[2].reference not in asked
    sent = {**chosen, "owner": desk.other_l2.pk, "form_token": "a" * 20}
    first, again = page.post(NEW, sent), page.post(NEW, sent)
    action = BulkAction.objects.get()
    assert first["Location"] == again["Location"] == action.get_absolute_url()
    assert [ticket.owner for ticket in fresh(*tickets)] == [desk.other_l2, desk.other_l2, desk.l2]
    result = words(page.get(action.get_absolute_url()))
    assert "Assign to Otis Second" in result and "Done. Changed: 2." in result and "Undo 2" in result
    for stranger in (desk.l2, desk.outsider):
        assert signed_in(stranger).get(action.get_absolute_url()).status_code == 404
    undone = page.post(f"{action.get_absolute_url()}undo/", {"form_token": "b" * 20})
    assert "Undo: Assign to Otis Second" in words(page.get(undone["Location"]))
    assert {ticket.owner for ticket in fresh(*tickets)} == {desk.l2}
    after = words(page.get(action.get_absolute_url()))
    assert "This was undone." in after and "Undo 2" not in after
    assert page.post(f"{action.get_absolute_url()}undo/").status_code == 422
    assert "Undone" in words(page.get(reverse("bulk_actions")))


def test_all_that_match_is_what_the_list_shows_and_no_more(desk: Desk) -> None:
    high, low, elsewhere = desk.started(impact=1, urgency=1), desk.started(impact=3, urgency=3), desk.started()
    assignment.give_to_team(elsewhere, desk.accounts, by=desk.l2)
    page = signed_in(desk.l2)
    chosen = {"deed": "tag", "everything": "on", "query": f"priority={high.priority}&order=newest"}
    assert "Tag: 1 escalation" in words(page.get(NEW, chosen))
    page.post(NEW, {**chosen, "add": "Wave"})
    page.post(NEW, {"deed": "tag", "everything": "on", "query": "", "add": "everywhere"})
    assert [ticket.tags for ticket in fresh(high, low, elsewhere)] == [["everywhere", "wave"], ["everywhere"], []]
    assert page.get(NEW, {**chosen, "query": "priority=9"}).status_code == 200
    assert page.post(NEW, {**chosen, "query": "priority=9", "add": "x"}).status_code == 422


def test_what_has_no_way_back_is_confirmed_by_its_number(desk: Desk) -> None:
    ticket = desk.started()
    page = signed_in(desk.lead)
    chosen = {"deed": "cancel", "everything": "on", "query": "scope=open"}
    assert "This can&#x27;t be undone." in words(page.get(NEW, chosen))
    later = desk.started()
    sent = {**chosen, "reason": desk.reason(ReasonKind.CANCEL), "counted": "1"}
    answer = page.post(NEW, sent)
    assert answer.status_code == 422 and "another number of escalations" in words(answer)
    assert {one.state for one in fresh(ticket, later)} == {State.IN_PROGRESS}
    page.post(NEW, {**sent, "counted": "2"})
    assert {one.state for one in fresh(ticket, later)} == {State.CANCELLED}


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"deed": "merge"}, 404, ""),
        ({"deed": "assign"}, 422, "None of these escalations"),
        ({"deed": "priority", "ticket": "x", "priority": 1}, 422, "None of these escalations"),
        ({"deed": "tag", "everything": "on"}, 422, "Write a tag"),
        ({"deed": "tag", "everything": "on", "add": "x" * 41}, 422, "at most 40"),
        ({"deed": "resolve", "everything": "on"}, 422, "Answer for the customer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_done_is_said(desk: Desk, sent: dict[str, Any], status: int, said: str) -> None:
    desk.started()
    answer = signed_in(desk.l2).post(NEW, sent)
    assert (answer.status_code, said in words(answer)) == (status, True)
    assert not BulkAction.objects.exists()


def test_in_a_dialog_the_answer_leads_on(desk: Desk) -> None:
    ticket = desk.started()
    page, by_htmx = signed_in(desk.l2), {"HX-Request": "true"}
    chosen: dict[str, Any] = {"deed": "priority", "ticket": ticket.pk}
    asked = words(page.get(NEW, chosen, headers=by_htmx))
    assert "<dialog" in asked and "<html" not in asked
    begun = page.post(NEW, {**chosen, "priority": 1}, headers=by_htmx)
    assert begun["HX-Redirect"] == BulkAction.objects.get().get_absolute_url()


def test_a_job_shows_how_far_it_is_and_its_troubles_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(bulk, "BATCH", 4)
    monkeypatch.setattr("escalations.views.bulk.PAGE_SIZE", 3)
    tickets = [desk.started() for _number in range(6)]
    lifecycle.cancel(tickets[4], by=desk.lead, reason=desk.reason(ReasonKind.CANCEL))
    page = signed_in(desk.lead)
    action = bulk.start("priority", {"priority": 1}, these(*tickets), by=desk.lead)
    running = words(page.get(action.get_absolute_url()))
    assert "0 of 6 escalations" in running and 'hx-trigger="every 1s"' in running and "Stop" in running
    deliver_all()
    part = page.get(action.get_absolute_url(), headers={"HX-Request": "true"})
    assert "<html" not in words(part) and "every 1s" not in words(part)
    assert "Could not be changed: 1" in words(part)
    assert [one.ticket for one, _tone in part.context["results"]] == [tickets[4], *tickets[:2]]
    following = page.get(action.get_absolute_url() + part.context["next_url"])
    assert [one.ticket for one, _tone in following.context["results"]] == [*tickets[2:4], tickets[5]]
    refused = page.get(action.get_absolute_url(), {"outcome": "refused"})
    assert [one.ticket for one, _tone in refused.context["results"]] == [tickets[4]]
    assignment.give_to_team(fresh(tickets[0])[0], desk.accounts, by=desk.lead)
    hidden = page.get(action.get_absolute_url())
    assert tickets[0] not in [one.ticket for one, _tone in hidden.context["results"]]
    assert "1 escalation is with a team" in words(hidden)
    with django_assert_max_num_queries(11):
        page.get(action.get_absolute_url())
    for address in ("?outcome=lost", "?after=x"):
        assert page.get(action.get_absolute_url() + address).status_code == (404 if "lost" in address else 200)


def test_the_api_begins_follows_and_undoes(desk: Desk) -> None:
    ticket, resolved = desk.started(), desk.resolved()
    client = signed_in(desk.l2)

    def post(address: str, sent: Any, **headers: str) -> Any:
        return client.post(
            f"/api/v1/bulk-actions/{address}", sent, content_type="application/json", headers=headers
        )

    sent = {"deed": "tag", "tickets": [ticket.reference, resolved.reference], "parameters": {"add": ["Wave", "b"]}}
    begun = post("", sent, **{"Idempotency-Key": "one"})
    again = post("", sent, **{"Idempotency-Key": "one"})
    assert (begun.status_code, begun.json()["changed"], again.json()) == (202, 2, begun.json())
    number = begun.json()["id"]
    assert fresh(ticket)[0].tags == ["b", "wave"]
    results = client.get(f"/api/v1/bulk-actions/{number}/results/?outcome=done").json()["results"]
    assert results[0] == {"ticket": ticket.reference, "outcome": "done", "reason": ""}
    assert signed_in(desk.lead).get(f"/api/v1/bulk-actions/{number}/").status_code == 404
    assert post(f"{number}/undo/", {}).status_code == 202
    assert fresh(ticket)[0].tags == []
    every = post("", {"deed": "priority", "query": "state=resolved", "parameters": {"priority": 1}}).json()
    assert (every["total"], every["problems"]) == (1, 1)
    for wrong in (
        {"deed": "merge", "query": ""},
        {"deed": "priority", "query": "", "parameters": {"priority": 9}},
        {"deed": "priority", "parameters": {"priority": 1}},
        {"deed": "priority", "query": "state=lost", "parameters": {"priority": 1}},
    ):
        assert post("", wrong).status_code in {400, 422}, wrong
