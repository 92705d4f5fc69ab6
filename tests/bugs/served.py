"""Small trackers for the tests, each as its API is published: status codes, pages, errors, limits.

GitHub's is bench/tracker, which the demo uses, too.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

Headers = dict[str, str]
Answer = tuple[int, Any, Headers]


class Handler(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def serving(program: Any) -> Iterator[str]:
    """Serve a WSGI program on a port of its own; yield its address."""
    server = WSGIServer(("127.0.0.1", 0), Handler)
    server.set_app(program)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass
class Faulty:
    """Stands before a program, and answers in its place with each of `faults` once: (status, body, headers).

    The body "after" has the request carried out before; "hang" waits for as many seconds as the header Seconds.
    `asked`: method and path of what came.
    """

    program: Any
    faults: list[tuple[int, Any, Headers]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if not self.faults:
            answer: Iterable[bytes] = self.program(environ, start)
            return answer
        status, said, headers = self.faults.pop(0)
        headers = dict(headers)
        if said == "after":
            self.program(environ, lambda *_arguments: None)
        if said == "hang":
            time.sleep(float(headers.pop("Seconds")))
        content = said if isinstance(said, bytes) else json.dumps({"message": "Something is wrong"}).encode()
        kind = headers.pop("Content-Type", "application/json")
        start(
            f"{status} Status", [("Content-Type", kind), ("Content-Length", str(len(content))), *headers.items()]
        )
        return [content]


@dataclass
class Fake:
    """A tracker: its issues, its comments by issue, and a clock that goes on by a second with each change."""

    url: str = ""
    token: str = "t0ken-of-the-tracker"
    secret: str = "hush"
    clock: int = 0
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def clear(self) -> None:
        self.issues.clear()
        self.comments.clear()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        status, said, headers = self.answer(
            environ["REQUEST_METHOD"], environ["PATH_INFO"], query, json.loads(data) if data else {}, environ
        )
        content = b"" if said is None else json.dumps(said).encode()
        start(
            f"{status} Status",
            [("Content-Type", "application/json"), ("Content-Length", str(len(content))), *headers.items()],
        )
        return [content]

    def answer(self, method: str, path: str, query: Headers, body: Any, environ: dict[str, Any]) -> Answer:
        raise NotImplementedError

    def tick(self) -> int:
        self.clock += 1
        return self.clock


def routed(path: str, pattern: str) -> tuple[str, ...] | None:
    found = re.fullmatch(pattern, path)
    return found.groups() if found else None
