"""The program: issues in a file, the API under /repos/OWNER/NAME/issues, and a page for people."""

import hashlib
import hmac
import json
import threading
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

Answer = tuple[str, str, bytes, dict[str, str]]
LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
    last: datetime = LONG_AGO
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        if self.file and self.file.exists():
            self.issues = json.loads(self.file.read_text())

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self.lock:
            status, kind, body, more = self._answer(environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *more.items()]
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
        if len(parts) >= 5:
            return self._of_issue(method, parts, _query(environ), body)
        if method == "POST":
            made = self._create(project, json.loads(body))
            if self.fault == "drop-after":
                self.fault = ""
                return _json("502 Bad Gateway", {"message": "Bad Gateway"})
            return _json("201 Created", self._shown(made))
        query = _query(environ)
        found = [self._shown(one) for one in self.issues if one["project"] == project]
        found = [one for one in found if one["updated_at"] >= query.get("since", "")]
        by = "updated_at" if query.get("sort") == "updated" else "number"
        found.sort(key=lambda one: one[by], reverse=query.get("direction", "desc") == "desc")
        return self._page(found, query, f"{self.url}{path}")

    def _of_issue(self, method: str, parts: list[str], query: dict[str, str], body: bytes) -> Answer:
        found = self._found(parts[4])
        if found is None:
            return _json("404 Not Found", {"message": "Not Found"})
        said = found.setdefault("said", [])
        if len(parts) == 6 and method == "POST":
            return _json("201 Created", self.say(found, "secondline", json.loads(body)["body"]))
        if len(parts) == 6:
            return self._page(said, query, f"{self.url}/{'/'.join(parts)}")
        if method == "PATCH":
            wanted = json.loads(body)
            if "assignees" in wanted:
                found["assignees"] = [{"login": one} for one in wanted.pop("assignees")]
            found |= wanted | {"updated_at": self.now()}
            self._save()
        return _json("200 OK", self._shown(found))

    def say(self, issue: dict[str, Any], author: str, text: str) -> dict[str, Any]:
        """Comment on an issue."""
        number = 1 + sum(len(one.get("said", [])) for one in self.issues)
        now = self.now()
        one = {"id": number, "user": {"login": author}, "body": text, "created_at": now, "updated_at": now}
        issue.setdefault("said", []).append(one)
        issue["updated_at"] = self.now()
        self._save()
        return one

    def now(self) -> str:
        """Return the time as GitHub writes it, to the second; no two are the same."""
        self.last = max(datetime.now(UTC).replace(microsecond=0), self.last + timedelta(seconds=1))
        return self.last.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _page(self, found: list[Any], query: dict[str, str], address: str) -> Answer:
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        last = max(1, -(-len(found) // size))
        links = []
        if page < last:
            links = [f'<{address}?{urlencode(query | {"page": to})}>; rel="{name}"' for name, to in (
                ("next", page + 1), ("last", last),
            )]  # fmt: skip
        if page > 1:
            links += [f'<{address}?{urlencode(query | {"page": page - 1})}>; rel="prev"']
        return _json("200 OK", found[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {})

    def _create(self, project: str, given: dict[str, Any]) -> dict[str, Any]:
        made = {
            "project": project, "number": len(self.issues) + 1, "title": given["title"], "body": given.get("body"),
            "state": "open", "state_reason": None, "assignees": [], "updated_at": self.now(),
        }  # fmt: skip
        self.issues.append(made)
        self._save()
        return made

    def begin(self, project: str) -> None:
        """Have the two issues that the demo's reports stand for."""
        self._create(project, {"title": "Payments in euros are shown in dollars", "body": "From the demo."})
        self._create(
            project, {"title": "Declined payments are tried again without asking", "body": "From the demo."}
        )
        self.say(self.issues[0], "sam", "The list took the shop's currency. Mended in plugin 4.2.")
        self.issues[0] |= {"state": "closed", "state_reason": "completed", "assignees": [{"login": "sam"}]}
        self.issues[1] |= {"assignees": [{"login": "noor"}]}
        self._save()

    def close(self, number: str, reason: str, assignee: str = "sam") -> None:
        """Close an issue as GitHub would, and send the webhook."""
        if found := self._found(number):
            found |= {
                "state": "closed",
                "state_reason": reason,
                "assignees": [{"login": assignee}],
                "updated_at": self.now(),
            }
            self._save()
            self._tell(self.webhook(found))

    def _tell(self, webhook: tuple[bytes, dict[str, str]]) -> None:
        if self.hook:
            threading.Thread(target=self.send, args=[webhook], daemon=True).start()

    def webhook(
        self, issue: dict[str, Any], comment: dict[str, Any] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of the webhook about an issue, or about a comment on it."""
        said = {"action": "closed", "issue": self._shown(issue), "repository": {"full_name": issue["project"]}}
        if comment is not None:
            said |= {"action": "created", "comment": comment}
        body = json.dumps(said).encode()
        signature = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {
            "Content-Type": "application/json", "X-Hub-Signature-256": signature,
            "X-GitHub-Event": "issues" if comment is None else "issue_comment",
        }  # fmt: skip

    def send(self, webhook: tuple[bytes, dict[str, str]]) -> None:
        body, headers = webhook
        urllib.request.urlopen(urllib.request.Request(self.hook, body, headers), timeout=10).close()

    def _found(self, number: str) -> dict[str, Any] | None:
        return next((one for one in self.issues if str(one["number"]) == number), None)

    def _shown(self, issue: dict[str, Any]) -> dict[str, Any]:
        place = f"{issue['project']}/issues/{issue['number']}"
        shown = {name: value for name, value in issue.items() if name != "said"}
        return shown | {
            "comments": len(issue.get("said", [])),
            "url": f"{self.url}/repos/{place}",
            "html_url": f"{self.url}/{place}",
            "id": issue["number"],
        }

    def _for_people(self, method: str, parts: list[str], body: bytes) -> Answer:
        if method == "POST" and len(parts) == 2 and parts[0] == "fix":
            self.close(parts[1], parse_qs(body.decode()).get("reason", ["completed"])[0])
            return "303 See Other", "text/plain", b"", {}
        if method == "POST" and len(parts) == 2 and parts[0] == "say" and (found := self._found(parts[1])):
            self._tell(self.webhook(found, self.say(found, "sam", parse_qs(body.decode()).get("text", [""])[0])))
            return "303 See Other", "text/plain", b"", {}
        rows = "".join(
            f"<article><h2>#{one['number']} {escape(one['title'])} <small>{one['state']}</small></h2>"
            f"<form method=post action=/fix/{one['number']}>"
            f"<button name=reason value=completed>Mark as fixed</button> "
            f"<button name=reason value=not_planned>Decline</button></form>"
            f"<pre>{escape(one['body'] or '')}</pre>"
            + "".join(
                f"<pre>{said['user']['login']}: {escape(said['body'])}</pre>" for said in one.get("said", [])
            )
            + f"<form method=post action=/say/{one['number']}><input name=text aria-label=Comment required> "
            f"<button>Comment</button></form></article>"
            for one in reversed(self.issues)
        )
        style = (
            "body{font:14px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}"
        )
        page = f"<!doctype html><title>Issues</title><style>{style}</style><h1>Issues</h1>{rows or '<p>None yet.'}"
        return "200 OK", "text/html; charset=utf-8", page.encode(), {}

    def _save(self) -> None:
        if self.file:
            self.file.write_text(json.dumps(self.issues))


def _json(status: str, said: object, headers: dict[str, str] | None = None) -> Answer:
    return status, "application/json; charset=utf-8", json.dumps(said).encode(), headers or {}


def _query(environ: dict[str, Any]) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
