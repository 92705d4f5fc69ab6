"""Logs fetched from search servers: contracts with each of the four, limits, and what goes wrong."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import User
from common.errors import NotAllowed, Refused
from escalations.models import Ticket
from investigations import analysing, fetching, keeping, log_sources
from investigations.models import Log, LogCut, LogSource, LogState, LogTrouble
from investigations.sources import asking
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import UserFactory
from tests.investigations.elastic_search_servers import Elasticsearch, OpenSearch
from tests.investigations.search_servers import (
    TOKEN,
    Loki,
    Server,
    Splunk,
    at,
    basic,
    bearer,
    running,
)

pytestmark = pytest.mark.django_db

CARD = "4111111111111111"
KINDS: dict[str, tuple[type[Server], str, dict[str, Any]]] = {
    "splunk": (Splunk, bearer(), {"within": "payments", "sign_in": "Bearer"}),
    "elastic": (
        Elasticsearch,
        bearer("ApiKey"),
        {"within": "payments-*", "sign_in": "ApiKey", "id_fields": "order, trace.id"},
    ),
    "opensearch": (OpenSearch, basic(), {"within": "payments-*", "sign_in": "Basic"}),
    "loki": (Loki, bearer(), {"within": '{app="payments"}', "sign_in": "Bearer", "tenant": "desk"}),
}


@pytest.fixture
def desk(tmp_path: object, settings: Any) -> Desk:
    settings.MEDIA_ROOT = tmp_path
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


@pytest.fixture
def admin(db: None) -> User:
    user: User = UserFactory(name="Ada Admin", is_staff=True, is_superuser=True)
    return user


def lines(count: int = 40) -> list[Any]:
    """Lines of two requests in turn, several of them at one instant; the third is a failure with a card."""
    return [
        (
            at(number // 4), "error" if number == 2 else "info", "gateway", f"Req-{number % 2}",
            f"{at(number // 4):%Y-%m-%d %H:%M:%S},000 {'ERROR' if number == 2 else 'INFO'}  [http-1] gateway - "
            f"Req-{number % 2} {f'card {CARD} declined' if number == 2 else 'charge approved'} no {number}",
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str, settings: Any) -> Iterator[Server]:
    make, authorization, _columns = KINDS[kind]
    with running(make(lines(), authorization)) as served:
        settings.OUTGOING_HOSTS = [served.url.removeprefix("http://")]
        yield served


def source_of(kind: str, server: Server, admin: User, **more: Any) -> LogSource:
    columns = {"name": kind, "kind": kind, "url": server.url, "most_lines": 1000, **KINDS[kind][2], **more}
    return log_sources.save(None, columns, secret=TOKEN, by=admin)


def fetched(ticket: Ticket, source: LogSource, by: User, ids: list[str] | None = None, seconds: float = 60) -> Log:
    log = fetching.ask(
        ticket, source, ids=["Req-0"] if ids is None else ids, since=at(0), until=at(seconds), by=by
    )
    analysing.run(log)
    return Log.objects.get(pk=log.pk)


def text_of(log: Log) -> str:
    with log.text.open("rb") as file:
        content: bytes = file.read()
    return content.decode()


def test_each_source_gives_its_lines(
    kind: str, server: Server, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("elastic", "loki"):
        monkeypatch.setattr(f"investigations.sources.{module}.PAGE", 6)
    source = source_of(kind, server, admin)
    assert TOKEN not in source.token
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.trouble, log.cut) == (LogState.DONE, "", "")
    assert (log.lines, log.failures, log.masked) == (20, 1, 1)
    assert (log.begins_at, log.ends_at) == (at(0), at(9))
    text = text_of(log)
    assert CARD not in text
    assert "Req-1" not in text
    assert [bool(re.search(rf"no {number}\b", text)) for number in range(4)] == [True, False, True, False]
    assert "never asked for" not in text
    assert kind not in {"elastic", "opensearch"} or text.count('"level": "info"') == 19
    assert not server.open_contexts, "a point in time or scroll is closed"
    assert TOKEN not in str(Log.objects.filter(pk=log.pk).values())

    both = fetched(ticket, source, desk.l2, ids=["Req-0", "Req-1"], seconds=5)
    assert both.lines == 20
    everything = fetched(ticket, source, desk.l2, ids=[])
    assert everything.lines == 40
    nothing = fetched(ticket, source, desk.l2, ids=["Req-9"])
    assert (nothing.state, nothing.trouble) == (LogState.FAILED, LogTrouble.NO_LINES)


def test_a_source_is_asked_for_no_more_than_it_may_give(
    kind: str, server: Server, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(kind, server, admin, most_lines=7)
    log = fetched(ticket, source, desk.l2, ids=[])
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 7, LogCut.LINES)
    monkeypatch.setattr(fetching, "MOST_BYTES", 700)
    log = fetched(ticket, source, desk.l2, ids=[])
    assert log.lines < 7
    assert log.cut == LogCut.BYTES


def padded(server: Server, size: int = 1000) -> None:
    server.lines = [(*line[:4], line[4] + "x" * size) for line in server.lines]


@pytest.mark.parametrize("kind", ["elastic", "opensearch", "loki"])
def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    server: Server, kind: str, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "loki" if kind == "loki" else "elastic"
    monkeypatch.setattr(f"investigations.sources.{module}.PAGE", 16)
    monkeypatch.setattr(asking, "LARGEST_PAGE", 13_000)  # eight lines, with what stands around them
    padded(server)
    source = source_of(kind, server, admin)
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 20, "")
    monkeypatch.setattr(asking, "LARGEST_PAGE", 700)
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.trouble) == (LogState.FAILED, LogTrouble.TOO_LARGE)


@pytest.mark.parametrize("kind", ["elastic", "opensearch"])
def test_documents_stay_that_came_before_a_source_broke_off(
    server: Elasticsearch, kind: str, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("investigations.sources.elastic.PAGE", 6)
    source = source_of(kind, server, admin)
    server.lapses = True
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 6, LogCut.PARTIAL)

    server.lapses, server.failed = False, 1
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 20, LogCut.PARTIAL)
    log = fetched(ticket, source, desk.l2, ids=["Req-9"])
    assert (log.state, log.trouble) == (LogState.FAILED, LogTrouble.INCOMPLETE)

    server.failed = 0
    server.lines[39] = (*server.lines[39][:4], "x" * 9000)
    monkeypatch.setattr(asking, "LARGEST_PAGE", 8000)
    log = fetched(ticket, source, desk.l2, ids=[])
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 39, LogCut.BYTES)


@pytest.mark.parametrize("kind", ["loki"])
@pytest.mark.parametrize(("tenant", "trouble"), [("", LogTrouble.KEY), ("other", LogTrouble.NO_LINES)])
def test_loki_gives_a_tenant_its_own_lines_only(
    server: Server, desk: Desk, ticket: Ticket, admin: User, tenant: str, trouble: LogTrouble
) -> None:
    log = fetched(ticket, source_of("loki", server, admin, tenant=tenant), desk.l2)
    assert (log.state, log.trouble) == (LogState.FAILED, trouble)


@pytest.mark.parametrize("kind", ["elastic", "opensearch", "loki"])
def test_lines_stay_that_came_before_a_source_fell_silent(
    server: Server, kind: str, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"investigations.sources.{'loki' if kind == 'loki' else 'elastic'}.PAGE", 6)
    monkeypatch.setattr(fetching, "LONGEST_SECONDS", 2.0)
    server.fault, server.sound = "hang", 2 if kind == "elastic" else 1
    log = fetched(ticket, source_of(kind, server, admin), desk.l2)
    assert (log.state, log.lines, log.cut) == (LogState.DONE, 6, LogCut.TIME)


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("401", LogTrouble.KEY),
        ("404", LogTrouble.NO_INDEX),
        ("429", LogTrouble.BUSY),
        ("503", LogTrouble.SOURCE_BROKEN),
        ("hang", LogTrouble.SILENT),
        ("endless", LogTrouble.TOO_LARGE),
        ("rubbish", LogTrouble.RUBBISH),
        ("redirect", LogTrouble.REDIRECT),
    ],
)
def test_what_a_source_does_wrong_ends_in_a_sentence(
    server: Server, kind: str, desk: Desk, ticket: Ticket, admin: User, monkeypatch: pytest.MonkeyPatch,
    fault: str, trouble: LogTrouble,
) -> None:  # fmt: skip
    if fault == "hang":
        monkeypatch.setattr(fetching, "LONGEST_SECONDS", 0.3)
    monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)
    monkeypatch.setattr(asking, "LARGEST_PAGE", 100_000)
    source = source_of(kind, server, admin)
    server.fault = fault
    log = fetched(ticket, source, desk.l2)
    assert (log.state, log.trouble) == (LogState.FAILED, trouble)
    assert "/elsewhere" not in [path for _method, path, _body in server.calls]
    client = Client()
    client.force_login(desk.l2)
    shown = client.get(log.get_absolute_url()).content.decode()
    assert shown.count(escape(str(trouble.label))) == 1
    assert "Welcome to the proxy" not in shown


@pytest.mark.parametrize("kind", ["splunk"])
def test_splunk_says_the_time_in_its_own_way_and_ours(
    server: Splunk, desk: Desk, ticket: Ticket, admin: User
) -> None:
    server.lines = [(moment, level, name, key, text[24:]) for moment, level, name, key, text in lines()]
    server.previews = 5
    log = fetched(ticket, source_of("splunk", server, admin), desk.l2)
    assert (log.state, log.lines, log.begins_at, log.ends_at) == (LogState.DONE, 20, at(0), at(9))


@pytest.mark.parametrize("kind", ["splunk"])
def test_an_older_splunk_is_asked_at_its_older_address(
    server: Splunk, desk: Desk, ticket: Ticket, admin: User
) -> None:
    server.is_old = True
    log = fetched(ticket, source_of("splunk", server, admin), desk.l2)
    assert (log.state, log.lines) == (LogState.DONE, 20)


@pytest.mark.parametrize("kind", ["splunk"])
@pytest.mark.parametrize(
    ("kind_of_message", "text", "ids", "outcome"),
    [
        ("INFO", "Your timerange was substituted", ["Req-0"], (LogState.DONE, "", "")),
        ("WARN", "The search has more than one filter", ["Req-0"], (LogState.DONE, "", "")),
        ("WARN", "Search results might be incomplete", ["Req-0"], (LogState.DONE, "", LogCut.PARTIAL)),
        ("ERROR", "Unable to distribute to peer", ["Req-0"], (LogState.DONE, "", LogCut.PARTIAL)),
        ("FATAL", "The search was cancelled", ["Req-0"], (LogState.DONE, "", LogCut.PARTIAL)),
        ("WARN", "Search results might be incomplete", ["Req-9"], (LogState.FAILED, LogTrouble.INCOMPLETE, "")),
        ("FATAL", "Unknown search command", ["Req-9"], (LogState.FAILED, LogTrouble.QUERY, "")),
    ],
)
def test_what_splunk_says_amid_its_results(
    server: Splunk, desk: Desk, ticket: Ticket, admin: User, kind_of_message: str, text: str, ids: list[str],
    outcome: tuple[str, str, str],
) -> None:  # fmt: skip
    server.said = [{"type": kind_of_message, "text": text}]
    log = fetched(ticket, source_of("splunk", server, admin), desk.l2, ids=ids)
    assert (log.state, log.trouble, log.cut) == outcome


def test_a_source_is_set_up_and_asked_through_pages(
    desk: Desk, ticket: Ticket, admin: User, settings: Any
) -> None:
    settings.OUTGOING_HOSTS = ["127.0.0.1:9"]
    client = Client()
    client.force_login(admin)
    form = {
        "name": "Payments", "kind": "loki", "url": "http://127.0.0.1:9", "sign_in": "Bearer", "secret": TOKEN,
        "within": '{app="payments"}', "time_field": "t", "message_field": "m", "zone": "UTC", "most_lines": "100",
        "is_active": "on", "version": "0",
    }  # fmt: skip
    elsewhere = client.post(reverse("new_log_source"), {**form, "url": "http://169.254.169.254"})
    assert elsewhere.status_code == 422
    assert b"OUTGOING_HOSTS" in elsewhere.content
    assert client.post(reverse("new_log_source"), form).status_code == 302
    source = LogSource.objects.get()
    assert TOKEN.encode() not in client.get(source.get_absolute_url()).content
    settings.OUTGOING_HOSTS = ["127.0.0.1:9", "127.0.0.1:10"]
    moved = {**form, "url": "http://127.0.0.1:10", "secret": "", "version": "1"}
    assert client.post(source.get_absolute_url(), moved).status_code == 422, "a secret follows to no other host"
    stale = client.post(source.get_absolute_url(), {**form, "version": "7"})
    assert stale.status_code == 409

    second = Client()
    second.force_login(desk.l2)
    assert second.get(reverse("new_log_source")).status_code == 404
    address = reverse("fetch_log", args=[ticket.reference])
    assert "Payments" in second.get(address).content.decode()
    asked = {"source": source.pk, "ids": "req_1", "since": "2026-11-27T09:00", "until": "2026-11-27T10:00"}
    for wrong in ({"ids": 'x" OR 1=1'}, {"until": "2026-11-27T08:00"}, {"until": "2027-11-27T08:00"}):
        assert second.post(address, {**asked, **wrong}).status_code == 422
    assert not Log.objects.exists()
    assert second.post(address, asked)["Location"] == Log.objects.get().get_absolute_url()
    log = Log.objects.get()
    assert "Waiting for a worker" in second.get(log.get_absolute_url()).content.decode()
    analysing.run(log)  # nothing listens there
    assert "can&#x27;t be reached" in second.get(log.get_absolute_url()).content.decode()


def test_a_log_is_removed_for_a_reason_and_its_evidence_stays(desk: Desk, ticket: Ticket, settings: Any) -> None:
    (log,) = keeping.add(ticket, BytesIO(b"2026-11-27 09:00:00 ERROR it broke\n"), "a.log", by=desk.l2, zone="UTC")
    analysing.run(log)
    log.refresh_from_db()
    path = Path(log.text.path)
    with pytest.raises(NotAllowed):
        keeping.remove(log, why="Not mine", by=desk.other_l2)
    with pytest.raises(Refused):
        keeping.remove(log, why=" ", by=desk.l2)
    client = Client()
    client.force_login(desk.lead)
    client.post(reverse("remove_log", args=[ticket.reference, log.pk]), {"why": "Another customer's"})
    log.refresh_from_db()
    assert (log.state, log.removed_by, log.text.name) == (LogState.REMOVED, desk.lead, "")
    assert not log.templates.exists()
    assert "Another customer" in client.get(log.get_absolute_url()).content.decode()
    assert path.exists(), "until the change is committed"

    settings.LOGS_OF_TICKET_MAX_BYTES = 60
    keeping.add(ticket, BytesIO(b"x" * 50), "b.log", by=desk.l2, zone="UTC")
    with pytest.raises(Refused, match="together"):
        keeping.add(ticket, BytesIO(b"x" * 50), "c.log", by=desk.l2, zone="UTC")


def test_what_a_ticket_speaks_of_is_filled_in(desk: Desk) -> None:
    ticket = desk.started()
    ticket.transaction_ref = "req_8fh3k2l9"
    ticket.answers = {"when": "2026-11-27T09:12", "request_id": "req_8fh3k2l9"}
    ids, since, until = fetching.suggested(ticket)
    assert ids == ["req_8fh3k2l9"]
    assert until - since == timedelta(hours=1)
