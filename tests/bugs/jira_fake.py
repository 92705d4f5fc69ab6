"""The part of Jira's REST API (v2) that bugs/trackers/jira.py uses, as a Cloud or a Data Center.

By developer.atlassian.com: Jira Cloud platform REST API v2, Jira Data Center REST API, webhooks.
"""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from common import clock
from tests.bugs.served import Answer, Fake, Headers, routed

KEY = "PAY"
RESOLUTIONS = ["Done", "Won't Do"]
STEPS = {"11": ("Start", "indeterminate", "In Progress"), "31": ("Close", "done", "Done")}
BACK = {"21": ("Reopen", "new", "To Do")}


class JiraFake(Fake):
    is_cloud = False

    def answer(self, method: str, path: str, query: Headers, body: Any, environ: dict[str, Any]) -> Answer:
        basic = base64.b64encode(f"bot@acme.example:{self.token}".encode()).decode()
        right = f"Basic {basic}" if self.is_cloud else f"Bearer {self.token}"
        if environ.get("HTTP_AUTHORIZATION") != right:
            return (
                401,
                {"message": "Client must be authenticated to access this resource.", "status-code": 401},
                {},
            )
        rest = re.sub(r"^/rest/api/(2|3|latest)", "", path)
        if rest in {"/search", "/search/jql"}:
            return self._search(query) if (rest == "/search/jql") == self.is_cloud else (410, _errors("Gone."), {})
        if rest == "/field":
            return 200, [], {}
        if rest in {"/user/search", "/user/assignable/search"}:
            wanted = query.get("query") or query.get("username")
            return 200, [one for one in [_user("sam")] if wanted == "sam"], {}
        if parts := routed(rest, r"/project/(\w+)"):
            return (200, {"id": "1", "key": KEY}, {}) if parts[0] == KEY else (404, _errors("No project."), {})
        if rest == "/issue":
            return self._create(body)
        if parts := routed(rest, r"/issue/([A-Z]+-\d+)(?:/(\w+))?"):
            issue = next((one for one in self.issues if one["key"] == parts[0]), None)
            if issue is None:
                return 404, _errors("Issue does not exist or you do not have permission to see it."), {}
            return self._issue(method, issue, parts[1] or "", query, body)
        return 404, None, {}

    def now(self) -> str:
        at = clock.now() + timedelta(seconds=self.tick())
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _create(self, body: Any) -> Answer:
        fields = body["fields"]
        if not fields.get("summary"):
            return (
                400,
                {"errorMessages": [], "errors": {"summary": "You must specify a summary of the issue."}},
                {},
            )
        number, now = len(self.issues) + 1, self.now()
        issue = {
            "id": str(10000 + number), "key": f"{KEY}-{number}", "self": f"{self.url}/rest/api/2/issue/{number}",
            "fields": {
                "summary": fields["summary"], "description": fields.get("description"),
                "labels": fields.get("labels", []), "created": now, "updated": now,
                "status": _status("new", "To Do"), "resolution": None, "assignee": None,
            },
        }  # fmt: skip
        self.issues.append(issue)
        return 201, {name: issue[name] for name in ("id", "key", "self")}, {}

    def _search(self, query: Headers) -> Answer:
        jql = query["jql"]
        found = [one for one in self.issues if f'project = "{KEY}"' in jql]
        if label := re.search(r'labels = "([^"]+)"', jql):
            found = [one for one in found if label[1] in one["fields"]["labels"]]
        elif since := re.search(r'updated >= "-(\d+)m"', jql):
            begin = clock.now() - timedelta(minutes=int(since[1]))
            found = [one for one in found if _moment(one["fields"]["updated"]) >= begin]
            found.sort(key=lambda one: one["fields"]["updated"], reverse=True)
        else:
            return 400, _errors("Error in the JQL Query."), {}
        most = int(query.get("maxResults", 50))
        page = {"issues": found[:most], "isLast": len(found) <= most}
        return 200, page if self.is_cloud else page | {"startAt": 0, "maxResults": most, "total": len(found)}, {}

    def _issue(self, method: str, issue: dict[str, Any], part: str, query: Headers, body: Any) -> Answer:
        if part == "":
            return 200, issue, {}
        if part == "assignee":
            if body not in ({"name": "sam"}, {"accountId": "acc-sam"}):
                return 400, {"errorMessages": [], "errors": {"assignee": "User does not exist."}}, {}
            issue["fields"] |= {"assignee": _user("sam"), "updated": self.now()}
            return 204, None, {}
        if part == "transitions":
            return self._transitions(method, issue, body)
        if method == "POST":
            return 201, self.say(issue, "bot", body["body"]), {}
        found = self.comments.get(issue["key"], [])
        found = found[::-1] if query.get("orderBy") == "-created" else found
        most = int(query.get("maxResults", 50))
        return 200, {"startAt": 0, "maxResults": most, "total": len(found), "comments": found[:most]}, {}

    def _transitions(self, method: str, issue: dict[str, Any], body: Any) -> Answer:
        is_done = issue["fields"]["status"]["statusCategory"]["key"] == "done"
        steps = BACK if is_done else STEPS
        values = {"resolution": {"required": True, "allowedValues": [{"name": one} for one in RESOLUTIONS]}}
        if method == "GET":
            shown = [
                {
                    "id": number, "name": name, "to": _status(category, status),
                    "fields": values if category == "done" else {},
                }
                for number, (name, category, status) in steps.items()
            ]  # fmt: skip
            return 200, {"transitions": shown}, {}
        step = steps.get(str(body["transition"]["id"]))
        if step is None:
            return (
                400,
                _errors("It seems that you have tried to perform an operation which you are not permitted."),
                {},
            )
        chosen = body.get("fields", {}).get("resolution")
        if step[1] == "done" and chosen is None:
            return 400, {"errorMessages": [], "errors": {"resolution": "Resolution is required."}}, {}
        self.move(issue, step[1], step[2], chosen["name"] if chosen else None)
        return 204, None, {}

    def move(self, issue: dict[str, Any], category: str, status: str, resolution: str | None) -> None:
        issue["fields"] |= {
            "status": _status(category, status), "updated": self.now(),
            "resolution": {"name": resolution} if resolution else None,
        }  # fmt: skip

    def say(self, issue: dict[str, Any], author: str, text: str) -> dict[str, Any]:
        number, now = str(900 + self.tick()), self.now()
        said = {"id": number, "author": _user(author), "body": text, "created": now, "updated": now}
        self.comments.setdefault(issue["key"], []).append(said)
        issue["fields"]["updated"] = self.now()
        return said

    def webhook(self, issue: dict[str, Any], comment: dict[str, Any] | None = None) -> tuple[bytes, Headers]:
        """Return the body and headers of an update or of a comment, which a Data Center tells as an update."""
        said: dict[str, Any] = {"timestamp": self.tick(), "webhookEvent": "jira:issue_updated", "issue": issue}
        if comment is not None and not self.is_cloud:
            said |= {"issue_event_type_name": "issue_commented", "comment": comment}
        elif comment is not None:
            short = {"id": issue["id"], "key": issue["key"], "fields": {"summary": issue["fields"]["summary"]}}
            said |= {"webhookEvent": "comment_created", "issue": short, "comment": comment}
        body = json.dumps(said).encode()
        signature = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {"X-Hub-Signature": signature}


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def _status(category: str, name: str) -> dict[str, Any]:
    return {"name": name, "statusCategory": {"key": category, "name": name}}


def _user(name: str) -> dict[str, Any]:
    return {
        "self": f"/rest/api/2/user?username={name}",
        "name": name,
        "accountId": f"acc-{name}",
        "displayName": name.capitalize(),
    }


def _errors(*texts: str) -> dict[str, Any]:
    return {"errorMessages": list(texts), "errors": {}}
