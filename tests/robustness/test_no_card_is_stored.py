"""A card number goes in by every door and is found nowhere afterwards: database, logs, mail."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection

from config.logs import RedactingFormatter
from escalations import mail
from events.models import Event
from tests.matrix import Scenario
from tests.robustness.test_hostile_forms import PAGES, forms_on_pages

pytestmark = pytest.mark.django_db

PAN = "4111111111111111"
WRITTEN = "4111 1111 1111 1111"
SPELLINGS = (PAN, WRITTEN, "4111-1111-1111-1111")
MAP = """
origin = "old-desk"
zone = "UTC"

[ticket]
reference = "No"
created_at = { column = "Opened", format = "%Y-%m-%d" }
state = { constant = "in_progress" }
subject = "Title"
description = "Title"
category = "Kind"
team = { constant = "Old desk" }
customer = "Client"
customer_name = "Client"
owner = "Agent"
priority = { constant = 3 }
channel = { constant = "phone" }

[facts]
note = "Kind"
"""


def leaks() -> list[str]:
    """Return the rows of the database in which the number stands, in any spelling."""
    found = []
    with connection.cursor() as cursor:
        for table in sorted({model._meta.db_table for model in apps.get_models()}):
            cursor.execute(
                f"SELECT left(row::text, 300) FROM {table} AS row WHERE row::text ~ %s",  # noqa: S608
                ["|".join(SPELLINGS)],
            )
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return found


def logged(records: list[Any]) -> str:
    formatter = RedactingFormatter("%(message)s")
    return "\n".join(formatter.format(record) for record in records)


@pytest.fixture
def nothing_leaks(caplog: pytest.LogCaptureFixture, mailoutbox: list[EmailMessage]) -> Any:
    yield
    for event in Event.objects.filter(deliveries__consumer=mail.CONSUMER):
        mail.handle(event)
    sent = "\n".join(f"{one.subject}\n{one.body}\n{one.to}" for one in mailoutbox)
    assert leaks() == []
    assert not [spelling for spelling in SPELLINGS if spelling in sent or spelling in logged(caplog.records)]


def test_the_canary_is_seen_where_it_stands(scenario: Scenario):
    connection.cursor().execute("UPDATE escalations_ticket SET product = %s", [f"card {WRITTEN}"])
    assert leaks()


@pytest.mark.usefixtures("nothing_leaks")
@pytest.mark.parametrize("role", sorted(PAGES))
def test_by_every_form(scenario: Scenario, role: str):
    client, taken = scenario.clients[role], 0
    for form in forms_on_pages(role, scenario):
        for written in (f"card {WRITTEN} exp 12/30", PAN, "a@4111-1111-1111-1111.example"):
            files = {name: SimpleUploadedFile(f"{WRITTEN}.txt", b"x") for name in form.files}
            sent = {**form.fields, **dict.fromkeys(form.texts, written), **files}
            response = client.post(form.action, sent)
            assert response.status_code < 500, form.action
            taken += response.status_code in {200, 302}
    assert taken


@pytest.mark.usefixtures("nothing_leaks")
def test_while_l1_types(scenario: Scenario):
    client = scenario.clients["l1"]
    typed = {"subject": WRITTEN, "description": PAN, "customer_id": PAN, f"answer_{PAN}": WRITTEN}
    assert client.post("/escalate/other/draft/", typed).status_code == 200
    assert client.post("/escalate/other/hints/", typed).status_code == 200


@pytest.mark.usefixtures("nothing_leaks")
def test_by_search_and_address(scenario: Scenario):
    for client in (scenario.clients["lead"], scenario.clients["anonymous"]):
        for address in ("/queue/", "/articles/", "/known-issues/", f"/tickets/{PAN}/", "/api/v1/customers/"):
            client.get(address, {"q": WRITTEN, "after": PAN})
        client.post("/account/login/", {"login": f"{PAN}@example.com", "password": PAN})


@pytest.mark.usefixtures("nothing_leaks")
def test_by_the_api(scenario: Scenario):
    client = scenario.clients["l1"]
    form = scenario.desk.category.current_form
    assert form is not None
    body = {
        "category": "other", "subject": WRITTEN, "description": PAN, "channel": "chat", "l1_reference": PAN,
        "l1_link": f"https://example.com/{PAN}", "impact": 2, "urgency": 2,
        "customer": {"external_id": PAN, "name": WRITTEN, "phone": PAN, "email": f"x@{PAN}.example"},
        "answers": {definition["key"]: WRITTEN for definition in form.fields},
    }  # fmt: skip
    address = f"/api/v1/tickets/{scenario.ticket.reference}/"
    sent = [
        ("/api/v1/tickets/", body),
        (f"{address}comments/", {"kind": "from_l1", "body": f"{WRITTEN} {PAN}"}),
        (f"{address}transitions/", {"verb": "cancel", "reason": PAN, "message": WRITTEN}),
    ]
    answers = [
        client.post(where, json.dumps(what), content_type="application/json", headers={"Idempotency-Key": PAN})
        for where, what in sent
    ]
    assert {answer.status_code for answer in answers} <= {201, 400, 422}
    assert answers[1].status_code in {201, 422}


@pytest.mark.usefixtures("nothing_leaks")
def test_by_an_import(scenario: Scenario, tmp_path: Path):
    table, columns = tmp_path / f"{PAN}.csv", tmp_path / "map.toml"
    columns.write_text(MAP)
    rows = [f"{PAN},2026-01-02,{WRITTEN},{WRITTEN},{PAN},{WRITTEN}", f"A2,not a day {PAN},x,y,z,w"]
    table.write_text("\n".join(["No,Opened,Title,Kind,Client,Agent", *rows]))
    call_command("import_tickets", table, map=columns, stdout=io.StringIO())
