"""What the API is sent: anything malformed gets problem details, and changes nothing."""

import json
from decimal import Decimal
from typing import Any

import pytest

from escalations import contract
from escalations.contract import Invalid
from escalations.models import ContractForm, Ticket
from tests.matrix import Scenario
from tests.robustness import hostile
from tests.robustness.test_hostile_forms import changed, state

pytestmark = pytest.mark.django_db


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


BODIES = [
    "",
    "{",
    "[]",
    "null",
    '"text"',
    "[" * 100_000,
    deep(40),
    deep(900),
    '{"subject": NaN}',
    '{"subject": ' + "9" * 5_000 + "}",
    '{"answers": {"a": "\\u0000"}, "subject": "\\ud800"}',
    '{"verb": {"a": []}, "category": ["x"], "kind": {"$ne": 1}, "body": {"a": 1}}',
    '{"verb": "merge", "target": "ESC-999999999999", "version": 99999999999999999999}',
    '{"verb": "resolve", "resolution": "no such", "root_cause": {"a": 1}, "version": 1e400}',
    '{"email": "a@b.c", "password": "\\u0000"}',
]
ADDRESSES = [
    "/api/v1/tickets/",
    "/api/v1/tickets/{}/transitions/",
    "/api/v1/tickets/{}/comments/",
    "/api/v1/tokens/",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("repeatable", [False, True])
def test_malformed_json(scenario: Scenario, address: str, repeatable: bool):
    before = state()
    headers = {"Idempotency-Key": "k"} if repeatable else {}
    for body in [*BODIES, b"\xff\xfe{", b'{"a": "\xff"}']:
        response = scenario.clients["l2"].post(
            address.format(scenario.ticket.reference), body, content_type="application/json", headers=headers
        )
        assert 400 <= response.status_code < 500, body[:80]
        assert response.headers["Content-Type"] == "application/problem+json", body[:80]
        assert response.json()["status"] == response.status_code
    assert not changed(before)


@pytest.mark.parametrize("key", ["", " ", "a b", "\u00e9", "x" * 201, "a\nb"])
def test_malformed_idempotency_keys(scenario: Scenario, key: str):
    response = scenario.clients["l2"].post(
        "/api/v1/tickets/", {}, content_type="application/json", headers={"Idempotency-Key": key}
    )
    assert response.status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "x"])
def test_other_content_types(scenario: Scenario, content_type: str):
    response = scenario.clients["l2"].generic("POST", "/api/v1/tickets/", b"--x--", content_type=content_type)
    assert (response.status_code, response.json()["title"]) == (415, "Unsupported Media Type")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods(scenario: Scenario, method: str):
    for address in ("/api/v1/tickets/", f"/api/v1/tickets/{scenario.ticket.reference}/", "/queue/", "/escalate/"):
        assert scenario.clients["l2"].generic(method, address).status_code == 405, address


def answers(field_type: str, value: Any) -> dict[str, Any]:
    form = ContractForm(fields=[{"key": "a", "type": field_type, "label": {"en": "A"}}])
    return contract.clean(form, {"a": value})


@pytest.mark.parametrize("value", ["1e-999999999", "1e999999999", "Infinity", "sNaN", "9" * 400, {"a": 1}, [1]])
def test_numbers_that_are_none(value: Any):
    with pytest.raises(Invalid):
        answers("number", value)


def test_numbers_that_are_some():
    assert Decimal(answers("number", "-0,000001")["a"]) == Decimal("-0.000001")


@pytest.mark.parametrize("amount", [10**30, -(10**30), True, "1", 1.5, None])
def test_amounts_that_are_none(amount: Any):
    with pytest.raises(Invalid):
        answers("money", {"amount": amount, "currency": "PHP"})


def test_answers_of_every_shape_are_refused_or_stored(scenario: Scenario):
    """Each kind of field gets each kind of JSON: 201 or 400, never a server error."""
    shapes: list[Any] = [
        None,
        True,
        -1,
        1.5,
        "",
        "x" * 20_000,
        hostile.HUGE,
        [],
        [[]],
        ["a", 1],
        {},
        {"amount": {}},
    ]
    form = scenario.desk.category.current_form
    assert form is not None
    sent = {
        "category": "other", "subject": "S", "description": "D", "channel": "chat",
        "customer": {"external_id": "C-1"},
    }  # fmt: skip
    for shape in shapes:
        body = {**sent, "answers": {field["key"]: shape for field in form.fields}}
        response = scenario.clients["l1"].post(
            "/api/v1/tickets/", json.dumps(body), content_type="application/json"
        )
        assert response.status_code in {201, 400}, shape
    assert Ticket.objects.filter(subject="S").count() <= 1
