"""Bringing a report to a tracker, once: asked for, carried out by a worker, found again after an interruption."""

import logging
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from bugs import leaving, reports, setup
from bugs.models import BugReport, State, Tracker
from bugs.standing import apply
from bugs.trackers import choosing
from bugs.trackers.issue import Issue
from common import clock
from common.errors import Refused
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

CONSUMER = "bug_tracker"
ASKED, SENT, FAILED = "bug.asked", "bug.sent", "bug.failed"
LINKED, UNLINKED = "bug.issue_linked", "bug.issue_unlinked"
#: Who tries is left alone for so long; then another looks whether the issue is there, and tries again. What was
#: made in Jira's Cloud is found "a few seconds to minutes" later (developer.atlassian.com, Search and reconcile).
LEASE = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(minutes=15)


@transaction.atomic
def ask(bug: BugReport, tracker: Tracker, *, by: User) -> BugReport:
    """Have a report sent to a tracker. Raises Absent, NotAllowed, Refused."""
    locked = reports.locked_for(bug, by=by)
    if locked.state not in {State.DRAFT, State.UNSENT}:
        raise Refused(_("The report has been sent already."))
    if not setup.usable().filter(pk=tracker.pk).exists():
        raise Refused(_("This tracker is not in use. Choose another one."))
    if locked.tracker_id not in {None, tracker.pk} and locked.state == State.UNSENT and locked.tried_at:
        raise Refused(_("It may have arrived at “%s”: send it there again, and nowhere else.") % locked.tracker)
    leaving.check(locked)
    locked.state, locked.tracker, locked.trouble = State.SENDING, tracker, ""
    locked.asked_at, locked.sent_text = clock.now(), leaving.markdown(locked)
    locked.save()
    recording.record(
        ASKED, subject=(reports.SUBJECT, locked.pk), by=by, data={"tracker": tracker.name, "title": locked.title}
    )
    return locked


def handle(event: Event) -> None:
    """Send what was asked for, once this transaction is over."""
    transaction.on_commit(partial(carry_out, event.subject_id), robust=True)


def carry_out(number: int) -> None:
    """Look for the issue, create it where it is not there, and keep what came. Never within a transaction."""
    now = clock.now()
    free = BugReport.objects.filter(Q(tried_at=None) | Q(tried_at__lt=now - LEASE) | Q(tried_at__lt=F("asked_at")))
    if not free.filter(pk=number, state=State.SENDING).update(tried_at=now):
        return
    bug = BugReport.objects.select_related("tracker", "ticket").get(pk=number)
    assert bug.tracker is not None  # noqa: S101  of what is being sent
    try:
        leaving.check(bug)
        client = choosing.client(bug.tracker)
        issue = client.find(leaving.mark_of(bug)) or client.create(leaving.title(bug), bug.sent_text)
    except Refused as refusal:
        _fail(bug, str(refusal.message), unsure=getattr(refusal, "unsure", False))
    except Exception:
        logger.exception("Bug report %s was not sent.", bug.pk)
        _fail(bug, _("Something went wrong on our side. It is looked for and tried again."), unsure=True)
    else:
        _keep(bug, issue)


@transaction.atomic
def _fail(bug: BugReport, trouble: str, *, unsure: bool) -> None:
    """Keep why nothing came. What is unsure is tried again by `repeat` until it is given up."""
    locked = BugReport.objects.select_for_update().get(pk=bug.pk)
    if locked.state != State.SENDING:
        return
    locked.trouble = trouble[:500]
    if not unsure or clock.now() - (locked.asked_at or clock.now()) > GIVEN_UP_AFTER:
        locked.state = State.UNSENT
        if not unsure:
            locked.tried_at = None
        recording.record(
            FAILED, subject=(reports.SUBJECT, locked.pk), by=people.system(), data={"trouble": locked.trouble}
        )
    locked.save()


@transaction.atomic
def _keep(bug: BugReport, issue: Issue) -> None:
    locked = BugReport.objects.select_for_update().get(pk=bug.pk)
    if locked.state != State.SENDING:
        return
    locked.state, locked.trouble = State.OPEN, ""
    locked.remote_number, locked.remote_url, locked.linked_at = issue.number, issue.url[:500], clock.now()
    locked.save()
    data = {"number": issue.number, "url": issue.url}
    recording.record(SENT, subject=(reports.SUBJECT, locked.pk), by=people.system(), data=data)
    apply(locked, issue, asked=True)


def repeat() -> None:
    """Try again what was interrupted or is unsure."""
    stuck = BugReport.objects.filter(state=State.SENDING).filter(
        Q(tried_at__lt=clock.now() - LEASE) | Q(tried_at=None, asked_at__lt=clock.now() - LEASE)
    )
    for number in stuck.values_list("pk", flat=True)[:20]:
        carry_out(number)


def link(bug: BugReport, address: str, *, by: User) -> BugReport:
    """Have an issue that is there already stand for the report. Asks the tracker. Raises Refused (`address`)."""
    for tracker in setup.usable():
        number = choosing.number_in(tracker, address)
        if number:
            issue = choosing.client(tracker).get(number)
            return keep_link(bug, tracker, issue, by=by)
    raise Refused(_("This is the address of no issue in a tracker that is set up here."), field="address")


@transaction.atomic
def keep_link(bug: BugReport, tracker: Tracker, issue: Issue, *, by: User) -> BugReport:
    """Have this issue, as the tracker has it, stand for the report. Raises Absent, NotAllowed, Refused."""
    locked = reports.locked_for(bug, by=by)
    if locked.state not in {State.DRAFT, State.UNSENT}:
        raise Refused(_("The report has an issue already."), field="address")
    if BugReport.objects.filter(tracker=tracker, remote_number=issue.number).exists():
        raise Refused(_("Another report stands for this issue: link the escalation there."), field="address")
    locked.tracker, locked.remote_number, locked.remote_url = tracker, issue.number, issue.url[:500]
    locked.state, locked.trouble, locked.linked_at = State.OPEN, "", clock.now()
    locked.save()
    recording.record(LINKED, subject=(reports.SUBJECT, locked.pk), by=by, data={"url": issue.url})
    apply(locked, issue, asked=True)
    return locked


@transaction.atomic
def unlink(bug: BugReport, *, by: User) -> BugReport:
    """Have no issue stand for the report any more; the issue stays where it is."""
    locked = reports.locked_for(bug, by=by)
    if not locked.remote_number:
        return locked
    data = {"url": locked.remote_url}
    locked.tracker, locked.remote_number, locked.remote_url, locked.remote_assignee = None, "", "", ""
    locked.state, locked.sent_text, locked.tried_at, locked.fixed_at = State.DRAFT, "", None, None
    locked.remote_changed_at = locked.linked_at = None
    locked.save()
    recording.record(UNLINKED, subject=(reports.SUBJECT, locked.pk), by=by, data=data)
    return locked
