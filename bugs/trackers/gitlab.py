"""GitLab through python-gitlab."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import requests
from django.utils.translation import gettext as _
from gitlab import Gitlab
from gitlab.exceptions import GitlabError

from bugs.models import State
from bugs.setup import Way
from bugs.trackers.issue import NEWEST, PAGE, Issue, Said, TrackerError, refused_with, told, without_mentions
from bugs.trackers.through import WITHIN, through

#: GitLab's issues are closed without a reason; one of these labels says that it was not to fix them.
DECLINED = "wontfix"
DECLINED_TOO = {DECLINED, "won't fix", "wont fix", "duplicate", "invalid", "not planned"}
#: The library would wait and try again by itself, for as long as the server says: our own job does that.
ONCE: dict[str, Any] = {"obey_rate_limit": False, "retry_transient_errors": False}


_QUICK_ACTION = re.compile(r"^([ \t]*)/", re.MULTILINE)


class GitlabClient:
    """One project of a GitLab."""

    def __init__(self, way: Way) -> None:
        session = requests.Session()
        self._way = through(session)
        self._gitlab = Gitlab(
            way.base_url, private_token=way.token, session=session, timeout=WITHIN, keep_base_url=True
        )
        self._name = way.project
        self._project = self._gitlab.projects.get(way.project, lazy=True)

    def check(self) -> None:
        with self._told():
            self._gitlab.projects.get(self._name, **ONCE)

    def create(self, title: str, body: str) -> Issue:
        with self._told():
            return _issue(self._project.issues.create({"title": title, "description": _plain(body)}, **ONCE))

    def find(self, mark: str) -> Issue | None:
        with self._told():
            for page in range(1, NEWEST // PAGE + 1):
                found = self._list(order_by="created_at", page=page)
                for one in found:
                    if mark in (one.description or ""):
                        return _issue(one)
                if len(found) < PAGE:
                    break
            return None

    def get(self, number: str) -> Issue:
        with self._told():
            return _issue(self._project.issues.get(int(number), **ONCE))

    def changed(self, since: datetime) -> list[Issue]:
        with self._told():
            found = self._list(order_by="updated_at", page=1, updated_after=since.isoformat())
            return [_issue(one) for one in found]

    def comments(self, number: str) -> list[Said]:
        with self._told():
            issue = self._project.issues.get(int(number), lazy=True)
            found: Any = issue.notes.list(
                order_by="created_at", sort="desc", per_page=NEWEST, page=1, get_all=False, **ONCE
            )
            # What GitLab itself notes of a change of state is no comment.
            return [_said(one) for one in found if not one.system and not getattr(one, "internal", False)][::-1]

    def comment(self, number: str, body: str) -> Said:
        with self._told():
            issue = self._project.issues.get(int(number), lazy=True)
            return _said(issue.notes.create({"body": _plain(body)}, **ONCE))

    def change(self, number: str, *, state: State | None, assignee: str) -> Issue:
        with self._told():
            wanted: dict[str, Any] = {}
            if state is not None:
                wanted["state_event"] = "reopen" if state == State.OPEN else "close"
                wanted["add_labels" if state == State.DECLINED else "remove_labels"] = DECLINED
            if assignee:
                found: Any = self._gitlab.users.list(username=assignee, get_all=False, **ONCE)
                if not found:
                    raise TrackerError(_("The tracker knows nobody called %s.") % assignee)
                wanted["assignee_ids"] = [found[0].get_id()]
            self._project.issues.update(int(number), wanted, **ONCE)
            return _issue(self._project.issues.get(int(number), **ONCE))

    def _list(self, *, order_by: str, page: int, **more: str) -> Any:
        asked: dict[str, Any] = {"order_by": order_by, "sort": "desc", "per_page": PAGE, "page": page, **more}
        return self._project.issues.list(get_all=False, **asked, **ONCE)

    @contextmanager
    def _told(self) -> Iterator[None]:
        with told():
            try:
                yield
            except GitlabError as error:
                if error.response_code is None:
                    raise ValueError from error
                raise refused_with(error.response_code, self._way.headers) from error


def state_of(state: str, labels: list[str]) -> State:
    """Return what GitLab's state and labels mean."""
    if state != "closed":
        return State.OPEN
    return State.DECLINED if {one.lower() for one in labels} & DECLINED_TOO else State.FIXED


def _plain(text: str) -> str:
    """Return text of which GitLab carries nothing out: a line that begins with a slash is a quick action."""
    return without_mentions(_QUICK_ACTION.sub(r"\1\\/", text))


def _issue(found: Any) -> Issue:
    assignee = found.assignees[0]["username"] if found.assignees else ""
    state = state_of(found.state, list(found.labels))
    at = datetime.fromisoformat(found.updated_at)
    return Issue(str(found.iid), found.web_url, state, assignee, found.description or "", at)


def _said(found: Any) -> Said:
    at, changed_at = datetime.fromisoformat(found.created_at), datetime.fromisoformat(found.updated_at)
    return Said(str(found.id), found.author["username"], found.body, at, changed_at)
