"""A card's number, code and stripe go in by every door, and are found nowhere afterwards.

Neither in the database, Valkey, files, mail, exports, logs nor reports of errors. There are no webhooks.
"""

import io
import json
import logging
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from config.logs import RedactingFormatter
from escalations import mail
from events.models import Event
from incidents import alarm
from incidents.models import Incident, Way
from tests.matrix import Scenario
from tests.robustness.canary import ALL, CVV, PAN, TRACK, WRITTEN, in_database, in_files, in_valkey, is_in
from tests.robustness.test_hostile_forms import PAGES, forms_on_pages

pytestmark = pytest.mark.django_db

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


def logged(records: list[Any]) -> str:
    formatter = RedactingFormatter("%(message)s")
    return "\n".join(formatter.format(record) for record in records)


@pytest.fixture
def nothing_leaks(caplog: pytest.LogCaptureFixture, mailoutbox: list[EmailMessage], settings: Any) -> Any:
    """Look for the canaries in all that is kept, sent, logged or handed out once the test has let them in."""
    settings.ADMINS = [("Ada", "ada@example.com")]
    caplog.set_level(logging.INFO)
    yield
    for consumer in (mail, alarm):
        for event in Event.objects.filter(deliveries__consumer=consumer.CONSUMER):
            consumer.handle(event)
    sent = [part for one in mailoutbox for part in one.message().walk() if not part.is_multipart()]
    assert in_database() == []
    assert in_valkey() == []
    assert in_files(Path(settings.MEDIA_ROOT)) == []
    for part in sent:
        assert not is_in(f"{part.items()} {part.get_payload(decode=True)!r}")
    assert not is_in(logged(caplog.records))


def test_the_canary_is_seen_wherever_it_stands(scenario: Scenario, tmp_path: Path):
    with connection.cursor() as cursor:
        for hidden in (
            WRITTEN,
            quote_plus(TRACK),
            b64encode(f"xy{PAN}{CVV}".encode()).decode(),
            PAN.encode().hex(),
        ):
            cursor.execute("UPDATE escalations_ticket SET product = %s", [f"a {hidden}"])
            assert in_database(), hidden
    cache.set("canary", {"text": [CVV]})
    assert in_valkey()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inner.txt", ALL)
    assert in_files(tmp_path)


@pytest.mark.usefixtures("nothing_leaks")
@pytest.mark.parametrize("role", sorted(PAGES))
def test_by_every_form(scenario: Scenario, role: str):
    client, taken = scenario.clients[role], 0
    for form in forms_on_pages(role, scenario):
        for written in (f"card {WRITTEN} exp 12/30 {CVV} {TRACK}", PAN, "a@4111-1111-1111-1111.example"):
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


def eml() -> bytes:
    parts = EmailMessage(f"Card {WRITTEN}", f"It is {ALL}", "a@example.com", ["b@example.com"])
    parts.attach("inner.csv", f"card;code\n{PAN};739\n", "text/csv")
    return parts.message().as_bytes()


def archived() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{WRITTEN}.log", ALL)
        archive.writestr("mail.eml", eml())
    return packed.getvalue()


def workbook() -> bytes:
    sheet = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append([int(PAN), WRITTEN, f"{CVV} {TRACK}"])
    book.save(sheet)
    return sheet.getvalue()


def picture() -> bytes:
    plain, words = io.BytesIO(), PngInfo()
    words.add_text("Comment", ALL)
    Image.new("RGB", (4, 4)).save(plain, "PNG", pnginfo=words)
    return plain.getvalue()


@pytest.mark.usefixtures("nothing_leaks")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.txt", ALL.encode()), ("table.csv", f"card,code\n{PAN},739\n".encode()),
        ("wide.txt", ALL.encode("utf-16")),
        ("encoded.log", b64encode(ALL.encode())), ("mail.eml", eml()), ("all.zip", archived()),
        ("book.xlsx", workbook()), ("screen.png", picture()),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)  # fmt: skip
def test_by_files(scenario: Scenario, name: str, content: bytes):
    address, client = f"/tickets/{scenario.ticket.reference}/messages/", scenario.clients["l2"]
    for named in (name, f"{WRITTEN} {name}"):
        upload = SimpleUploadedFile(named, content)
        sent = {"kind": "note", "body_note": "A file.", "uploads": [upload]}
        assert client.post(address, sent).status_code == 302
    found = Incident.objects.filter(place_type="ticket", place_id=scenario.ticket.pk)
    ways = {Way.FILE_NAME} if name == "screen.png" else {Way.FILE, Way.FILE_NAME}
    assert ways <= set(found.values_list("finds__way", flat=True))


@pytest.mark.usefixtures("nothing_leaks")
def test_by_headers_and_cookies(scenario: Scenario):
    for client in (scenario.clients["lead"], scenario.clients["anonymous"]):
        client.cookies["note"] = WRITTEN
        headers = dict.fromkeys(("User-Agent", "Referer", "X-Forwarded-For", "X-Anything", "Authorization"), ALL)
        client.get("/queue/", {"q": ALL}, headers=headers)
        client.get(f"/nowhere/{PAN}/", headers=headers)
        client.post("/api/v1/tickets/", ALL, content_type="application/json", headers=headers)
        del client.cookies["note"]


@pytest.mark.usefixtures("nothing_leaks")
def test_by_a_view_that_crashes(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
):
    def crash(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError(f"cannot use {ALL}")

    monkeypatch.setattr("escalations.conversation.write", crash)
    client = scenario.clients["l2"]
    client.raise_request_exception = False
    client.cookies["note"] = WRITTEN
    address = f"/tickets/{scenario.ticket.reference}/messages/?{quote_plus(PAN)}={quote_plus(WRITTEN)}"
    sent = {"kind": "note", "body_note": ALL}
    answer = client.post(address, sent, headers={"Referer": ALL, "User-Agent": ALL})
    client.raise_request_exception = True
    del client.cookies["note"]
    assert answer.status_code == 500
    assert not is_in(answer.content.decode())
    assert not [mail for mail in mailoutbox if mail.to == ["ada@example.com"]], "errors are logged, not mailed"
    assert Incident.objects.filter(finds__way=Way.LOG).exists()


@pytest.mark.usefixtures("nothing_leaks")
def test_nothing_is_handed_out(scenario: Scenario):
    reference = scenario.ticket.reference
    for client in (scenario.clients["l2"], scenario.clients["l1"]):
        sent = {"kind": "note", "body_note": ALL, "kind_": ALL}
        client.post(f"/tickets/{reference}/messages/", sent)
        client.get("/search/", {"q": ALL})
    taken = [
        "/audit/export.csv", "/audit/export.jsonl", f"/tickets/{reference}/custody.csv", "/dashboard/flow.csv",
        f"/tickets/{reference}/", "/api/v1/tickets/", f"/api/v1/tickets/{reference}/comments/", "/incidents/",
        f"/incidents/{Incident.objects.latest('pk').pk}/",
    ]  # fmt: skip
    for address in taken:
        answer = scenario.clients["admin"].get(address)
        assert answer.status_code in {200, 404}, address
        given = answer.getvalue() if answer.streaming else answer.content
        assert not is_in(given.decode()), address
