"""The program: issues in a file, the API under /repos/OWNER/NAME/issues, and a page for people."""

import hashlib
import hmac
import json
import threading
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Answer = tuple[str, str, bytes]


@dataclass
class Tracker:
    """`hook`: where webhooks go, "" for nowhere. `fault`: "drop-after" creates an issue and answers 502, once."""

    url: str
    token: str
    secret: str
    hook: str = ""
    file: Path | None = None
    fault: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        if self.file and self.file.exists():
            self.issues = json.loads(self.file.read_text())

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self.lock:
            status, kind, body = self._answer(environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        if status.startswith("303"):
            headers.append(("Location", "/"))
        start(status, headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        parts = path.strip("/").split("/")
        if parts[0] != "repos":
            return self._for_people(method, parts, body)
        if environ.get("HTTP_AUTHORIZATION") not in {f"token {self.token}", f"Bearer {self.token}"}:
            return _json("401 Unauthorized", {"message": "Bad credentials"})
        if len(parts) < 4 or parts[3] != "issues":
            return _json("404 Not Found", {"message": "Not Found"})
        project = "/".join(parts[1:3])
        if len(parts) == 5 and method == "GET":
            found = self._found(parts[4])
            return (
                _json("200 OK", self._shown(found)) if found else _json("404 Not Found", {"message": "Not Found"})
            )
        if method == "POST":
            made = self._create(project, json.loads(body))
            if self.fault == "drop-after":
                self.fault = ""
                return _json("502 Bad Gateway", {"message": "Bad Gateway"})
            return _json("201 Created", self._shown(made))
        query = parse_qs(environ.get("QUERY_STRING", ""))
        page = int(query.get("page", ["1"])[0])
        newest = [self._shown(one) for one in reversed(self.issues) if one["project"] == project]
        return _json("200 OK", newest[(page - 1) * 30 : page * 30])

    def _create(self, project: str, given: dict[str, Any]) -> dict[str, Any]:
        made = {
            "project": project, "number": len(self.issues) + 1, "title": given["title"], "body": given.get("body"),
            "state": "open", "state_reason": None, "assignees": [], "updated_at": _now(),
        }  # fmt: skip
        self.issues.append(made)
        self._save()
        return made

    def close(self, number: str, reason: str, assignee: str = "sam") -> None:
        """Close an issue as GitHub would, and send the webhook."""
        if found := self._found(number):
            found |= {
                "state": "closed",
                "state_reason": reason,
                "assignees": [{"login": assignee}],
                "updated_at": _now(),
            }
            self._save()
            if self.hook:
                threading.Thread(target=self.send, args=[self.webhook(found)], daemon=True).start()

    def webhook(self, issue: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of the webhook about an issue."""
        said = {"action": "closed", "issue": self._shown(issue), "repository": {"full_name": issue["project"]}}
        body = json.dumps(said).encode()
        signature = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {
            "Content-Type": "application/json", "X-GitHub-Event": "issues", "X-Hub-Signature-256": signature,
        }  # fmt: skip

    def send(self, webhook: tuple[bytes, dict[str, str]]) -> None:
        body, headers = webhook
        urllib.request.urlopen(urllib.request.Request(self.hook, body, headers), timeout=10).close()

    def _found(self, number: str) -> dict[str, Any] | None:
        return next((one for one in self.issues if str(one["number"]) == number), None)

    def _shown(self, issue: dict[str, Any]) -> dict[str, Any]:
        place = f"{issue['project']}/issues/{issue['number']}"
        return issue | {
            "url": f"{self.url}/repos/{place}",
            "html_url": f"{self.url}/{place}",
            "id": issue["number"],
        }

    def _for_people(self, method: str, parts: list[str], body: bytes) -> Answer:
        if method == "POST" and len(parts) == 2 and parts[0] == "fix":
            self.close(parts[1], parse_qs(body.decode()).get("reason", ["completed"])[0])
            return "303 See Other", "text/plain", b""
        rows = "".join(
            f"<article><h2>#{one['number']} {escape(one['title'])} <small>{one['state']}</small></h2>"
            f"<form method=post action=/fix/{one['number']}>"
            f"<button name=reason value=completed>Mark as fixed</button> "
            f"<button name=reason value=not_planned>Decline</button></form>"
            f"<pre>{escape(one['body'] or '')}</pre></article>"
            for one in reversed(self.issues)
        )
        style = (
            "body{font:14px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}"
        )
        page = f"<!doctype html><title>Issues</title><style>{style}</style><h1>Issues</h1>{rows or '<p>None yet.'}"
        return "200 OK", "text/html; charset=utf-8", page.encode()

    def _save(self) -> None:
        if self.file:
            self.file.write_text(json.dumps(self.issues))


def _json(status: str, said: object) -> Answer:
    return status, "application/json; charset=utf-8", json.dumps(said).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat()
