"""The live stream: who hears what, what a break costs, and when a stream ends. The hub runs in this process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts import people
from accounts.models import User
from config import live
from escalations import assignment, defaults, presence
from events import tail
from tests.escalations.desk import Desk
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Page:
    """One open stream, and all that it has said."""

    status: int = 0
    raw: bytes = b""
    over: bool = False
    close: Callable[[], None] = lambda: None

    def said(self, name: str) -> list[str]:
        """Return what was said under this name."""
        blocks = [block.split("\n") for block in self.raw.decode().split("\n\n")]
        return [block[-1].removeprefix("data: ") for block in blocks if f"event: {name}" in block]

    def position(self) -> str:
        """Return what the browser would come back with."""
        return [row[4:] for row in self.raw.decode().split("\n") if row.startswith("id: ")][-1]


@dataclass
class Server:
    """A hub in an event loop of its own."""

    hub: live.Hub = field(default_factory=live.Hub)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def open(self, user: User | None, *, last_event_id: str = "", query: str = "") -> Page:
        """Open a stream as `user` and return it once it was answered."""
        client = Client()
        if user is not None:
            client.force_login(user)
        headers = [(b"cookie", client.cookies.output(header="", sep=";").strip().encode())]
        if last_event_id:
            headers.append((b"last-event-id", last_event_id.encode()))
        scope = {
            "type": "http",
            "method": "GET",
            "path": live.PATH,
            "headers": headers,
            "query_string": query.encode(),
        }
        page, gone = Page(), asyncio.Event()

        async def receive() -> dict[str, str]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            page.status = message.get("status", page.status)
            page.raw += message.get("body", b"")

        future = asyncio.run_coroutine_threadsafe(self.hub.answer(scope, receive, send), self.loop)
        future.add_done_callback(lambda _: setattr(page, "over", True))

        def close() -> None:
            self.loop.call_soon_threadsafe(gone.set)
            future.result(5)

        page.close = close
        wait_until(lambda: page.over or bool(page.said("open")))
        return page


def _heard(page: "Page", told: str) -> bool:
    return told in page.said("ticket")


@pytest.fixture
def valkey_away(settings: Any) -> Iterator[Callable[[], None]]:
    """Nothing reaches Valkey, until what this gives is called."""
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    presence._redis.cache_clear()

    def come_back() -> None:
        settings.REDIS_URL = there
        presence._redis.cache_clear()

    yield come_back
    come_back()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(live, "running", None)  # and again when it is over, for /readyz
    monkeypatch.setattr(live, "SESSIONS_EVERY", 0.2)
    monkeypatch.setattr(live, "OUTAGE_SECONDS", 0.2)
    running = Server()
    thread = threading.Thread(target=running.loop.run_forever, daemon=True)
    thread.start()
    stopped = asyncio.Event()
    calls: list[str] = []

    async def receive() -> dict[str, str]:
        if calls:
            await stopped.wait()
        return {"type": "lifespan"}

    async def send(message: dict[str, str]) -> None:
        calls.append(message["type"])

    ended = asyncio.run_coroutine_threadsafe(running.hub.lifespan(receive, send), running.loop)
    wait_until(lambda: running.hub.position > 0)
    yield running
    running.loop.call_soon_threadsafe(stopped.set)
    ended.result(5)
    wait_until(lambda: not running.hub.streams)
    asyncio.run_coroutine_threadsafe(running.loop.shutdown_default_executor(), running.loop).result(5)
    running.loop.call_soon_threadsafe(running.loop.stop)
    thread.join()
    running.loop.close()


@pytest.fixture
def desk() -> Desk:
    defaults.seed()
    return Desk()


def test_a_change_of_team_reaches_both_teams_and_the_first_line_and_nobody_else(
    server: Server, desk: Desk
) -> None:
    ticket = desk.accepted()
    everybody = {user: server.open(user) for user in (desk.l1, desk.l2, desk.outsider, desk.partner, desk.auditor)}
    assert server.open(None).status == 204
    assignment.give_to_team(ticket, desk.accounts, by=desk.l2)
    told = f'{{"ticket": {ticket.pk}}}'
    for user in (desk.l1, desk.l2, desk.outsider, desk.auditor):
        wait_until(partial(_heard, everybody[user], told))
    assert everybody[desk.partner].raw.count(b"event:") == 1  # "open", and not even a number
    so_far = {user: page.said("ticket").count(told) for user, page in everybody.items()}
    assignment.set_priority(ticket, 1, by=desk.outsider)
    wait_until(lambda: everybody[desk.outsider].said("ticket").count(told) > so_far[desk.outsider])
    assert everybody[desk.l2].said("ticket").count(told) == so_far[desk.l2]  # it has left them


def test_whoever_comes_back_is_told_what_they_missed_and_not_what_they_may_not_see(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = server.open(desk.l2)
    ticket = desk.escalated()
    wait_until(lambda: bool(first.said("ticket")))
    first.close()
    other = desk.accepted()
    mine = [f'{{"ticket": {pk}}}' for pk in (ticket.pk, other.pk)]
    back = server.open(desk.l2, last_event_id=first.position())
    assert set(back.said("ticket")) >= {mine[1]}
    assert server.open(desk.outsider, last_event_id=first.position()).said("ticket") == []
    # What lies near the position may be told once more, by the replay and by the live part: never too little.
    assert set(server.open(desk.l2, last_event_id=back.position()).said("ticket")) <= set(mine)
    monkeypatch.setattr(live, "MOST_REPLAYED", 1)
    assert server.open(desk.l2, query=f"since={first.position()}").said("reload") == ["{}"]


def test_streams_end_with_rights_with_the_session_and_at_too_many(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, kept = server.open(desk.l2), server.open(desk.other_l2)
    desk.l2.memberships.update(team=desk.accounts)
    people.note_roles(desk.l2, by=people.system())
    wait_until(lambda: page.over)
    desk.escalated()
    wait_until(lambda: bool(kept.said("ticket")))
    assert page.said("ticket") == []
    for session in Session.objects.all():
        if session.get_decoded()[SESSION_KEY] == str(desk.other_l2.pk):
            session.delete()
    wait_until(lambda: kept.over)
    monkeypatch.setattr(live, "MOST_PER_PERSON", 1)
    assert server.open(desk.lead).status == 200
    assert server.open(desk.lead).status == 429


def test_the_stream_outlives_the_database_and_misses_nothing(server: Server, desk: Desk) -> None:
    page = server.open(desk.l2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    ticket = desk.escalated()
    wait_until(lambda: f'{{"ticket": {ticket.pk}}}' in page.said("ticket"))
    assert server.open(desk.l2, query=f"since={tail.horizon()}").status == 200


def test_presence_is_told_to_those_who_work_the_ticket(server: Server, desk: Desk) -> None:
    ticket = desk.started()
    page = server.open(desk.other_l2, query=f"ticket={ticket.pk}")
    first_line = server.open(desk.l1, query=f"ticket={ticket.pk}")

    def noted() -> bool:
        presence.leave(ticket, by=desk.l2)
        presence.note(ticket, by=desk.l2, replying=True)
        return bool(page.said("presence"))

    wait_until(noted)
    assert first_line.said("presence") == []
    client = Client()
    client.force_login(desk.other_l2)
    address = f"/tickets/{ticket.reference}/here/"
    assert "Sam Second is replying" in client.post(address, {"does": "look"}).content.decode()
    assert [one.person for one in presence.others(ticket, desk.l2)] == [desk.other_l2]
    assert client.post(address, {"does": "leave"}).content.decode().strip() == ""
    assert presence.others(ticket, desk.l2) == []
    client.force_login(desk.l1)
    assert client.post(address).status_code == 404


def test_the_stream_goes_on_without_valkey_and_presence_comes_back_with_it(
    valkey_away: Callable[[], None], server: Server, desk: Desk
) -> None:
    ticket = desk.started()
    page = server.open(desk.other_l2, query=f"ticket={ticket.pk}")
    assignment.set_priority(ticket, 1, by=desk.l2)
    wait_until(partial(_heard, page, f'{{"ticket": {ticket.pk}}}'))
    presence.note(ticket, by=desk.l2, replying=True)
    client = Client()
    client.force_login(desk.other_l2)
    here = client.post(f"/tickets/{ticket.reference}/here/", {"does": "look"})
    assert (here.status_code, here.content.decode().strip()) == (200, "")
    valkey_away()

    def noted() -> bool:
        presence.leave(ticket, by=desk.l2)
        presence.note(ticket, by=desk.l2, replying=True)
        return bool(page.said("presence"))

    wait_until(noted)
