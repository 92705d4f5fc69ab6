"""Comments on a bug, both ways: what is written here arrives in the tracker once, what is said there is read."""

import logging
import re
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import User
from bugs import leaving, reports, standing
from bugs.models import BugReport, Comment, State
from bugs.trackers import choosing
from bugs.trackers.issue import Client, Issue, Said
from common import clock
from common.errors import Refused
from escalations import conversation
from escalations.changes import commit, lock
from escalations.models import MessageKind, Ticket
from escalations.models.ticket import OPEN
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

CONSUMER, NOTES = "bug_comments", "bug_notes"
WRITTEN, HEARD, FAILED = "bug.comment_written", "bug.commented", "bug.comment_failed"
LEASE = timedelta(minutes=2)
GIVEN_UP_AFTER = timedelta(minutes=15)
LONGEST = 10_000
#: By how much the clocks of two machines may differ.
CLOCKS = timedelta(minutes=5)
_MARK = "secondline-comment"
_MARKED = re.compile(rf"(?:<!-- )?{_MARK}:([0-9a-f]{{32}})(?: -->)?\s*\Z")


@transaction.atomic
def write(bug: BugReport, text: str, *, by: User, state: str = "", assignee: str = "") -> Comment:
    """Have a comment brought to the tracker. `state`, `assignee`: how the issue is to stand, and whose to be.

    Raises Absent, NotAllowed, Refused (naming the field).
    """
    locked = reports.locked_for(bug, by=by)
    if not locked.remote_number:
        raise Refused(_("The report has no issue in a tracker yet."), field="body")
    leaving.check(locked)
    said = redaction.clean(text.replace("\x00", "").strip())
    if not said:
        raise Refused(_("Write something first."), field="body")
    if len(said) > LONGEST:
        raise Refused(_("This may have at most %d characters.") % LONGEST, field="body")
    if state not in {"", State.OPEN, State.DECLINED}:
        raise Refused(_("An issue can be opened again or closed without a fix."), field="state")
    made = Comment.objects.create(
        bug=locked, by=by, body=said, at=clock.now(), asked_state=state, asked_assignee=assignee.strip()[:120]
    )
    recording.record(
        WRITTEN, subject=(reports.SUBJECT, locked.pk), by=by,
        data={"comment": made.pk, "state": state, "assignee": made.asked_assignee},
    )  # fmt: skip
    return made


def handle(event: Event) -> None:
    """Bring what was written to the tracker, once this transaction is over."""
    transaction.on_commit(partial(carry_out, event.data["comment"]), robust=True)


def carry_out(number: int) -> None:
    """Bring one comment to its issue, unless it is there. Never within a transaction."""
    now = clock.now()
    free = _under_way().filter(Q(tried_at=None) | Q(tried_at__lt=now - LEASE), pk=number)
    was_tried = free.filter(tried_at__isnull=False).exists()
    if not free.update(tried_at=now):
        return
    comment = Comment.objects.select_related("bug__tracker").get(pk=number)
    bug = comment.bug
    if bug.tracker is None or not bug.remote_number:
        _fail(comment, Refused(_("The report has been unlinked from its issue meanwhile.")))
        return
    try:
        leaving.check(bug)
        client = choosing.client(bug.tracker)
        arrived = _arrived(client, comment) if was_tried else None
        arrived = arrived or client.comment(bug.remote_number, f"{comment.body}\n\n<!-- {_mark(comment)} -->")
        issue = _changed(client, comment)
    except Refused as refusal:
        _fail(comment, refusal)
    except Exception:
        logger.exception("Comment %s on bug report %s was not brought to its tracker.", comment.pk, bug.pk)
        _fail(comment, Refused(_("Something went wrong on our side. It is tried again.")), unsure=True)
    else:
        _keep(comment, arrived, issue)


def _under_way() -> QuerySet[Comment]:
    return Comment.objects.filter(by__isnull=False, arrived_at=None, failed_at=None)


def _mark(comment: Comment) -> str:
    return f"{_MARK}:{comment.marker.hex}"


def _arrived(client: Client, comment: Comment) -> Said | None:
    said = client.comments(comment.bug.remote_number)
    return next((one for one in said if _mark(comment) in one.body), None)


def _changed(client: Client, comment: Comment) -> Issue | None:
    """Ask for what the comment asks for; that may be asked twice."""
    if not comment.asked_state and not comment.asked_assignee:
        return None
    state = State(comment.asked_state) if comment.asked_state else None
    return client.change(comment.bug.remote_number, state=state, assignee=comment.asked_assignee)


@transaction.atomic
def _fail(comment: Comment, refusal: Refused, *, unsure: bool = False) -> None:
    """Keep why it did not arrive. What is unsure is tried again by `repeat` until it is given up."""
    locked = Comment.objects.select_for_update().get(pk=comment.pk)
    if locked.arrived_at or locked.failed_at:
        return
    now = clock.now()
    locked.trouble = str(refusal.message)[:500]
    if not (unsure or getattr(refusal, "unsure", False)) or now - locked.at > GIVEN_UP_AFTER:
        locked.failed_at = now
        subject = (reports.SUBJECT, locked.bug_id)
        recording.record(FAILED, subject=subject, by=people.system(), data={"comment": locked.pk})
    locked.save(update_fields=["trouble", "failed_at"])


@transaction.atomic
def _keep(comment: Comment, arrived: Said, issue: Issue | None) -> None:
    bug = BugReport.objects.select_for_update().get(pk=comment.bug_id)
    _arrive(Comment.objects.select_for_update().get(pk=comment.pk), arrived)
    if issue is not None and bug.remote_number == issue.number:
        standing.apply(bug, issue, asked=True)


def _arrive(comment: Comment, said: Said) -> None:
    comment.number, comment.author = said.number[:80], said.author[:120]
    comment.arrived_at, comment.trouble, comment.failed_at = clock.now(), "", None
    comment.save(update_fields=["number", "author", "arrived_at", "trouble", "failed_at"])


def repeat() -> None:
    """Try again what was interrupted or is unsure."""
    now = clock.now()
    stuck = _under_way().filter(Q(tried_at__lt=now - LEASE) | Q(tried_at=None, at__lt=now - LEASE))
    for number in stuck.values_list("pk", flat=True)[:20]:
        carry_out(number)


def hear(locked: BugReport, said: Iterable[Said], *, asked: bool) -> int:
    """Take in what the tracker has of a locked report's comments; return how many were new.

    One that bears the mark of ours is ours coming back; whoever copies the mark of one that has arrived says
    something of their own. What was said before the issue stood for the report is read here, and told nobody.
    Within a transaction.
    """
    known = {one.number: one for one in locked.comments.exclude(number="")}
    fresh = 0
    for one in said:
        body = redaction.clean(_MARKED.sub("", one.body.replace("\x00", "")).strip())[:LONGEST]
        if (there := known.get(one.number)) is not None:
            is_other = there.by_id is None and (there.body, there.changed_at) != (body, one.changed_at)
            if is_other and not standing.is_late(one.changed_at, there.changed_at or there.at, asked=asked):
                there.body, there.changed_at = body, one.changed_at
                there.save(update_fields=["body", "changed_at"])
            continue
        mark = _MARKED.search(one.body)
        marked = locked.comments.filter(by__isnull=False, arrived_at=None, marker=mark[1]) if mark else None
        ours = marked.select_for_update().first() if marked is not None else None
        if ours is not None:
            if not ours.asked_state and not ours.asked_assignee:
                _arrive(ours, one)
            continue
        fresh += 1
        is_news = locked.linked_at is None or one.at > locked.linked_at - CLOCKS
        made = Comment.objects.create(
            bug=locked,
            number=one.number[:80],
            author=one.author[:120],
            body=body,
            at=one.at,
            changed_at=one.changed_at,
            arrived_at=clock.now(),
            noted_at=None if is_news else clock.now(),
        )
        subject, data = (reports.SUBJECT, locked.pk), {"comment": made.pk, "author": made.author}
        if is_news:
            recording.record(HEARD, subject=subject, by=people.system(), data=data)
    return fresh


def note(event: Event) -> None:
    """Write what was said in the tracker as a note to every open escalation that the bug concerns, once."""
    comment = Comment.objects.select_for_update(of=("self",)).select_related("bug__tracker").get(
        pk=event.data["comment"]
    )  # fmt: skip
    if comment.noted_at is not None:
        return
    by, kind = people.system(), MessageKind.NOTE
    place = f"{comment.bug.tracker or ''} {comment.bug.remote_name}".strip()
    body = f"{place}, {comment.author}:\n\n> " + comment.body.replace("\n", "\n> ")
    for ticket in Ticket.objects.filter(bugs__bug=comment.bug_id, state__in=OPEN).order_by("pk"):
        locked = lock(ticket, by=by)
        if not locked.is_open:
            continue
        said = conversation.add(locked, by=by, kind=kind, body=body)
        commit(locked, "message", by=by, because=str(kind), message=said.pk, kind=kind)
    comment.noted_at = clock.now()
    comment.save(update_fields=["noted_at"])
