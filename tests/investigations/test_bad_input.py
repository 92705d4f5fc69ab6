"""What the issue lists as bad input, each through its page: it ends in its sentence, and the ticket as it was."""

import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from common import uploads
from escalations.models import Ticket
from events.models import Event
from investigations import analysing, fetching, keeping
from investigations.console import runs
from investigations.models import Environment, Log, LogSource, Run
from investigations.sources import asking
from tests import seed
from tests.common import hostile
from tests.escalations.desk import Desk
from tests.investigations.search_servers import Loki, Server, bearer, running

pytestmark = pytest.mark.django_db

MEGABYTE = 1024**2
LINE = b"2026-11-27 09:12:01 ERROR payment failed\n"


@dataclass
class Place:
    """Where things go wrong."""

    ticket: Ticket
    client: Client
    source: LogSource
    server: Server
    environment: Environment

    def page(self, name: str, *args: object, **query: str) -> str:
        address = reverse(name, args=[self.ticket.reference, *args])
        return self.client.get(address, query).content.decode()


@pytest.fixture(scope="module")
def api() -> Iterator[hostile.Hostile]:
    with hostile.serving() as made:
        yield made


@pytest.fixture
def place(tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, api: hostile.Hostile) -> Iterator[Place]:
    settings.MEDIA_ROOT = tmp_path
    settings.ATTACHMENT_MAX_BYTES, settings.UPLOAD_MAX_BYTES = 11 * MEGABYTE, 12 * MEGABYTE
    monkeypatch.setattr(uploads, "_larger", {})
    monkeypatch.setattr("investigations.logs.reading.members.__kwdefaults__", {"most_bytes": 12 * MEGABYTE})
    monkeypatch.setattr(fetching, "LONGEST_SECONDS", 2.0)
    monkeypatch.setattr(asking, "LARGEST_PAGE", 70_000)
    monkeypatch.setattr(runs, "WITHIN", 2.0)
    monkeypatch.setattr(runs, "LARGEST", 50_000)
    seed.catalogue()
    desk = Desk()
    with running(Loki([], bearer())) as server:
        settings.OUTGOING_HOSTS = [server.url.removeprefix("http://"), api.entry]
        client = Client()
        client.force_login(desk.l2)
        source = LogSource.objects.create(
            name="Payments", kind="loki", url=server.url, sign_in="none", within='{app="payments"}'
        )
        lead = Client()
        lead.force_login(desk.lead)
        lead.post(reverse("new_environment"), {"name": "Sandbox", "base_url": api.url})
        yield Place(desk.started(), client, source, server, Environment.objects.get(name="Sandbox"))


Act = Callable[[Place], str]


def upload(content: bytes, name: str, q: str = "") -> Act:
    """Return how a file is sent, and analysed if it was taken; the page that comes, or those of what is in it."""

    def act(place: Place) -> str:
        sent = {"file": SimpleUploadedFile(name, content), "zone": "Europe/Madrid"}
        answer = place.client.post(reverse("logs", args=[place.ticket.reference]), sent)
        if answer.status_code != 302:
            assert not Log.objects.exists()
            return answer.content.decode()
        work_off()
        return place.page("log", Log.objects.get().pk) + place.page("log_lines", q=q)

    return act


def work_off() -> None:
    """Do what a worker does with the logs that were added."""
    for number in Event.objects.filter(kind=keeping.ADDED).values_list("subject_id", flat=True):
        analysing.carry_out(number)


def fetch(fault: str) -> Act:
    """Return how lines are fetched from a source with a fault, and the log's page."""

    def act(place: Place) -> str:
        place.server.fault = fault
        asked = {
            "source": place.source.pk, "ids": "req_1", "since": "2026-11-27T09:00", "until": "2026-11-27T10:00",
        }  # fmt: skip
        assert place.client.post(reverse("fetch_log", args=[place.ticket.reference]), asked).status_code == 302
        work_off()
        return place.page("log", Log.objects.get().pk)

    return act


def call(path: str) -> Act:
    """Return how a request is sent from the console, and the page of its answer."""

    def act(place: Place) -> str:
        sent = {"environment": place.environment.pk, "method": "GET", "path": path}
        answer = place.client.post(reverse("api_console", args=[place.ticket.reference]), sent)
        assert answer.status_code == 302
        return place.page("api_run", Run.objects.get().pk)

    return act


def bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _turn in range(13):
            file.write(b"0" * MEGABYTE)
    return packed.getvalue()


CASES: dict[str, tuple[Act, str]] = {
    "an upload over the limit": (
        upload(LINE * (13 * MEGABYTE // len(LINE)), "huge.log"),
        "A file may have at most 11 MB, everything sent at once 12 MB. Nothing was kept.",
    ),
    "a bomb": (
        upload(bomb(), "bomb.gz"),
        "Unpacked, this is more than 12 MB. Cut out the hours that matter, and send those.",
    ),
    "binary": (
        upload(bytes(range(256)) * 40, "picture.log"),
        "“picture.log” is no text. Plain text, JSON lines, CSV and syslog are read, also packed as gz or zip.",
    ),
    "mixed encodings": (
        upload(LINE + LINE.replace(b"failed", "falló".encode()) + LINE.replace(b"failed", b"ca\xefda"), "two.log"),
        "payment falló</td>",
    ),
    "a line of 10 MB": (  # found by what says, at its end, how much was left out
        upload(
            LINE + LINE.rstrip() + b"x" * (10 * MEGABYTE),
            "long.log",
            q=f"xx … [+{10 * MEGABYTE + len(LINE) - 1 - 32_768}]",
        ),
        "Lines 1 to 1 of 1",
    ),
    "dates without zone": (upload(LINE, "app.log"), "times without one are read as Europe/Madrid"),
    "a source that hangs": (
        fetch("hang"),
        "The source did not answer in time. Try again, with a shorter time.",
    ),
    "a source that is broken": (
        fetch("500"),
        "The source has a fault of its own (5xx). Try again later.",
    ),
    "a source without an end": (
        fetch("endless"),
        "The source answers more than Secondline takes in. Ask for a shorter time.",
    ),
    "a source that answers HTML": (
        fetch("hostile"),
        "The source answers what nobody can read. An admin has to look at its address.",
    ),
    "a source that redirects inside": (
        fetch("redirect"),
        "The source sends us to another address; Secondline does not follow.",
    ),
    "an API that hangs": (call("/hang"), "There was no whole answer within 2 seconds."),
    "an API that is broken": (call("/500"), "sick</pre>"),
    "an API without an end": (call("/never-ending"), "cut: it was longer"),
    "an API that answers HTML": (call("/echo"), "&lt;script&gt;alert(1)&lt;/script&gt;"),
    "an API that redirects inside": (call("/redirect"), "Location: http://169.254.169.254/"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_ends_in_its_sentence_and_the_ticket_is_unharmed(place: Place, case: str) -> None:
    act, sentence = CASES[case]
    before = unharmed(place.ticket)
    shown = act(place)
    assert sentence in shown
    assert "<script>alert(1)" not in shown
    assert unharmed(place.ticket) == before
    assert place.client.get(place.ticket.get_absolute_url()).status_code == 200


def unharmed(ticket: Ticket) -> dict[str, Any]:
    """Return what none of it may change."""
    kept = Ticket.objects.filter(pk=ticket.pk).values("version", "state", "updated_at").get()
    return {**kept, "messages": list(ticket.messages.values_list("pk", "body"))}
