"""Jira (Cloud and Data Center) through jira."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from jira import JIRA, JIRAError

from bugs.models import State
from bugs.setup import Way
from bugs.trackers.issue import NEWEST, PAGE, Issue, Said, TrackerError, refused_with, told
from bugs.trackers.through import WITHIN, through
from bugs.trackers.wiki import wiki
from common import clock

FIELDS = "status,resolution,assignee,description,updated"
#: What is done without having been fixed, by the usual names of resolutions.
DECLINED = {
    "won't fix", "won't do", "wontfix", "duplicate", "cannot reproduce", "incomplete", "declined", "invalid",
    "not a bug", "works as designed", "obsolete",
}  # fmt: skip


class JiraClient:
    """One project of a Jira. A token `address:token` signs in to the Cloud, one without a colon elsewhere."""

    def __init__(self, way: Way) -> None:
        self._key, self._server = way.project, way.base_url
        person, colon, secret = way.token.partition(":")
        self._jira = JIRA(
            way.base_url, get_server_info=False, max_retries=0, timeout=WITHIN,
            basic_auth=(person, secret) if colon else None, token_auth=None if colon else way.token,
        )  # fmt: skip
        self._jira.deploymentType = "Cloud" if colon else "Server"  # it would be asked for with each client
        self._way = through(self._jira._session)

    def check(self) -> None:
        with self._told():
            self._jira.project(self._key)

    def create(self, title: str, body: str) -> Issue:
        with self._told():
            made = self._jira.create_issue(
                fields={
                    "project": {"key": self._key}, "issuetype": {"name": "Bug"},
                    "summary": title, "description": wiki(body), "labels": _marks(body),
                },
                prefetch=False,
            )  # fmt: skip
            return Issue(made.raw["key"], self._page(made.raw["key"]), State.OPEN)

    def find(self, mark: str) -> Issue | None:
        with self._told():
            found = self._found(f'project = "{self._key}" AND labels = "{_label(mark)}"', 1)
            return self._issue(found[0]) if found else None

    def get(self, number: str) -> Issue:
        with self._told():
            return self._issue(self._jira.issue(number, fields=FIELDS).raw)

    def changed(self, since: datetime) -> list[Issue]:
        with self._told():
            # A time of day would be read in the zone of our account there.
            minutes = max(1, int((clock.now() - since) / timedelta(minutes=1)) + 1)
            asked = f'project = "{self._key}" AND updated >= "-{minutes}m" ORDER BY updated DESC'
            return [self._issue(one) for one in self._found(asked, PAGE)]

    def comments(self, number: str) -> list[Said]:
        with self._told():
            found = self._jira.comments(number, max_results=NEWEST, order_by="-created")
            return public(one.raw for one in found)[::-1]

    def comment(self, number: str, body: str) -> Said:
        with self._told():
            return said_of(self._jira.add_comment(number, wiki(body)).raw)

    def change(self, number: str, *, state: State | None, assignee: str) -> Issue:
        with self._told():
            if state is not None:
                self._move(number, state)
            if assignee:
                is_cloud = self._jira._is_cloud
                asked = (None if is_cloud else assignee, assignee if is_cloud else None)
                if not self._jira.search_users(user=asked[0], query=asked[1], maxResults=1):
                    raise TrackerError(_("The tracker knows nobody called %s.") % assignee)
                self._jira.assign_issue(number, assignee)
            return self.get(number)

    def _move(self, number: str, state: State) -> None:
        """Take the first transition that leads to where it shall be. Workflows differ: there may be none."""
        if self.get(number).state == state:
            return
        is_done = state != State.OPEN
        for one in self._jira.transitions(number, expand="transitions.fields"):
            if (one["to"]["statusCategory"]["key"] == "done") == is_done:
                fields = _resolution(one.get("fields", {}), state) if is_done else {}
                self._jira.transition_issue(number, one["id"], fields=fields)
                return
        raise TrackerError(_("The tracker's workflow has no step that leads there."))

    def _found(self, asked: str, most: int) -> list[dict[str, Any]]:
        found: Any = self._jira.search_issues(asked, maxResults=most, fields=FIELDS, json_result=True)
        return list(found["issues"])

    def _issue(self, found: dict[str, Any]) -> Issue:
        fields = found["fields"]
        assignee = (fields.get("assignee") or {}).get("displayName", "")
        return Issue(
            found["key"], self._page(found["key"]), state_of(fields), assignee,
            fields.get("description") or "", moment(fields["updated"]),
        )  # fmt: skip

    def _page(self, key: str) -> str:
        return f"{self._server}/browse/{key}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        with told():
            try:
                yield
            except JIRAError as error:
                if not error.status_code or error.status_code < 300:
                    raise ValueError from error
                raise refused_with(error.status_code, self._way.headers) from error


def state_of(fields: dict[str, Any]) -> State:
    """Return what the status and resolution of a Jira issue mean."""
    if fields["status"]["statusCategory"]["key"] != "done":
        return State.OPEN
    resolution = (fields.get("resolution") or {}).get("name", "")
    return State.DECLINED if resolution.lower() in DECLINED else State.FIXED


def _resolution(fields: dict[str, Any], state: State) -> dict[str, Any]:
    """Return the resolution to choose where the transition asks for one."""
    for one in fields.get("resolution", {}).get("allowedValues", []):
        if (one["name"].lower() in DECLINED) == (state == State.DECLINED):
            return {"resolution": {"name": one["name"]}}
    return {}


def _label(mark: str) -> str:
    return mark.replace(":", "-")


def _marks(body: str) -> list[str]:
    return [_label(mark) for mark in re.findall(r"secondline-bug:[0-9a-f]{32}", body)]


def said_of(found: dict[str, Any]) -> Said:
    """Return a comment as Jira writes it, in answers and webhooks."""
    at, changed_at = moment(found["created"]), moment(found["updated"])
    author = (found.get("author") or {}).get("displayName", "")  # nobody's, where anonymous people may comment
    return Said(str(found["id"]), author, found["body"], at, changed_at)


def public(found: Iterable[dict[str, Any]]) -> list[Said]:
    """Return the comments that everybody who sees the issue may read: none for a role, a group or agents only."""
    return [said_of(one) for one in found if not one.get("visibility") and one.get("jsdPublic", True)]


def moment(text: str) -> datetime:
    """Return a time as Jira writes it, such as 2026-11-28T22:40:56.000+0000."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
