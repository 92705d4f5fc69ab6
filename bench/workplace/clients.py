"""People at work, as HTTP clients: they sign in, ask, and are timed."""

import http.client
import json
import multiprocessing
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

#: What a client does once: address, and what is sent (None: a GET). One that ends in # is asked for by htmx.
Asked = tuple[str, dict[str, str] | None]


@dataclass
class Answer:
    """One answer: its status, seconds until it was read, its size, and where it leads."""

    status: int
    seconds: float
    size: int
    text: str = ""
    location: str = ""


@dataclass
class Client:
    """One person's browser, on one connection that stays open."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def ask(self, address: str, data: dict[str, str] | None = None, *, keep: bool = False) -> Answer:
        """Send a request and read the whole answer; `keep` its text."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if data is not None:
            own = {
                "csrfmiddlewaretoken": self.cookies.get("csrftoken", ""),
                "form_token": secrets.token_urlsafe(24),
            }
            body = urlencode(own | data)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://127.0.0.1:{self.port}{address}",
            }
        address, mark, _ = address.partition("#")
        if mark:
            headers["HX-Request"] = "true"
        began = time.perf_counter()
        try:
            response = self._sent(address, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long: as a browser would
            self.connection = None
            began = time.perf_counter()
            response = self._sent(address, body, headers)
        content = response.read()
        seconds = time.perf_counter() - began
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value
        return Answer(
            response.status,
            seconds,
            len(content),
            content.decode() if keep else "",
            response.getheader("Location", ""),
        )

    def _sent(self, address: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.connection.request("GET" if body is None else "POST", address, body, headers)
        return self.connection.getresponse()

    def sign_in(self, page: str, fields: dict[str, str]) -> None:
        """Sign in through the form at `page`. Raises RuntimeError when it does not."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.ask(page, keep=True).text)
        answer = self.ask(page, fields | ({"csrfmiddlewaretoken": token[1]} if token else {}), keep=True)
        if answer.status != 302:
            raise RuntimeError(f"signing in at {page} was answered {answer.status}: {answer.text[:2000]}")


def several(
    clients: list[Client], asked: Callable[[int, int], Asked], seconds: float
) -> tuple[float, list[float]]:
    """Let all clients ask one thing after the other for so long; return answers a second, and how long each took.

    `asked` gets the number of the client and of its request. Each client is a process of its own.
    """
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    start = context.Barrier(len(clients))

    def work(number: int, client: Client) -> None:
        client.connection = None
        took: list[float] = []
        client.ask(*asked(number, 0))
        start.wait()
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            answer = client.ask(*asked(number, len(took) + 1))
            if answer.status >= 400:
                results.put(f"answered {answer.status}")
                return
            took.append(answer.seconds)
        results.put(json.dumps([time.perf_counter() - began, took]))

    processes = [context.Process(target=work, args=pair) for pair in enumerate(clients)]
    for process in processes:
        process.start()
    told = [results.get() for _ in processes]
    for process in processes:
        process.join()
    if wrong := [one for one in told if one.startswith("answered")]:
        raise RuntimeError(wrong[0])
    runs = [json.loads(one) for one in told]
    return sum(len(took) / lasted for lasted, took in runs), [one for _lasted, took in runs for one in took]


def middle(values: Iterable[float], share: float = 0.5) -> float:
    """Return the value below which that share of the values lies."""
    found = sorted(values)
    return found[min(len(found) - 1, int(share * len(found)))]
