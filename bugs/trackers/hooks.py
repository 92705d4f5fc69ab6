"""Webhooks of trackers, as they publish them. Events that tell nothing of an issue are not read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bugs import setup
from bugs.models import Tracker, TrackerKind
from bugs.trackers import github, gitlab, jira
from bugs.trackers.issue import Issue, Said
from common.texts import storable_within


@dataclass(frozen=True)
class Told:
    """What a webhook tells of one issue: how it stands, unless it does not say; what was said about it."""

    number: str
    issue: Issue | None
    comments: list[Said]


def read(tracker: Tracker, body: bytes) -> Told | None:
    """Return what a webhook tells, None where that is nothing of the tracker's project or can't be read."""
    try:
        said: Any = storable_within(json.loads(body))
        return _READ[tracker.kind](tracker, said)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _github(tracker: Tracker, said: dict[str, Any]) -> Told | None:
    """Read `issues` and `issue_comment`."""
    found = said["issue"]
    if said["repository"]["full_name"].casefold() != tracker.project.casefold() or "pull_request" in found:
        return None
    assignee = next((one["login"] for one in found.get("assignees") or []), "")
    state = github.state_of(str(found["state"]), found.get("state_reason"))
    changed = datetime.fromisoformat(found["updated_at"])
    issue = Issue(str(int(found["number"])), str(found["html_url"]), state, str(assignee), changed_at=changed)
    return Told(issue.number, issue, _comment_of_github(said))


def _comment_of_github(said: dict[str, Any]) -> list[Said]:
    if said.get("action") not in {"created", "edited"} or "comment" not in said:
        return []
    one = said["comment"]
    at, changed_at = datetime.fromisoformat(one["created_at"]), datetime.fromisoformat(one["updated_at"])
    author = (one.get("user") or {}).get("login", "")  # of an account that is gone there is none
    return [Said(str(int(one["id"])), str(author), str(one["body"] or ""), at, changed_at)]


def _gitlab(tracker: Tracker, said: dict[str, Any]) -> Told | None:
    """Read Issue Hook, Work Item Hook (incidents and tasks) and Note Hook.

    A note's issue names no assignees: it says nothing of how it stands.
    """
    if said["project"]["path_with_namespace"].casefold() != tracker.project.casefold():
        return None
    found = said["object_attributes"]
    if said["object_kind"] == "note" and found["noteable_type"] == "Issue":
        if found.get("system") or found.get("internal"):
            return None
        at, changed_at = _moment(found["created_at"]), _moment(found["updated_at"])
        one = Said(str(int(found["id"])), str(said["user"]["username"]), str(found["note"]), at, changed_at)
        return Told(str(int(said["issue"]["iid"])), None, [one])
    if said["object_kind"] not in {"issue", "work_item"}:
        return None
    assignee = next((one["username"] for one in said.get("assignees") or []), "")
    labels = [one["title"] for one in said.get("labels") or []]
    state = gitlab.state_of(str(found["state"]), labels)
    changed = _moment(found["updated_at"])
    issue = Issue(str(int(found["iid"])), str(found["url"]), state, str(assignee), changed_at=changed)
    return Told(issue.number, issue, [])


def _moment(text: str) -> datetime:
    """Return a time as GitLab's webhooks write it: `2026-05-17 18:08:09 UTC`, or as its API does."""
    return datetime.fromisoformat(text.replace(" UTC", "+00:00"))


def _jira(tracker: Tracker, said: dict[str, Any]) -> Told | None:
    """Read jira:issue_updated and comments, whose issue is cut short: it says nothing of how it stands.

    A Data Center tells of comments by jira:issue_updated; its comment events name no issue, and are not read.
    """
    event, key = said["webhookEvent"], str(said["issue"]["key"])
    if key.rpartition("-")[0] != tracker.project:
        return None
    if event in {"comment_created", "comment_updated"}:
        return Told(key, None, jira.public([said["comment"]]))
    if event != "jira:issue_updated":
        return None
    fields = said["issue"]["fields"]
    assignee = (fields.get("assignee") or {}).get("displayName", "")
    page = f"{setup.base_url(tracker)}/browse/{key}"
    changed = jira.moment(fields["updated"])
    is_gone = said.get("issue_event_type_name") == "issue_comment_deleted"
    comments = jira.public([said["comment"]]) if "comment" in said and not is_gone else []
    return Told(key, Issue(key, page, jira.state_of(fields), str(assignee), changed_at=changed), comments)


_READ: dict[str, Callable[[Tracker, dict[str, Any]], Told | None]] = {
    TrackerKind.GITHUB: _github,
    TrackerKind.GITLAB: _gitlab,
    TrackerKind.JIRA: _jira,
}
