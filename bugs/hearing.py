"""What trackers tell: by a signed webhook, or when they are asked."""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Min

from bugs import commenting, setup, standing
from bugs.models import BugReport, Tracker, TrackerDelivery, TrackerKind
from bugs.trackers import choosing, hooks
from bugs.trackers.hooks import Told
from bugs.trackers.issue import Issue, Said
from common import clock
from common.errors import Refused

logger = logging.getLogger(__name__)

LARGEST = 1024 * 1024
#: Changes that a tracker shows a little later than it dates them.
OVERLAP = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=1)
MOST = 50
FORGOTTEN_AFTER = timedelta(days=30)


class NotSigned(Exception):
    """The webhook does not come from the tracker."""


@transaction.atomic
def take(tracker: Tracker, *, headers: Mapping[str, str], body: bytes) -> bool:
    """Take a webhook in; return whether it told something new of a report. Raises NotSigned.

    A signature covers the body and no more, so what is heard twice is known by its body, and changes nothing.
    """
    if not _is_signed(tracker, headers, body):
        raise NotSigned
    digest = hashlib.sha256(body).hexdigest()
    _row, is_new = TrackerDelivery.objects.get_or_create(
        tracker=tracker, digest=digest, defaults={"at": clock.now()}
    )
    told = hooks.read(tracker, body) if is_new else None
    return told is not None and _hear(tracker, told, asked=False)


def forget() -> None:
    """Forget webhooks of long ago: what they told is older than what is known, and would change nothing."""
    TrackerDelivery.objects.filter(at__lt=clock.now() - FORGOTTEN_AFTER).delete()


def _is_signed(tracker: Tracker, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether it bears what this kind of tracker signs with. GitLab sends the secret itself."""
    secret = setup.webhook_secret(tracker)
    if not secret:
        return False
    if tracker.kind == TrackerKind.GITLAB:
        given, right = headers.get("X-Gitlab-Token", ""), secret
    else:
        name = "X-Hub-Signature-256" if tracker.kind == TrackerKind.GITHUB else "X-Hub-Signature"
        given = headers.get(name, "")
        right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), given.encode())


def _hear(tracker: Tracker, told: Told, *, asked: bool) -> bool:
    bug = BugReport.objects.select_for_update().filter(tracker=tracker, remote_number=told.number).first()
    if bug is None:
        return False
    is_new = told.issue is not None and standing.apply(bug, told.issue, asked=asked)
    return commenting.hear(bug, told.comments, asked=asked) > 0 or is_new


def poll() -> None:
    """Ask each tracker what has changed since it was asked last. Never within a transaction.

    One that does not answer, or wants to be left alone, is asked again later and later.
    """
    now = clock.now()
    for tracker in setup.usable().exclude(rests_until__gt=now):
        try:
            _ask(tracker)
        except Refused as refusal:
            logger.warning("Tracker %s: %s", tracker, refusal.message)
            waits = min(timedelta(minutes=1) * 2 ** min(tracker.failures, 6), LONGEST_REST)
            rests = max(waits, getattr(refusal, "rest", timedelta()))
            Tracker.objects.filter(pk=tracker.pk).update(
                failures=F("failures") + 1, rests_until=now + rests, trouble=str(refusal.message)[:500]
            )
        else:
            Tracker.objects.filter(pk=tracker.pk).update(asked_at=now, failures=0, rests_until=None, trouble="")


def _ask(tracker: Tracker) -> None:
    ours = BugReport.objects.filter(tracker=tracker).exclude(remote_number="")
    began = tracker.asked_at or ours.aggregate(first=Min("made_at"))["first"]
    if began is None:
        return
    client = choosing.client(tracker)
    changed = client.changed(began - OVERLAP)
    numbers = {issue.number for issue in changed}
    known = set(ours.filter(remote_number__in=numbers).values_list("remote_number", flat=True))
    for issue in changed:
        if issue.number in known:
            _take_in(tracker, issue, client.comments(issue.number))
    # More may have changed than is shown at once: those heard of the longest ago are asked one by one.
    if len(changed) >= MOST:
        for bug in ours.exclude(remote_number__in=numbers).order_by(F("heard_at").asc(nulls_first=True))[:MOST]:
            _take_in(tracker, client.get(bug.remote_number), client.comments(bug.remote_number))


@transaction.atomic
def _take_in(tracker: Tracker, issue: Issue, said: list[Said]) -> None:
    _hear(tracker, Told(issue.number, issue, said), asked=True)
