"""Which client speaks with a tracker."""

import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from bugs import setup
from bugs.models import Tracker, TrackerKind
from bugs.trackers.github import GithubClient
from bugs.trackers.issue import Client, TrackerError


def client(tracker: Tracker) -> Client:
    """Return the client of a tracker. Raises Refused where it has no token, or none that opens."""
    if tracker.kind != TrackerKind.GITHUB:
        raise TrackerError(_("Trackers of this kind are not spoken with yet."))
    return GithubClient(setup.way(tracker))


def number_in(tracker: Tracker, address: str) -> str:
    """Return the number of the issue whose page has this address, "" where it is none of the tracker's project."""
    parts = urlsplit(address.strip())
    ours = urlsplit(setup.base_url(tracker))
    host = {"api.github.com": "github.com"}.get(ours.hostname or "", ours.hostname)
    found = re.fullmatch(rf"/{re.escape(tracker.project)}/issues/(\d{{1,10}})/?", parts.path)
    return found[1] if found and parts.hostname == host else ""
