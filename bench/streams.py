"""The live stream under load: how long from a committing request's answer until every open page has heard of it.

    python -m bench.streams http://127.0.0.1:8000 [--streams 500] [--events 40] [--json FILE]

Needs a running desk with the demo company (`make run`), and its environment (DATABASE_URL, SECRET_KEY,
REDIS_URL): sessions of a hundred auditors are made directly, and events are recorded by the domain function. The
clock starts before the change begins, so a delivery's time holds the change and its commit, too.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend  # noqa: E402

from accounts.models import User  # noqa: E402
from escalations import assignment  # noqa: E402
from escalations.models import Priority, State, Ticket  # noqa: E402

Heard = dict[int, list[float]]


def session_of(user: User) -> str:
    """Sign the person in, and return the cookie's value."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    knows = (path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user"))
    store[BACKEND_SESSION_KEY] = next(knows)
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


async def listen(
    address: Any, cookie: str, opening: asyncio.Semaphore, opened: asyncio.Semaphore, heard: Heard
) -> None:
    """Hold one stream open, and note when it speaks of which ticket."""
    async with opening:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        cookie = f"{settings.SESSION_COOKIE_NAME}={cookie}"
        request = f"GET /live/ HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\n\r\n"
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"No stream: {head.splitlines()[0]!r}")
        while not (await reader.readline()).startswith(b"event: open"):
            pass
    opened.release()
    while said := await reader.readline():
        if said.startswith(b'data: {"ticket": '):
            heard.setdefault(int(said[17:].split(b"}")[0]), []).append(time.perf_counter())


def server_load(port: int) -> dict[int, tuple[int, float]]:
    """Return the resident KiB and CPU seconds of each process that serves (Linux)."""
    tick = os.sysconf("SC_CLK_TCK")
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"config.asgi:application" not in words or str(port).encode() not in words:
                continue
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            resident = int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
        except OSError:
            continue
        found[int(entry.name)] = resident, (int(fields[11]) + int(fields[12])) / tick
    return found


async def measure(url: str, streams: int, events: int) -> dict[str, Any]:
    """Open the streams, make the changes, and return the figures."""
    address = urlsplit(url)
    people = await asyncio.to_thread(_people)
    cookies = [await asyncio.to_thread(session_of, person) for person in people]
    before = server_load(address.port or 80)
    heard: Heard = {}
    opening, opened = asyncio.Semaphore(20), asyncio.Semaphore(0)
    started = time.perf_counter()
    tasks = [
        asyncio.create_task(listen(address, cookies[number % len(cookies)], opening, opened, heard))
        for number in range(streams)
    ]
    waiting = [asyncio.create_task(opened.acquire()) for _ in range(streams)]
    done, _ = await asyncio.wait([*tasks, asyncio.gather(*waiting)], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task in done:
            raise SystemExit(f"No stream: {task.exception() or 'it ended'}")
    took = time.perf_counter() - started
    idle_from = server_load(address.port or 80)
    await asyncio.sleep(5)
    idle = server_load(address.port or 80)
    delays: list[float] = []
    missed = 0
    tickets = await asyncio.to_thread(_tickets, events)
    busy_from = time.perf_counter()
    for ticket in tickets:
        begun = time.perf_counter()
        await asyncio.to_thread(_change, ticket)
        await asyncio.sleep(0.4)
        arrivals = heard.get(ticket.pk, [])
        missed += streams - len(arrivals)
        delays += [arrival - begun for arrival in arrivals]
    busy = server_load(address.port or 80)
    lasted = time.perf_counter() - busy_from
    for task in tasks:
        task.cancel()
    milliseconds = sorted(delay * 1000 for delay in delays)
    cuts = statistics.quantiles(milliseconds, n=100)
    return {
        "streams": streams,
        "opened_in_seconds": round(took, 1),
        "deliveries": len(delays),
        "not_heard": missed,
        "median_ms": round(cuts[49]),
        "p95_ms": round(cuts[94]),
        "p99_ms": round(cuts[98]),
        "kib_per_stream": round(sum(idle[pid][0] - before.get(pid, (0, 0))[0] for pid in idle) / streams, 1),
        "cpu_idle": round(sum(idle[pid][1] - idle_from[pid][1] for pid in idle) / 5, 3),
        "cpu_busy": round(sum(busy[pid][1] - idle[pid][1] for pid in busy) / lasted, 3),
    }


def _people() -> list[User]:
    """Return people who hear of everything, so that each event goes to every stream."""
    found = []
    for number in range(100):
        email = f"bench{number}@secondline.test"
        user, _ = User.objects.get_or_create(email=email, defaults={"name": f"Bench {number}", "is_auditor": True})
        found.append(user)
    return found


def _tickets(count: int) -> list[Ticket]:
    return list(Ticket.objects.open().filter(state=State.IN_PROGRESS).select_related("team")[:count])


def _change(ticket: Ticket) -> None:
    lead = User.objects.filter(is_superuser=True, is_active=True, is_robot=False).earliest("pk")
    other = Priority.P2 if ticket.priority != Priority.P2 else Priority.P3
    assignment.set_priority(ticket, other, by=lead, version=ticket.version)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.url, options.streams, options.events))
    for name, value in figures.items():
        print(f"{name:>18}  {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
