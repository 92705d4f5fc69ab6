"""The API: the same desk, in JSON."""

from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from accounts.models import User
from escalations.models import Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


def calling_as(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def contract(desk: Desk, **changes: Any) -> dict[str, Any]:
    stated = desk.contract()
    return {
        "category": stated.category.key,
        "subject": stated.subject,
        "description": stated.description,
        "customer": dict(stated.customer),
        "channel": stated.channel,
        "answers": stated.answers,
        **changes,
    }


def test_the_main_job_over_the_api(desk: Desk) -> None:
    l1, l2 = calling_as(desk.l1), calling_as(desk.l2)
    created = l1.post("/api/v1/tickets/", contract(desk), format="json")
    assert created.status_code == 201, created.data
    address = f"/api/v1/tickets/{created.data['reference']}/"
    assert [row["reference"] for row in l2.get("/api/v1/tickets/").data["results"]] == [created.data["reference"]]
    moves = f"{address}transitions/"
    assert "accept" in [offer["verb"] for offer in l2.get(moves).data]
    review = {"is_complete": True, "right_category": True, "l1_could_solve": False}
    assert l2.post(moves, {"verb": "accept", "review": review}, format="json").data["state"] == "accepted"
    assert l2.post(moves, {"verb": "start"}, format="json").data["state"] == "in_progress"
    assert l2.post(f"{address}comments/", {"kind": "note", "body": "Hm."}, format="json").status_code == 201
    assert [message["body"] for message in l1.get(f"{address}comments/").data] == []
    refused = l2.post(moves, {"verb": "resolve"}, format="json")
    assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
    assert "resolution" in refused.data["errors"]
    stale = l2.post(moves, {"verb": "wait_l1", "message": "When?", "version": 1}, format="json")
    assert (stale.status_code, stale.data["current_version"]) == (409, Ticket.objects.get().version)


def test_a_repeated_escalation_makes_one_ticket(desk: Desk) -> None:
    client = calling_as(desk.l1)
    answers = [
        client.post("/api/v1/tickets/", contract(desk), format="json", headers={"Idempotency-Key": "k-1"})
        for _time in range(2)
    ]
    assert answers[0].data["reference"] == answers[1].data["reference"]
    assert Ticket.objects.count() == 1


def test_what_may_not_be_seen_looks_absent(desk: Desk) -> None:
    ticket = desk.escalated()
    for address in ("", "transitions/", "comments/"):
        answer = calling_as(desk.outsider).get(f"/api/v1/tickets/{ticket.reference}/{address}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert calling_as(desk.outsider).get("/api/v1/tickets/").data["results"] == []


def test_a_categorys_form_is_a_json_schema_that_good_answers_meet(desk: Desk) -> None:
    categories = calling_as(desk.l1).get("/api/v1/categories/").data["results"]
    assert len(categories) == 14
    for category in categories:
        jsonschema.Draft202012Validator.check_schema(category["schema"])
    other = next(category for category in categories if category["key"] == "other")
    jsonschema.validate(desk.contract().answers, other["schema"])


def test_a_token_is_needed_and_ends(desk: Desk) -> None:
    client = APIClient()
    assert client.get("/api/v1/tickets/").status_code == 401
    wrong = client.post("/api/v1/tokens/", {"email": desk.l1.email, "password": "no"}, format="json")
    assert wrong.status_code in {401, 403}
    made = client.post("/api/v1/tokens/", {"email": desk.l1.email.upper(), "password": PASSWORD}, format="json")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.data['token']}")
    assert client.get("/api/v1/tickets/").status_code == 200
    assert client.delete("/api/v1/tokens/current/").status_code == 204
    assert client.get("/api/v1/tickets/").status_code == 401


@pytest.mark.parametrize(
    "sent",
    [
        [], "text", None, {"customer": []}, {"answers": []}, {"category": {}}, {"impact": "NaN"},
        {"subject": "a\x00b"}, {"subject": "x" * 300}, {"l1_link": "javascript:alert(1)"},
        {"answers": {"request": {"a": 1}}}, {"customer": {"external_id": "C", "country": "12"}},
    ],
)  # fmt: skip
def test_bad_input_is_refused_clearly_and_changes_nothing(desk: Desk, sent: Any) -> None:
    body = contract(desk, **sent) if isinstance(sent, dict) else sent
    before = Event.objects.count()
    answer = calling_as(desk.l1).post("/api/v1/tickets/", body, format="json")
    assert 400 <= answer.status_code < 500, answer.data
    assert answer["Content-Type"] == "application/problem+json"
    assert (Ticket.objects.count(), Event.objects.count()) == (0, before)


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=WzFd", "order=up", "state=lost", "priority=9", "created_after=soon", "customer=1e99"],
)
def test_a_damaged_address_is_a_clear_400(desk: Desk, query: str) -> None:
    answer = calling_as(desk.l2).get(f"/api/v1/tickets/?{query}")
    assert answer.status_code in {400, 422}, answer.data


def test_the_schema_is_whole(desk: Desk) -> None:
    document = APIClient().get("/api/schema/", headers={"Accept": "application/json"})
    assert document.status_code in {200, 401}
    document = calling_as(desk.l1).get("/api/schema/?format=json")
    assert {"/api/v1/tickets/", "/api/v1/categories/{key}/"} <= set(document.json()["paths"])
