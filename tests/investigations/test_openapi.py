"""OpenAPI documents become templates of requests, or are refused with a sentence."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from common.errors import Refused
from investigations.console import openapi
from investigations.models import RequestTemplate
from tests import seed
from tests.escalations.desk import Desk

YAML = b"""
openapi: 3.1.0
info: {title: Payments, version: "1"}
paths:
  /v1/charges:
    parameters:
      - {$ref: "#/components/parameters/Limit"}
    get: {summary: List charges}
    post:
      operationId: createCharge
      parameters: [{name: X-Version, in: header, required: true, schema: {type: string, default: "2026-01-01"}}]
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Charge"}}
  /v1/charges/{id}:
    get: {summary: Get a charge, parameters: [{name: id, in: path, required: true, description: Its id}]}
components:
  parameters: {Limit: {name: limit, in: query, required: true, example: 5}}
  schemas:
    Charge:
      type: object
      properties:
        amount: {type: integer, example: 1250}
        currency: {enum: [EUR, USD]}
        at: {type: string, example: 2026-01-01}
        parent: {$ref: "#/components/schemas/Charge"}
        items: {type: array, items: {type: [string, "null"]}}
"""


def test_operations_come_with_their_parameters_and_a_body():
    listed, create, one = openapi.read(YAML)
    assert (listed.method, listed.path, listed.name) == ("GET", "/v1/charges?limit=5", "List charges")
    assert create.headers == [["X-Version", "2026-01-01"], ["Content-Type", "application/json"]]
    body = json.loads(create.body)
    assert body | {"parent": None} == {
        "amount": 1250, "currency": "EUR", "at": "2026-01-01", "parent": None, "items": [""],
    }  # fmt: skip
    assert (one.path, one.parameters) == ("/v1/charges/{id}", [["id", "path", True, "Its id"]])


def document(**changes: Any) -> bytes:
    whole = {"openapi": "3.0.3", "paths": {"/a": {"get": {}}}, **changes}
    return json.dumps(whole).encode()


def test_json_of_version_3_0_is_read_too():
    assert [one.path for one in openapi.read(document())] == ["/a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(openapi="2.0"), "3.0 or 3.1"),
        (document(swagger="2.0", openapi=None), "3.0 or 3.1"),
        (document(paths={}), "no operation"),
        (document(paths=[1]), "no operation"),
        (document(x={"$ref": "https://evil.test/a.json"}), "not fetched"),
        (document(x={"$ref": "file:///etc/passwd"}), "not fetched"),
        (document(x=[{"$ref": "other.yaml#/a"}]), "not fetched"),
        (document(paths={f"/{number}": {"get": {}} for number in range(501)}), "more than 500"),
        (b"a: &a [x]\nb: [*a, *a]\nopenapi: 3.0.0\n", "no aliases"),
        (b"openapi: !!python/object/apply:os.system ['true']\n", "neither JSON"),
        (b"[" * 100_000, "neither JSON"),
        (b'{"a":' * 100_000, "neither JSON"),
        (b"\xff\xfe\x00", "neither JSON"),
        (b"just words", "3.0 or 3.1"),
        (b"x" * (openapi.LARGEST + 1), "larger than"),
        (b"x" * (openapi.LARGEST_YAML + 1), "into JSON"),
    ],
)
def test_what_can_not_be_taken_says_why(content, said):
    with pytest.raises(Refused, match=said):
        openapi.read(content)


def test_circles_of_references_end():
    circle = {"$ref": "#/components/x"}
    found = openapi.read(
        document(paths={"/a": circle, "/b": {"get": {"parameters": [circle]}}}, components={"x": circle})
    )
    assert [one.path for one in found] == ["/b"]


@pytest.mark.django_db
def test_a_lead_imports_and_the_console_offers(settings):
    seed.catalogue()
    settings.BACK_OFFICE_URL = "http://127.0.0.1:9"
    desk = Desk()
    ticket = desk.started()
    lead, l2 = Client(), Client()
    lead.force_login(desk.lead)
    l2.force_login(desk.l2)
    for content in (YAML, YAML.replace(b"List charges", b"Charges")):
        sent = {"integration": "Payments", "file": SimpleUploadedFile("openapi.yaml", content)}
        assert lead.post(reverse("import_openapi"), sent).status_code == 302
    assert RequestTemplate.objects.count() == 3
    template = RequestTemplate.objects.get(name="createCharge")
    page = l2.get(reverse("api_console", args=[ticket.reference]), {"template": template.pk})
    assert page.context["form"].initial["method"] == "POST"
    assert "Charges" in page.content.decode()
    broken = {"integration": "Payments", "file": SimpleUploadedFile("x.json", b"{}")}
    answer = lead.post(reverse("import_openapi"), broken)
    assert (answer.status_code, RequestTemplate.objects.count()) == (422, 3)
    assert l2.get(reverse("environments")).status_code == 404
    assert l2.post(reverse("import_openapi"), sent).status_code == 404
    assert lead.post(reverse("remove_templates"), {"integration": "Payments"}).status_code == 302
    assert not RequestTemplate.objects.exists()
