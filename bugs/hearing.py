"""What a tracker tells: by a signed webhook, or when it is asked."""

import hashlib
import hmac
import json
import logging
from typing import Any

from django.db import transaction

from accounts import people
from bugs import reports, setup
from bugs.models import BugReport, State, Tracker, TrackerDelivery, TrackerKind
from bugs.trackers import choosing, github
from bugs.trackers.issue import Issue
from common import clock
from common.errors import Refused
from events import recording

logger = logging.getLogger(__name__)

HEARD, FIXED = "bug.heard", "bug.fixed"
LARGEST = 1024 * 1024
MOST_AT_ONCE = 50


class NotSigned(Exception):
    """The webhook does not come from the tracker, or can't be read."""


@transaction.atomic
def take(tracker: Tracker, *, signature: str, body: bytes) -> bool:
    """Take a webhook of GitHub in; return whether it was new and about a report. Raises NotSigned.

    `signature` is X-Hub-Signature-256. It covers the body and no more, so what is heard twice is known by its
    body, and changes nothing.
    """
    secret = setup.webhook_secret(tracker)
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if (
        not secret
        or tracker.kind != TrackerKind.GITHUB
        or not hmac.compare_digest(right.encode(), signature.encode())
    ):
        raise NotSigned
    digest = hashlib.sha256(body).hexdigest()
    _row, is_new = TrackerDelivery.objects.get_or_create(
        tracker=tracker, digest=digest, defaults={"at": clock.now()}
    )
    issue = _issue(tracker, body) if is_new else None
    if issue is None:
        return False
    bug = BugReport.objects.select_for_update().filter(tracker=tracker, remote_number=issue.number).first()
    return bug is not None and apply(bug, issue)


def _issue(tracker: Tracker, body: bytes) -> Issue | None:
    try:
        said: Any = json.loads(body)
        found, project = said["issue"], said["repository"]["full_name"]
        assignee = next((one["login"] for one in found.get("assignees") or []), "")
        state = github.state_of(str(found["state"]), found.get("state_reason"))
        issue = Issue(str(int(found["number"])), str(found["html_url"]), state, str(assignee))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return issue if project == tracker.project else None


def apply(locked: BugReport, issue: Issue) -> bool:
    """Have a locked report say what its issue says; return whether that was new. Within a transaction."""
    now = clock.now()
    locked.heard_at = now
    former = (locked.state, locked.remote_assignee)
    locked.state, locked.remote_assignee = issue.state, issue.assignee[:120]
    is_new = former != (locked.state, locked.remote_assignee)
    is_fixed = issue.state == State.FIXED and former[0] != State.FIXED
    locked.remote_url = issue.url[:500]  # a project may move
    locked.fixed_at = (locked.fixed_at or now) if issue.state == State.FIXED else None
    locked.save(update_fields=["heard_at", "state", "remote_assignee", "remote_url", "fixed_at"])
    if is_new:
        subject, by = (reports.SUBJECT, locked.pk), people.system()
        recording.record(HEARD, subject=subject, by=by, data={"state": locked.state, "assignee": issue.assignee})
        if is_fixed:
            recording.record(FIXED, subject=subject, by=by, data={"title": locked.title})
    return is_new


def poll() -> None:
    """Ask trackers about the reports that were not heard of the longest. Never within a transaction."""
    waiting = BugReport.objects.filter(tracker__in=setup.usable()).exclude(remote_number="")
    for bug in waiting.select_related("tracker").order_by("heard_at")[:MOST_AT_ONCE]:
        assert bug.tracker is not None  # noqa: S101  by the filter
        try:
            issue = choosing.client(bug.tracker).get(bug.remote_number)
        except Refused as refusal:
            logger.warning("Bug report %s: %s", bug.pk, refusal.message)
            continue
        with transaction.atomic():
            locked = BugReport.objects.select_for_update().filter(pk=bug.pk, remote_number=issue.number).first()
            if locked is not None:
                apply(locked, issue)
