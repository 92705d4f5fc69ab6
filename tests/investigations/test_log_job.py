"""The job behind a log, as a worker gets it: nothing is held meanwhile, a broken-off one is taken up."""

import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from common import clock
from escalations.models import Ticket
from events import relay
from events.models import Delivery
from investigations import analysing, fetching, keeping, tasks
from investigations.logs.analysis import analyze as analyze_log
from investigations.models import Log, LogState, LogTrouble, SourceKind
from investigations.models.source import LogSource
from investigations.sources.asking import Record
from tests import seed
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: object, settings: Any) -> Desk:
    settings.MEDIA_ROOT = tmp_path
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def added(ticket: Ticket, desk: Desk) -> Log:
    (log,) = keeping.add(ticket, BytesIO(b"2026-11-27 09:12:01 ERROR one\n"), "a.log", by=desk.l2, zone="UTC")
    return log


def asked_for(ticket: Ticket, desk: Desk) -> Log:
    source = LogSource.objects.create(name="s", kind=SourceKind.LOKI, url="http://s.example", within='{app="s"}')
    now = clock.now()
    return fetching.ask(ticket, source, ids=["req_0"], since=now - timedelta(hours=1), until=now, by=desk.l2)


def deliver() -> None:
    for delivery in Delivery.objects.filter(consumer=analysing.CONSUMER, delivered_at=None):
        relay.deliver(delivery.pk)


def elsewhere(change: Any) -> list[object]:
    """Do something on another connection, which waits for no lock; return what came of it."""
    came: list[object] = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
            came.append(change())
        except Exception as error:  # noqa: BLE001  told to the test
            came.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return came


def test_while_a_source_is_asked_nothing_is_held(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = asked_for(ticket, desk)
    seen: list[object] = []

    def fetch(_place: object, _question: object) -> Any:
        seen.append(connection.in_atomic_block)
        yield Record(clock.now(), "it went on")

    monkeypatch.setattr(fetching, "_FETCHERS", {SourceKind.LOKI: fetch})
    plain = analyze_log

    def analyze(*args: Any, **kwargs: Any) -> Any:
        """As it is, and beside it somebody changes the ticket and cancels."""
        seen.append(connection.in_atomic_block)
        seen.extend(elsewhere(lambda: Ticket.objects.filter(pk=ticket.pk).update(transaction_ref="changed")))
        seen.extend(elsewhere(lambda: keeping.cancel(Log.objects.get(pk=log.pk), by=desk.l2)))
        return plain(*args, **kwargs)

    monkeypatch.setattr(analysing, "analyze", analyze)
    deliver()
    assert seen == [False, False, 1, None]
    log.refresh_from_db()
    assert log.state == LogState.CANCELLED


def test_while_a_log_is_read_and_stored_nothing_is_held_and_a_repeat_leaves_nothing(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = Client()
    client.force_login(desk.l2)
    seen: list[bool] = []
    plain = keeping.redacted

    def redacted(*args: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return plain(*args)

    monkeypatch.setattr(keeping, "redacted", redacted)
    sent = {"pasted": "one line", "zone": "UTC", "form_token": "t" * 20}
    answers = [client.post(reverse("logs", args=[ticket.reference]), sent) for _time in range(2)]
    log = Log.objects.get()
    assert [answer["Location"] for answer in answers] == [log.get_absolute_url()] * 2
    assert seen == [False, False]
    files = [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]
    assert files == [Path(log.text.path)]


def test_one_that_was_broken_off_is_taken_up_when_its_lease_is_over(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = added(ticket, desk)
    with monkeypatch.context() as patched:
        patched.setattr(analysing, "run", lambda _log: None)  # as if the worker were killed
        deliver()
    assert Delivery.objects.get(consumer=analysing.CONSUMER).delivered_at
    tasks.take_up_logs()
    log.refresh_from_db()
    assert log.state == LogState.UNDER_WAY  # the first worker may still be at it
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + analysing.LEASE + timedelta(seconds=1))
    tasks.take_up_logs()
    log.refresh_from_db()
    assert (log.state, log.attempts) == (LogState.DONE, 2)


def test_one_that_was_never_begun_is_taken_up_too(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = added(ticket, desk)
    with monkeypatch.context() as patched:
        patched.setattr(analysing, "carry_out", lambda _log: None)  # killed between the commit and the work
        deliver()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + analysing.LEASE + timedelta(seconds=1))
    tasks.take_up_logs()
    log.refresh_from_db()
    assert log.state == LogState.DONE


def test_one_that_kills_each_of_its_workers_is_given_up(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = added(ticket, desk)
    monkeypatch.setattr(analysing, "run", lambda _log: None)
    deliver()
    for _attempt in range(analysing.MOST_ATTEMPTS):
        lapsed = clock.now() - analysing.LEASE - timedelta(seconds=1)
        Log.objects.update(claimed_at=lapsed, added_at=lapsed)
        tasks.take_up_logs()
    log.refresh_from_db()
    assert (log.state, log.trouble, log.attempts) == (LogState.FAILED, LogTrouble.BROKEN, analysing.MOST_ATTEMPTS)
