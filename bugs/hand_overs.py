"""Handing a bug over to a partner team, which is owed until the tracker says that the bug is fixed."""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Team, User
from bugs import reports
from bugs.models import BugReport, Severity
from escalations import handing_over
from escalations.hand_over_states import Move, Side
from escalations.models import HandOver, Level
from events import recording

HANDED_OVER = "bug.handed_over"
_URGENCY = {
    Severity.CRITICAL: Level.HIGH, Severity.MAJOR: Level.HIGH, Severity.MINOR: Level.MEDIUM,
    Severity.TRIVIAL: Level.LOW,
}  # fmt: skip


@transaction.atomic
def ask(bug: BugReport, *, by: User, partner: Team | None, question: str) -> HandOver:
    """Ask a partner to see to a bug; one that is asked about the escalation already is told in that hand-over.

    Raises Absent, NotAllowed, Refused (naming the field).
    """
    locked = reports.locked_for(bug, by=by)
    owed = locked.ticket.hand_overs.owed().filter(team=partner).first() if partner is not None else None
    if owed is not None:
        row = handing_over.act(owed, Move.SAY, by=by, text=question)
    else:
        row = handing_over.ask(
            locked.ticket, by=by, partner=partner, question=question, title=locked.title,
            urgency=_URGENCY[Severity(locked.severity)], with_form=False,
        )  # fmt: skip
    locked.hand_overs.add(row)
    data = {"title": locked.title, "hand_over": row.pk, "partner": row.team_id}
    recording.record(HANDED_OVER, subject=(reports.SUBJECT, locked.pk), by=by, data=data)
    return row


def opening(bug: BugReport) -> str:
    """Return how the question begins: what the bug is, and where its issue lies."""
    said = _("Please see to this bug: %s") % bug.title
    return f"{said}\n{bug.issue_url}" if bug.is_linked else said


def answer(bug: BugReport) -> None:
    """Answer, in the partners' name, the hand-overs of a bug that is fixed: nothing is owed any more."""
    for row in bug.hand_overs.all().owed().select_related("asked_by").order_by("pk"):
        with translation.override(row.asked_by.language):
            text = _("The bug is fixed: %s") % " ".join(filter(None, [bug.title, bug.remote_name]))
            handing_over.act(row, Move.ANSWER, by=people.system(), text=text, side=Side.PARTNER)
