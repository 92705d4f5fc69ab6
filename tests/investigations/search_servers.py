"""Search servers as their makers document them: paths, parameters, paging and errors, on a port of this machine.

Splunk: REST API reference, search/v2/jobs/export. Loki: HTTP API, query_range. Elasticsearch and OpenSearch:
elastic_search_servers.py. Each refuses what the real one refuses.
"""

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

TOKEN = "a secret of the tests"
Answer = tuple[str, list[tuple[str, str]], Iterable[bytes]]
JSON = [("Content-Type", "application/json")]


@dataclass
class Server:
    """Lines as (time, level, service, id, text). `fault` makes it fail: a status, or a name of FAULTS.

    `sound`: so many calls are answered before it does.
    """

    lines: list[tuple[datetime, str, str, str, str]]
    authorization: str
    fault: str = ""
    sound: int = 0
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    open_contexts: set[str] = field(default_factory=set)
    url: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        self.calls.append((method, path, body.decode()))
        if self.fault and len(self.calls) > self.sound:
            status, headers, content = FAULTS.get(self.fault, _of_status)(self)
        elif environ.get("HTTP_AUTHORIZATION") != self.authorization:
            status, headers, content = self.refused()
        else:
            status, headers, content = self.answer(method, path, query, body, environ)
        start_response(status, headers)
        return content

    def refused(self) -> Answer:
        raise NotImplementedError

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any]
    ) -> Answer:
        raise NotImplementedError


def json_answer(status: str, value: Any) -> Answer:
    return status, [*JSON], [json.dumps(value).encode()]


def _of_status(server: Server) -> Answer:
    reason = {"401": "Unauthorized", "404": "Not Found", "429": "Too Many Requests"}.get(server.fault, "Error")
    return f"{server.fault} {reason}", [("Content-Type", "text/plain"), ("Retry-After", "5")], [b"no"]


def _hang(_server: Server) -> Answer:
    time.sleep(3)
    return json_answer("200 OK", {})


def _endless(_server: Server) -> Answer:
    def drip() -> Iterator[bytes]:
        while True:
            yield b'{"preview":true}\n' * 4000

    return "200 OK", [*JSON], drip()


def _rubbish(_server: Server) -> Answer:
    return "200 OK", [("Content-Type", "text/html")], [b"<html>Welcome to the proxy</html>"]


def _hostile(_server: Server) -> Answer:
    return "200 OK", [("Content-Type", "text/html")], [b"<html><script>alert(1)</script></html>"]


def _redirect(server: Server) -> Answer:
    return "302 Found", [("Location", f"{server.url}/elsewhere")], [b""]


FAULTS: dict[str, Callable[[Server], Answer]] = {
    "hang": _hang, "endless": _endless, "rubbish": _rubbish, "redirect": _redirect, "hostile": _hostile,
}  # fmt: skip


@dataclass
class Splunk(Server):
    """`said` are messages in the midst of the results, `previews` rows of a search that has not ended yet.

    A server before 9.0 knows only the first version of the address (`is_old`).
    """

    said: list[dict[str, str]] = field(default_factory=list)
    previews: int = 0
    is_old: bool = False

    def refused(self) -> Answer:
        said = {"type": "WARN", "text": "call not properly authenticated"}
        return json_answer("401 Unauthorized", {"messages": [said]})

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any]
    ) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        known = "/services/search/jobs/export" if self.is_old else "/services/search/v2/jobs/export"
        if (method, path) != ("POST", known) or form.get("output_mode") != "json":
            return json_answer("404 Not Found", {"messages": [{"type": "ERROR", "text": "Not Found"}]})
        match = re.match(r'search index="(\w+)"(?: \((.*?)\))? \|', form["search"])
        if match is None:
            said = {"type": "FATAL", "text": "Error in 'search' command: Unable to parse the search"}
            return json_answer("400 Bad Request", {"messages": [said]})
        ids = re.findall(r'"([^"]*)"', match[2] or "")
        since, until = float(form["earliest_time"]), float(form["latest_time"])
        limit = int(re.search(r"head (\d+)", form["search"])[1])  # type: ignore[index]
        named = re.search(r'eval (\w+)=strftime\(_time, *"%Y-%m-%dT%H:%M:%S\.%6N%:z"\)', form["search"])
        found = [
            line for line in self.lines
            if match[1] == "payments" and since <= line[0].timestamp() < until
            and (not ids or any(one in line[4] for one in ids))
        ][-limit:]  # fmt: skip
        return "200 OK", [*JSON], self._results(found, named[1] if named else "")

    def _results(self, found: list[Any], iso: str) -> Iterator[bytes]:
        """Yield rows; `iso` is the field of the search that has the time as ISO 8601, which `_time` is not."""
        rows: list[dict[str, Any]] = []
        for at, _level, service, _id, text in found:
            local = at.astimezone(timezone(timedelta(hours=2)))
            rows.append(
                {
                    "_time": f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03} CEST",
                    "_raw": text, "source": service,
                    **({iso: local.isoformat(timespec="microseconds")} if iso else {}),
                }
            )  # fmt: skip
        sent: list[dict[str, Any]] = [
            {"preview": True, "offset": place, "result": row} for place, row in enumerate(rows[: self.previews])
        ]
        sent += [{"preview": False, "offset": place, "result": row} for place, row in enumerate(rows)]
        sent[len(sent) // 2 : len(sent) // 2] = [{"preview": False, "messages": [one]} for one in self.said]
        if rows:
            sent[-1]["lastrow"] = True
        else:
            sent.append({"preview": False, "lastrow": True})
        for row in sent:
            yield json.dumps(row).encode() + b"\n"


class Loki(Server):
    def refused(self) -> Answer:
        return "401 Unauthorized", [("Content-Type", "text/plain")], [b"no org id\n"]

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any]
    ) -> Answer:
        if (method, path) != ("GET", "/loki/api/v1/query_range"):
            return "404 Not Found", [("Content-Type", "text/plain")], [b"404 page not found\n"]
        if not (tenant := environ.get("HTTP_X_SCOPE_ORGID")):
            return self.refused()
        match = re.fullmatch(r'\{app="payments"\}(?: \|(=|~) `(.*)`)?', query["query"])
        if match is None:
            return "400 Bad Request", [("Content-Type", "text/plain")], [b"parse error at line 1, col 1\n"]
        pattern = re.compile(re.escape(match[2]) if match[1] == "=" else match[2] or "")
        start, end, limit = int(query["start"]), int(query["end"]), int(query.get("limit", 100))
        found = [
            (int(at.timestamp() * 1000) * 10**6, level, text) for at, level, _service, _id, text in self.lines
            if pattern.search(text) and tenant == "desk"
        ]  # fmt: skip
        is_backward = query.get("direction", "backward") == "backward"
        found.sort(key=lambda one: one[0], reverse=is_backward)
        page = [one for one in found if start <= one[0] < end][:limit]
        streams: dict[str, list[list[str]]] = {}
        for at, level, text in page:
            streams.setdefault(level, []).append([str(at), text])
        result = [
            {"stream": {"app": "payments", "detected_level": level}, "values": values}
            for level, values in streams.items()
        ]
        return json_answer(
            "200 OK", {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}
        )


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass  # whoever asked has gone


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve on a port of this machine."""
    with make_server("127.0.0.1", 0, server, handler_class=_Quiet) as served:
        server.url = f"http://127.0.0.1:{served.server_port}"
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            served.shutdown()
            thread.join()


def bearer(scheme: str = "Bearer") -> str:
    return f"{scheme} {TOKEN}"


def basic() -> str:
    return f"Basic {b64encode(TOKEN.encode()).decode()}"


def at(second: float) -> datetime:
    """Return an instant of the tests' hour."""
    return datetime.fromtimestamp(1_795_600_000 + second, UTC)
