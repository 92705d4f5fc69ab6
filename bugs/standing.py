"""How an issue stands in its tracker is how its report stands here."""

from datetime import datetime

from accounts import people
from bugs import reports
from bugs.models import BugReport, State
from bugs.trackers.issue import Issue
from common import clock
from events import recording

HEARD, FIXED = "bug.heard", "bug.fixed"


def is_late(told: datetime | None, known: datetime | None, *, asked: bool) -> bool:
    """Tell whether something dated `told` is older than what is known.

    Trackers date to the second. Of two things of the same second, what we `asked` for is how it stands now; what
    comes by itself may have been under way.
    """
    return bool(told and known) and (told < known or (told == known and not asked))  # type: ignore[operator]


def apply(locked: BugReport, issue: Issue, *, asked: bool) -> bool:
    """Have a locked report say what its issue says; return whether that was new. Within a transaction.

    What comes late says how the issue stood before what is known, and changes nothing.
    """
    now = clock.now()
    if is_late(issue.changed_at, locked.remote_changed_at, asked=asked):
        return False
    locked.heard_at, locked.remote_changed_at = now, issue.changed_at or locked.remote_changed_at
    former = (locked.state, locked.remote_assignee)
    locked.state, locked.remote_assignee = issue.state, issue.assignee[:120]
    is_new = former != (locked.state, locked.remote_assignee)
    is_fixed = issue.state == State.FIXED and former[0] != State.FIXED
    if issue.url.startswith(("https://", "http://")):
        locked.remote_url = issue.url[:500]  # a project may move
    locked.fixed_at = (locked.fixed_at or now) if issue.state == State.FIXED else None
    fields = ["heard_at", "remote_changed_at", "state", "remote_assignee", "remote_url", "fixed_at"]
    locked.save(update_fields=fields)
    if is_new:
        subject, by = (reports.SUBJECT, locked.pk), people.system()
        recording.record(HEARD, subject=subject, by=by, data={"state": locked.state, "assignee": issue.assignee})
        if is_fixed:
            recording.record(FIXED, subject=subject, by=by, data={"title": locked.title})
    return is_new
