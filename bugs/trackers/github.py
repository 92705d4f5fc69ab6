"""GitHub (and GitHub Enterprise) through PyGithub."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from github import Auth, Github, GithubException
from github.Issue import Issue as GithubIssue
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from bugs.models import State
from bugs.setup import Way
from bugs.trackers.issue import Issue, TrackerError, refused_with
from bugs.trackers.through import Through
from common.outgoing import OutgoingError

NEWEST = 100


class _Http(HTTPRequestsConnectionClass):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.session.mount("http://", Through())


class _Https(HTTPSRequestsConnectionClass):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.session.mount("https://", Through())


Requester.injectConnectionClasses(_Http, _Https)


class GithubClient:
    """One project of a GitHub."""

    def __init__(self, way: Way) -> None:
        self._github = Github(
            auth=Auth.Token(way.token), base_url=way.base_url, retry=0, lazy=True,
            seconds_between_requests=None, seconds_between_writes=None,
        )  # fmt: skip
        self._project = self._github.get_repo(way.project)

    def create(self, title: str, body: str) -> Issue:
        with _told():
            return _issue(self._project.create_issue(title=title, body=body))

    def find(self, mark: str) -> Issue | None:
        with _told():
            # The list is up to date at once; GitHub's search index is not.
            for number, one in enumerate(self._project.get_issues(state="all", sort="created", direction="desc")):
                if mark in (one.body or ""):
                    return _issue(one)
                if number + 1 >= NEWEST:
                    break
            return None

    def get(self, number: str) -> Issue:
        with _told():
            return _issue(self._project.get_issue(int(number)))


def state_of(state: str, reason: str | None) -> State:
    """Return what GitHub's `state` and `state_reason` mean."""
    if state != "closed":
        return State.OPEN
    return State.DECLINED if reason in {"not_planned", "duplicate"} else State.FIXED


def _issue(found: GithubIssue) -> Issue:
    assignee = found.assignees[0].login if found.assignees else ""
    state = state_of(found.state, found.state_reason)
    return Issue(str(found.number), found.html_url, state, assignee, found.body or "")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except GithubException as error:
        raise refused_with(error.status) from error
    except OutgoingError as error:
        raise TrackerError(str(error), unsure=getattr(error, "was_sent", False)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrackerError(f"{type(error).__name__}", unsure=True) from error
