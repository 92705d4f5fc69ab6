"""GitHub (and GitHub Enterprise) through PyGithub."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from github import Auth, Github, GithubException
from github.Issue import Issue as GithubIssue
from github.IssueComment import IssueComment
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from bugs.models import State
from bugs.setup import Way
from bugs.trackers.issue import NEWEST, PAGE, Issue, Said, refused_with, told, without_mentions
from bugs.trackers.through import through

#: How an issue is closed that is not to be fixed.
DECLINED = {"not_planned", "duplicate"}


class _Http(HTTPRequestsConnectionClass):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        through(self.session)


class _Https(HTTPSRequestsConnectionClass):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        through(self.session)


Requester.injectConnectionClasses(_Http, _Https)


class GithubClient:
    """One project of a GitHub."""

    def __init__(self, way: Way) -> None:
        self._github = Github(
            auth=Auth.Token(way.token), base_url=way.base_url, retry=0, lazy=True, per_page=PAGE,
            seconds_between_requests=None, seconds_between_writes=None,
        )  # fmt: skip
        self._project = self._github.get_repo(way.project)

    def check(self) -> None:
        with _told():
            next(iter(self._project.get_issues()), None)

    def create(self, title: str, body: str) -> Issue:
        with _told():
            return _issue(self._project.create_issue(title=title, body=without_mentions(body)))

    def find(self, mark: str) -> Issue | None:
        with _told():
            # The list is up to date at once; GitHub's search index is not.
            newest = islice(self._project.get_issues(state="all", sort="created", direction="desc"), NEWEST)
            return next((_issue(one) for one in newest if mark in (one.body or "")), None)

    def get(self, number: str) -> Issue:
        with _told():
            return _issue(self._project.get_issue(int(number)))

    def changed(self, since: datetime) -> list[Issue]:
        with _told():
            found = self._project.get_issues(state="all", sort="updated", direction="desc", since=since)
            return [_issue(one) for one in islice(found, PAGE)]

    def comments(self, number: str) -> list[Said]:
        with _told():
            # The oldest come first, whatever one asks for: the last pages hold the newest.
            found = self._project.get_issue(int(number)).get_comments().reversed
            return [_said(one) for one in islice(found, NEWEST)][::-1]

    def comment(self, number: str, body: str) -> Said:
        with _told():
            return _said(self._project.get_issue(int(number)).create_comment(without_mentions(body)))

    def change(self, number: str, *, state: State | None, assignee: str) -> Issue:
        wanted: dict[str, Any] = {"assignees": [assignee]} if assignee else {}
        if state == State.OPEN:
            wanted |= {"state": "open", "state_reason": "reopened"}
        elif state is not None:
            reason = "not_planned" if state == State.DECLINED else "completed"
            wanted |= {"state": "closed", "state_reason": reason}
        with _told():
            issue = self._project.get_issue(int(number))
            issue.edit(**wanted)
            return _issue(issue)


def state_of(state: str, reason: str | None) -> State:
    """Return what GitHub's `state` and `state_reason` mean."""
    if state != "closed":
        return State.OPEN
    return State.DECLINED if reason in DECLINED else State.FIXED


def _issue(found: GithubIssue) -> Issue:
    assignee = found.assignees[0].login if found.assignees else ""
    state = state_of(found.state, found.state_reason)
    number = str(int(found.number))  # the library takes whatever comes for an issue: one without a number is none
    return Issue(number, found.html_url, state, assignee, found.body or "", found.updated_at)


def _said(found: IssueComment) -> Said:
    author = found.user.login if found.user else ""  # of an account that is gone there is none
    return Said(str(found.id), author, found.body or "", found.created_at, found.updated_at)


@contextmanager
def _told() -> Iterator[None]:
    with told():
        try:
            yield
        except GithubException as error:
            raise refused_with(error.status, error.headers) from error
