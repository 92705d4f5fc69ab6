"""The live stream: server-sent events for every page that is open, out of one process's memory.

One thread reads on in the record (events.tail), asks once for all streams who may hear of what it found
(escalations.live), and hands that to the event loop, which puts it before those who share a key. A stream costs a
queue and no thread; after its admission it never asks the database.
"""

import asyncio
import json
import logging
import random
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.http import HttpRequest, parse_cookie
from redis import Redis
from redis.exceptions import RedisError

from accounts import second_factor
from accounts.models import User
from common import clock
from escalations import audience, live, presence
from escalations.access import reads_internal
from escalations.models import Ticket
from events import tail

logger = logging.getLogger(__name__)

PATH = "/live/"
LOOK_EVERY = 0.1  # seconds between two looks at the record
OUTAGE_SECONDS = 2.0
HEARTBEAT = 15  # seconds; proxies cut what is silent for a minute
SESSIONS_EVERY = 10  # seconds within which a stream ends whose person signed out
LONGEST = 600  # seconds after which a stream is admitted anew
MOST_PER_PERSON = 12
MOST_REPLAYED = 300  # events; whoever missed more loads the page's parts anew
MOST_WAITING = 100  # messages that a slow reader may be behind

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


@dataclass(eq=False)
class Stream:
    """One open page. `None` in its queue ends it."""

    person: int
    session: str
    ears: audience.Keys
    asked_for: str  # the ticket whose page it is, as the page says
    start: int  # the position that the page knows of
    ticket: int | None = None  # the ticket whose presence it hears of
    gone: bool = False  # its person was deactivated while it was admitted
    queue: "asyncio.Queue[bytes | None]" = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, said: bytes | None) -> None:
        """Say it, or end the stream of a reader who is too slow: they come back and read on."""
        try:
            self.queue.put_nowait(said)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """End the stream, whatever waits in it."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


def line(name: str, position: int | None, ticket: int | None = None) -> bytes:
    """Return one message as the browser reads it. `position` is what it reads on from after a break."""
    number = "" if position is None else f"id: {position}\n"
    data = json.dumps({} if ticket is None else {"ticket": ticket})
    return f"{number}event: {name}\ndata: {data}\n\n".encode()


#: The hub of this process, for /readyz; None in a process that serves no streams.
running: "Hub | None" = None


class Hub:
    """All streams of this process."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.position = 0  # of the record, as far as it has been told
        self.looked_at = time.monotonic()  # when the record could be read last
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="admission")

    async def lifespan(self, receive: Receive, send: Send) -> None:
        """Follow the record for as long as the server runs."""
        global running
        await receive()
        running = self
        loop = asyncio.get_running_loop()
        threads = [
            threading.Thread(target=work, args=[loop], daemon=True, name=work.__name__)
            for work in (self._follow, self._hear_presence)
        ]
        for thread in threads:
            thread.start()
        self._heed_signals(loop)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.stop()
        self._threads.shutdown(wait=False)
        for thread in threads:
            await asyncio.to_thread(thread.join, 2)
        await send({"type": "lifespan.shutdown.complete"})

    def stop(self) -> None:
        """End all streams, and those still being admitted. Runs in the event loop."""
        self._stop.set()
        for stream in list(self.streams):
            stream.end()

    def _heed_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the streams at the signal: granian tells of the shutdown only after the last connection has ended.

        The loop's own handlers, which granian has set, run all the same: they hang on the wake-up descriptor.
        """
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: _in_loop(loop, self.stop))

    async def answer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Open a stream to whoever is signed in: 204, after which a browser does not ask again, to all others."""
        try:
            stream = await self._in_thread(admit, scope)
        except (OperationalError, InterfaceError):
            return await _refuse(send, 503)
        if stream is None:
            return await _refuse(send, 204)
        if sum(other.person == stream.person for other in self.streams) >= MOST_PER_PERSON:
            return await _refuse(send, 429)
        # From here on it is told what happens; what happened before is replayed first, so nothing falls between.
        self.streams.add(stream)
        if self._stop.is_set():
            stream.end()
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            missed = await self._in_thread(catch_up, stream)
            if stream.gone:
                return await _refuse(send, 204)
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            # So that not everybody comes back in the same second.
            await _say(send, f"retry: {1000 + round(3000 * _chance())}\n\n".encode() + missed)
            await self._keep(stream, send, gone)
        finally:
            self.streams.discard(stream)
            gone.cancel()

    def seconds_behind(self) -> float:
        """Return for how long the record could not be read."""
        return time.monotonic() - self.looked_at

    async def _in_thread(self, call: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)

    async def _keep(self, stream: Stream, send: Send, gone: "asyncio.Future[None]") -> None:
        until = asyncio.get_running_loop().time() + LONGEST * (0.8 + _chance() / 5)
        while asyncio.get_running_loop().time() < until:
            said: asyncio.Future[Any] = asyncio.ensure_future(stream.queue.get())
            done, _ = await asyncio.wait([said, gone], timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            if said not in done:
                said.cancel()
            if gone in done:
                return
            if said not in done:
                # An id without data dispatches nothing, and is still what the browser reads on from.
                await _say(send, f": here\nid: {self.position}\n\n".encode())
                continue
            message = said.result()
            if message is None:
                break
            await _say(send, message)
        with suppress(Exception):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def tell(self, messages: Iterable[live.Message], position: int) -> None:
        """Put each message before those who may hear it. Runs in the event loop.

        They name the position before them: a break between two of them repeats the first and misses none.
        """
        for message in messages:
            said = line(message.name, self.position, message.ticket)
            if message.kept is not None:
                self._stop_watching(message.ticket, message.kept)
            for stream in list(self.streams):
                if stream.ears.isdisjoint(message.keys):
                    continue
                if message.name == live.END:
                    stream.end()
                else:
                    stream.put(said)
        self.position = position

    def _stop_watching(self, ticket: int | None, kept: audience.Keys) -> None:
        """Tell those who see a ticket no more nothing of who looks at it, either."""
        for stream in self.streams:
            if stream.ticket == ticket and stream.ears.isdisjoint(kept):
                stream.ticket = None

    def _tell_presence(self, ticket: int) -> None:
        for stream in list(self.streams):
            if stream.ticket == ticket:
                stream.put(line("presence", self.position, ticket))

    def _end_signed_out(self, sessions: set[str]) -> None:
        for stream in list(self.streams):
            if stream.session in sessions:
                stream.end()

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read on in the record until the server stops. What could not be told is read again."""
        record: tail.Tail | None = None
        sessions_at = 0.0
        while not self._stop.wait(LOOK_EVERY):
            try:
                record = record or tail.Tail.here()
                facts, further = record.read()
                if facts or further.position != self.position:
                    _in_loop(loop, self.tell, live.told(facts), further.position)
                record, self.looked_at = further, time.monotonic()
                if self.looked_at - sessions_at > SESSIONS_EVERY:
                    sessions_at = self.looked_at
                    known = {stream.session for stream in list(self.streams)}
                    _in_loop(loop, self._end_signed_out, known - _alive(known))
            except Exception:
                # Whatever it was, the streams must not fall silent for good.
                logger.warning("The live stream cannot read the record; it reads on when it can.", exc_info=True)
                connection.close()
                self._stop.wait(OUTAGE_SECONDS)
        connection.close()

    def _hear_presence(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stop.is_set():
            try:
                with (
                    Redis.from_url(settings.REDIS_URL) as valkey,
                    valkey.pubsub(ignore_subscribe_messages=True) as heard,
                ):
                    heard.subscribe(presence.CHANNEL)
                    while not self._stop.is_set():
                        if message := heard.get_message(timeout=1.0):
                            _in_loop(loop, self._tell_presence, int(message["data"]))
            except RedisError:
                self._stop.wait(OUTAGE_SECONDS)


def admit(scope: Any) -> Stream | None:
    """Return a stream for whoever is signed in, deaf as yet but to the loss of their rights; None for nobody."""
    close_old_connections()
    headers = dict(scope["headers"])
    request = HttpRequest()
    request.COOKIES = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    sessions = import_module(settings.SESSION_ENGINE)
    request.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not isinstance(user, User) or request.session.session_key is None or second_factor.is_missing(user):
        return None
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    # The header is the newer of the two: a browser that comes back keeps the address.
    since = headers.get(b"last-event-id", b"").decode("latin-1") or asked.get("since", [""])[0]
    position = tail.horizon()
    return Stream(
        person=user.pk,
        session=request.session.session_key,
        ears=frozenset({f"person:{user.pk}"}),
        asked_for=asked.get("ticket", [""])[0],
        start=min(int(since), position) if since.isdecimal() and len(since) < 19 else position,
    )


def catch_up(stream: Stream) -> bytes:
    """Give the stream its ears, and return what its person missed. Rights are read before the record is."""
    close_old_connections()
    user = User.objects.filter(pk=stream.person, is_active=True).first()
    if user is None:
        stream.gone = True
        return b""
    stream.ears = audience.ears(user)
    stream.ticket = _watched(user, stream.asked_for)
    position, facts = tail.since(stream.start, most=MOST_REPLAYED)
    missed = live.told(facts) if len(facts) < MOST_REPLAYED else [live.Message("reload", stream.ears)]
    heard = [message for message in missed if message.name != live.END and stream.ears & message.keys]
    # Only the last line names a position: a break before it replays all of them again.
    return b"".join(line(message.name, None, message.ticket) for message in heard) + line("open", position)


def _watched(user: User, raw: str) -> int | None:
    """Return the ticket whose presence this person may hear of, if it is the one asked for."""
    if not raw.isdecimal() or len(raw) > 18:
        return None
    ticket = Ticket.objects.visible_to(user).filter(pk=raw).first()
    return ticket.pk if ticket and reads_internal(user, ticket) else None


def _alive(sessions: set[str]) -> set[str]:
    found = Session.objects.filter(session_key__in=sessions, expire_date__gt=clock.now())
    return set(found.values_list("session_key", flat=True))


def _chance() -> float:
    return random.random()  # noqa: S311  spreads load, keeps no secret


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *args: Any) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the server with it
        loop.call_soon_threadsafe(call, *args)


async def _say(send: Send, said: bytes) -> None:
    await send({"type": "http.response.body", "body": said, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": b""})
