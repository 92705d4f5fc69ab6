"""A sweep finds what stands in any column or file, tells where and never what, and masks what may be changed."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection

from escalations.models import Attachment, DraftFile, Message, Ticket
from events import recording
from events.models import Delivery, Event
from incidents import alarm, finds, sweeping
from incidents.models import Incident, Sweep
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db

PAN = "5555555555554444"
MASKED = "555555••••••4444"


@pytest.fixture
def planted(scenario: Scenario, settings: Any, tmp_path: Path) -> Scenario:
    """Put the number where redaction was gone round: two columns, an event, a text, a PDF-like file."""
    Incident.objects.all().delete()
    Delivery.objects.all().delete()
    ticket = scenario.ticket
    Ticket.objects.filter(pk=ticket.pk).update(product=f"card {PAN}", answers={"a": {"b": [f"x {PAN}"]}})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_event (kind, subject_type, subject_id, actor_id, at, recorded_at, data)"
            " VALUES ('x', 'x', 1, %s, now(), now(), %s)",
            [scenario.people["l2"].pk, json.dumps({"note": PAN})],
        )
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "attachments").mkdir()
    (tmp_path / "attachments" / "log").write_text(f"paid by {PAN}")
    (tmp_path / "attachments" / "binary").write_bytes(b"\x7fELF\x00\x01" + PAN.encode() + b"\x00")
    Attachment.objects.filter(pk=scenario.attachment.pk).update(file="attachments/log")
    return scenario


def swept(*arguments: str) -> str:
    out = io.StringIO()
    with pytest.raises(CommandError, match="still stands"):
        call_command("sweep", *arguments, stdout=out, stderr=io.StringIO())
    assert PAN not in out.getvalue()
    return out.getvalue()


def test_places_and_kinds_are_told_and_incidents_opened(planted: Scenario, mailoutbox: list[EmailMessage]):
    told = swept()
    for place in ("escalations_ticket.product", "escalations_ticket.answers", "events_event.data"):
        assert f"{place} row " in told
    assert "attachments/log: 1 × card" in told
    standing = Incident.objects.get(place="escalations_ticket.product")
    assert standing.removed_at is None
    assert standing.finds.get().rows == [str(planted.ticket.pk)]
    sweep = Sweep.objects.get()
    assert sweep.finished_at and sweep.removed == 0 and sweep.rows > 100
    page = planted.clients["auditor"].get("/incidents/sweeps/").content.decode()
    assert str(sweep.found) in page
    for event in Event.objects.filter(deliveries__consumer=alarm.CONSUMER):
        alarm.handle(event)
    (mail,) = mailoutbox  # not one for each place
    assert f"found {sweep.found}" in str(mail.body)


def test_removing_masks_where_the_record_may_be_changed(planted: Scenario):
    swept()
    told = swept("--remove")
    ticket = Ticket.objects.get(pk=planted.ticket.pk)
    assert (ticket.product, ticket.answers) == (f"card {MASKED}", {"a": {"b": [f"x {MASKED}"]}})
    assert Path(sweeping.ours().media or "", "attachments/log").read_text() == f"paid by {MASKED}"
    attachment = Attachment.objects.get(pk=planted.attachment.pk)
    assert attachment.size == len(f"paid by {MASKED}".encode())
    removed = Incident.objects.get(place="escalations_ticket.product")
    assert removed.removed_at and not removed.finds.filter(removed_at=None).exists()
    assert Event.objects.filter(kind=finds.REMOVED, subject_id=removed.pk).exists()
    assert Incident.objects.get(place="events_event.data").removed_at is None, "the record is only added to"
    assert "attachments/binary: 1 × card\n" in told
    assert "attachments/log: 1 × card, masked" in told


def test_a_killed_sweep_goes_on_where_it_was(planted: Scenario, monkeypatch: pytest.MonkeyPatch):
    admin = planted.people["admin"]
    assert planted.clients["admin"].post("/incidents/sweeps/start/").status_code == 302
    sweep = Sweep.objects.get()
    assert planted.clients["lead"].post("/incidents/sweeps/start/").status_code == 404
    monkeypatch.setattr(sweeping, "ROWS", 50)
    monkeypatch.setattr(sweeping, "AT_ONCE", 0)
    step = Event.objects.get(kind=sweeping.STEP)
    sweeping.handle(step)
    sweeping.handle(step)  # delivered twice
    sweep.refresh_from_db()
    assert sweep.step == 1
    done = 0
    while (event := Event.objects.filter(kind=sweeping.STEP).latest("pk")).pk != done:
        done = event.pk
        sweeping.handle(event)
    sweep.refresh_from_db()
    assert sweep.finished_at is not None
    assert Incident.objects.filter(place="escalations_ticket.product", person=admin).exists()


def test_a_restored_backup_is_read_and_not_changed(planted: Scenario, monkeypatch: pytest.MonkeyPatch):
    class Backup:
        """The same tables through a connection that is not ours to write to."""

        closed = False

        def cursor(self) -> Any:
            return connection.cursor()

        def set_session(self, **_session: Any) -> None: ...

        def get_dsn_parameters(self) -> dict[str, str]:
            return {"host": "backup", "dbname": "desk"}

    monkeypatch.setattr("psycopg2.connect", lambda _url: Backup())
    assert "escalations_ticket.product row" in swept("--database-url", "postgres://u:secret@backup/desk")
    assert Incident.objects.filter(
        place_type="backup.column", place__contains="escalations_ticket.product"
    ).exists()
    assert not Incident.objects.filter(place__contains="secret").exists()
    with pytest.raises(CommandError, match="leave --remove away"):
        call_command("sweep", "--remove", "--database-url", "postgres://backup/desk")


def test_what_is_clean_stays_clean(scenario: Scenario, settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path
    numbers = {"tickets": [2601, 2602, 2603, 2604]}  # would be a card's, written as one text
    recording.record("x", subject=("x", 1), by=scenario.people["l2"], data=numbers)
    out = io.StringIO()
    call_command("sweep", stdout=out, stderr=io.StringIO())
    assert "nothing found" in out.getvalue()
    assert not DraftFile.objects.exists() and Message.objects.exists()
