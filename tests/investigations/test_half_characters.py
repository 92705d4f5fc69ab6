"""JSON may say what no text can hold: half of a pair (\\ud800), or NUL. Whoever answers it, everything goes on."""

import os
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from common import clock, outgoing
from escalations.models import Evidence, Ticket
from investigations.lookups import over_http, ready_made, running
from investigations.lookups.answer import spelled
from investigations.models import (
    Log,
    LogState,
    LookupRun,
    LookupSource,
    LookupState,
    LookupTrouble,
    WebhookDelivery,
)
from tests import seed
from tests.clients import client_of
from tests.common import hostile
from tests.escalations.desk import Desk
from tests.investigations.test_console import environment, newest, send
from tests.investigations.test_log_pages import work_off as read_logs
from tests.investigations.test_lookup_pages import ask, work_off
from tests.investigations.test_webhooks import arrive, opened

pytestmark = pytest.mark.django_db

SAID = (
    rb'{"points": [{"at\ud801": "a\ud800b", "nul": "a\u0000b", "deep": {"x": ["\udfff", "\u0000"]},'
    rb' "fine": "\ud83d\ude00"}]}'
)
NEW = {"hypothesis": "new", "text": "It writes halves", "supports": "for"}


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


@pytest.fixture
def asked(desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Have a lookup run whose source answers so."""
    settings.BACK_OFFICE_URL, settings.BACK_OFFICE_LOOKUPS_URL = "http://127.0.0.1:9", os.environ["DATABASE_URL"]
    ready_made.lay_out(clock.now())
    monkeypatch.setattr(over_http, "get", lambda *_: (200, SAID))
    ask(client_of(desk.l2), ticket, "Points", p_account="C-1")


def test_a_lookup(desk, ticket, asked, django_capture_on_commit_callbacks):
    work_off(django_capture_on_commit_callbacks)
    run = LookupRun.objects.get()
    assert run.state == LookupState.DONE, run.trouble
    assert (run.columns[0], run.rows[0][:2], run.rows[0][3]) == ("at�", ["a�b", "ab"], "\U0001f600")
    client = client_of(desk.l2)
    assert client.get(reverse("lookup_run", args=[ticket.reference, run.pk])).status_code == 200
    assert client.post(reverse("lookup_evidence", args=[ticket.reference, run.pk]), NEW).status_code == 302


def test_a_lookup_that_masks_within_json(desk, ticket, asked, monkeypatch, django_capture_on_commit_callbacks):
    LookupSource.objects.update(masked=["secret"])
    said = rb'{"points": [{"a": "{\"secret\": \"x\", \"b\": \"\\ud800\"}"}]}'
    monkeypatch.setattr(over_http, "get", lambda *_: (200, said))
    work_off(django_capture_on_commit_callbacks)
    assert LookupRun.objects.get().rows == [['{"secret": "•••", "b": "�"}']]


def test_a_lookup_that_cannot_be_kept_ends(desk, ticket, asked, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(running, "digest", lambda *_: "\x00")
    work_off(django_capture_on_commit_callbacks)
    run = LookupRun.objects.get()
    assert (run.state, run.trouble) == (LookupState.FAILED, LookupTrouble.BROKEN)


def test_a_cell_is_what_a_database_can_hold():
    assert spelled({"a": "\ud800", "b": "\x00"}) == '{"a": "�", "b": ""}'


def test_an_answer_of_the_console(desk, ticket, monkeypatch, settings):
    with hostile.serving() as server:
        settings.OUTGOING_HOSTS, settings.BACK_OFFICE_URL = [server.entry], ""
        answer = outgoing.Answer(200, {"Content-Type": "application/json"}, SAID, 0.1, is_cut=False)
        monkeypatch.setattr(outgoing, "send", lambda *_a, **_k: answer)
        send(desk.l2, ticket, environment(desk, server), "/points")
    run, client = newest(), client_of(desk.l2)
    assert "a�b" in client.get(run.get_absolute_url()).content.decode()
    assert client.post(reverse("run_evidence", args=[ticket.reference, run.pk]), NEW).status_code == 302
    assert "a�b" in Evidence.objects.get().body


def test_a_webhook(desk, ticket):
    assert arrive(opened(desk, ticket), SAID, **{"X-Half": "\\ud800"}).status_code == 204
    delivery, client = WebhookDelivery.objects.get(), client_of(desk.l2)
    page = client.get(reverse("webhook_delivery", args=[ticket.reference, delivery.pk]))
    assert "a�b" in page.content.decode()
    assert client.post(reverse("delivery_evidence", args=[ticket.reference, delivery.pk]), NEW).status_code == 302


def test_lines_of_a_log(desk, ticket, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    line = (
        rb'{"time": "2026-11-27T08:12:02Z", "level": "error", "logger": "a\ud800", "msg": "half \udc00, \u0000",'
        rb' "request_id": "req_\ud8001234567"}'
    )
    file = SimpleUploadedFile("app.log", (line + b"\n") * 3)
    client = client_of(desk.l2)
    client.post(reverse("logs", args=[ticket.reference]), {"file": file, "zone": "Europe/Madrid"})
    read_logs()
    log = Log.objects.get()
    assert log.state == LogState.DONE
    for name in ("log", "log_lines"):
        args = [ticket.reference, log.pk] if name == "log" else [ticket.reference]
        assert client.get(reverse(name, args=args), {"q": "half"}).status_code == 200


def test_what_the_back_office_knows_of_a_customer(desk, ticket, monkeypatch, settings):
    settings.BACK_OFFICE_URL = "http://127.0.0.1:9"
    said = rb'{"points": [{"at": "2026-11-27T08:12:02Z", "kind": "\ud800", "points": 5, "reason": "half \ud800"}]}'
    client, address = client_of(desk.l2), reverse("customer_timeline", args=[ticket.customer_id])
    for body in (said, b"[" * 100_000):
        monkeypatch.setattr(over_http, "get", lambda *_, body=body: (200, body))
        assert client.get(address, {"facts": "1"}).status_code == 200
