"""Which client speaks with a tracker."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bugs import setup
from bugs.models import Tracker, TrackerKind
from bugs.setup import Way
from bugs.trackers.github import GithubClient
from bugs.trackers.gitlab import GitlabClient
from bugs.trackers.issue import Client
from bugs.trackers.jira import JiraClient

_CLIENTS: dict[str, Callable[[Way], Client]] = {
    TrackerKind.GITHUB: GithubClient,
    TrackerKind.GITLAB: GitlabClient,
    TrackerKind.JIRA: JiraClient,
}


def client(tracker: Tracker) -> Client:
    """Return the client of a tracker. Raises Refused where it has no token, or none that opens."""
    return _CLIENTS[tracker.kind](setup.way(tracker))


def number_in(tracker: Tracker, address: str) -> str:
    """Return the number of the issue whose page has this address, "" where it is none of the tracker's project.

    GitHub Enterprise, GitLab and Jira may lie below a path of their host.
    """
    parts, ours = urlsplit(address.strip()), urlsplit(setup.base_url(tracker))
    host = {"api.github.com": "github.com"}.get(ours.hostname or "", ours.hostname)
    project = re.escape(tracker.project)
    if tracker.kind == TrackerKind.JIRA:
        pattern = rf"{re.escape(ours.path.rstrip('/'))}/browse/({project}-\d{{1,10}})/?"
    elif tracker.kind == TrackerKind.GITLAB:
        pattern = rf"{re.escape(ours.path.rstrip('/'))}/{project}/-/(?:issues|work_items)/(\d{{1,10}})/?"
    else:
        pattern = rf"/{project}/issues/(\d{{1,10}})/?"
    found = re.fullmatch(pattern, parts.path)
    return found[1] if found and parts.hostname == host and parts.scheme in {"http", "https"} else ""
