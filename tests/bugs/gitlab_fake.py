"""The part of GitLab's REST API (v4) that bugs/trackers/gitlab.py uses.

By docs.gitlab.com: api/issues, api/notes, api/projects, api/rest (pagination, status codes), webhook events.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from common import clock
from tests.bugs.served import Answer, Fake, Headers, routed

PROJECT = "acme/payments/api"
USERS = {"root": 1, "sam": 7}


class GitlabFake(Fake):
    def answer(self, method: str, path: str, query: Headers, body: Any, environ: dict[str, Any]) -> Answer:
        if environ.get("HTTP_PRIVATE_TOKEN") != self.token:
            return 401, {"message": "401 Unauthorized"}, {}
        if path == "/api/v4/users":
            found = [name for name in USERS if name == query["username"]]
            return 200, [{"id": USERS[name], "username": name, "state": "active"} for name in found], {}
        place = f"/api/v4/projects/{PROJECT}"
        if not path.startswith(place):
            return 404, {"message": "404 Project Not Found"}, {}
        rest = path.removeprefix(place)
        if rest == "":
            return 200, {"id": 12, "path_with_namespace": PROJECT}, {}
        if rest == "/issues":
            return self._create(body) if method == "POST" else self._listed(query)
        if parts := routed(rest, r"/issues/(\d+)(/notes)?"):
            issue = next((one for one in self.issues if str(one["iid"]) == parts[0]), None)
            if issue is None:
                return 404, {"message": "404 Not found"}, {}
            if parts[1]:
                return self._note(issue, body) if method == "POST" else self._notes(issue, query)
            if method == "PUT":
                self._update(issue, body)
            return 200, issue, {}
        return 404, {"error": "404 Not Found"}, {}

    def now(self) -> str:
        return (clock.now() + timedelta(seconds=self.tick())).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _create(self, body: Any) -> Answer:
        if not body.get("title"):
            return 400, {"message": {"title": ["can't be blank"]}}, {}
        number, now = len(self.issues) + 1, self.now()
        issue = {
            "id": 1000 + number, "iid": number, "project_id": 12, "title": body["title"],
            "description": body.get("description"), "state": "opened", "labels": [], "assignees": [],
            "created_at": now, "updated_at": now, "web_url": f"{self.url}/{PROJECT}/-/issues/{number}",
        }  # fmt: skip
        self.issues.append(issue)
        return 201, issue, {}

    def _update(self, issue: dict[str, Any], body: Any) -> None:
        if event := body.get("state_event"):
            issue["state"] = "closed" if event == "close" else "opened"
        if label := body.get("add_labels"):
            issue["labels"] = [*issue["labels"], label]
        if label := body.get("remove_labels"):
            issue["labels"] = [one for one in issue["labels"] if one != label]
        if numbers := body.get("assignee_ids"):
            issue["assignees"] = [
                {"id": USERS[name], "username": name} for name in USERS if USERS[name] in numbers
            ]
        issue["updated_at"] = self.now()

    def _listed(self, query: Headers) -> Answer:
        found = [one for one in self.issues if one["updated_at"] >= query.get("updated_after", "")]
        found.sort(key=lambda one: (one[query["order_by"]], one["iid"]), reverse=query["sort"] == "desc")
        return self._page(found, query)

    def _page(self, found: list[Any], query: Headers) -> Answer:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        headers = {"X-Page": str(page), "X-Per-Page": str(size), "X-Total": str(len(found))}
        if len(found) > page * size:
            headers["X-Next-Page"] = str(page + 1)
            headers["Link"] = f'<{self.url}/elsewhere?page={page + 1}>; rel="next"'
        return 200, found[(page - 1) * size : page * size], headers

    def _note(self, issue: dict[str, Any], body: Any) -> Answer:
        return 201, self.say(issue["iid"], "root", body["body"]), {}

    def say(self, number: int, author: str, text: str, *, system: bool = False) -> dict[str, Any]:
        notes = self.comments.setdefault(str(number), [])
        now = self.now()
        note = {
            "id": 5000 + sum(map(len, self.comments.values())), "body": text, "system": system, "internal": False,
            "author": {"id": USERS[author], "username": author}, "created_at": now, "updated_at": now,
            "noteable_type": "Issue", "noteable_iid": number,
        }  # fmt: skip
        notes.append(note)
        self.issues[number - 1]["updated_at"] = self.now()
        return note

    def _notes(self, issue: dict[str, Any], query: Headers) -> Answer:
        found = list(self.comments.get(str(issue["iid"]), []))
        found.sort(key=lambda one: one["id"], reverse=query["sort"] == "desc")
        return self._page(found, query)

    def webhook(self, issue: dict[str, Any], note: dict[str, Any] | None = None) -> tuple[bytes, Headers]:
        """Return the body and headers of an issue or note event."""
        of_issue = {
            "id": issue["id"], "iid": issue["iid"], "state": issue["state"], "url": issue["web_url"],
            "updated_at": issue["updated_at"], "created_at": issue["created_at"], "action": "close",
        }  # fmt: skip
        said: dict[str, Any] = {"project": {"id": 12, "path_with_namespace": PROJECT}}
        if note is None:
            labels = [{"id": 1, "title": one} for one in issue["labels"]]
            said |= {
                "object_kind": "issue",
                "event_type": "issue",
                "object_attributes": of_issue,
                "labels": labels,
            }
            said |= {"user": {"username": "sam"}, "assignees": issue["assignees"]}
        else:
            at, changed_at = (
                datetime.fromisoformat(note[name]).strftime("%Y-%m-%d %H:%M:%S UTC")
                for name in ("created_at", "updated_at")
            )
            said |= {
                "object_kind": "note", "event_type": "note", "issue": of_issue,
                "user": {"username": note["author"]["username"]},
                "object_attributes": {
                    "id": note["id"], "note": note["body"], "noteable_type": "Issue", "system": note["system"],
                    "internal": False, "created_at": at, "updated_at": changed_at,
                },
            }  # fmt: skip
        kind = "Issue Hook" if note is None else "Note Hook"
        return json.dumps(said).encode(), {"X-Gitlab-Event": kind, "X-Gitlab-Token": self.secret}
