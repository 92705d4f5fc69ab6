"""Triage: L2 accepts, returns or links an escalation, and rates how it was escalated."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, Team, TeamKind, User
from common import clock
from common.errors import Refused
from escalations import access_list, conversation
from escalations.changes import chosen, commit, enter, lock_for, required, set_team
from escalations.models import (
    Category,
    MessageKind,
    Priority,
    Reason,
    ReasonKind,
    State,
    Ticket,
    TriageReview,
)
from escalations.transitions import Verb


@dataclass(frozen=True)
class Review:
    """What L2 thinks of the escalation itself."""

    is_complete: bool
    right_category: bool
    l1_could_solve: bool
    comment: str = ""


@transaction.atomic
def accept(
    ticket: Ticket,
    *,
    by: User,
    review: Review,
    category: Category | None = None,
    priority: int | None = None,
    team: Team | None = None,
    version: int | None = None,
) -> Ticket:
    """Take the escalation on, with its category, priority and team confirmed or corrected.

    It is the accepting person's from then on, unless it goes to another team.
    Raises NotAllowed, Refused, StaleVersion.
    """
    locked = lock_for(ticket, Verb.ACCEPT, by=by, version=version)
    corrected = _correct(locked, category=category, priority=priority, team=team)
    enter(locked, State.ACCEPTED)
    locked.accepted_at = locked.accepted_at or clock.now()
    locked.owner = None if "team" in corrected else by
    _keep(locked, review, by=by, decision=Verb.ACCEPT)
    commit(locked, "accepted", by=by, rematch=bool(corrected), corrected=corrected)
    return locked


@transaction.atomic
def return_to_l1(
    ticket: Ticket,
    *,
    by: User,
    review: Review,
    reason: int | None,
    missing: str,
    version: int | None = None,
) -> Ticket:
    """Send the escalation back to L1 with a reason code and what is missing.

    Raises NotAllowed, Refused, StaleVersion.
    """
    locked = lock_for(ticket, Verb.RETURN, by=by, version=version)
    code = chosen(
        Reason.objects.filter(kind=ReasonKind.RETURN, is_active=True),
        reason,
        "reason",
        _("Choose why it goes back."),
    )
    body = redaction.clean(required(missing, "missing", _("Say what is missing, so that L1 can complete it.")))
    enter(locked, State.RETURNED)
    locked.return_count += 1
    message = conversation.add(locked, by=by, kind=MessageKind.TO_L1, body=body)
    _keep(locked, review, by=by, decision=Verb.RETURN)
    commit(locked, "returned", by=by, reason=code.pk, message=message.pk)
    return locked


def _keep(ticket: Ticket, review: Review, *, by: User, decision: Verb) -> None:
    TriageReview.objects.create(
        ticket=ticket,
        reviewer=by,
        reviewed_at=clock.now(),
        decision=decision,
        is_complete=review.is_complete,
        right_category=review.right_category,
        l1_could_solve=review.l1_could_solve,
        comment=redaction.clean(review.comment).strip(),
    )


def _correct(
    ticket: Ticket, *, category: Category | None, priority: int | None, team: Team | None
) -> dict[str, list[int]]:
    """Apply corrections to a locked ticket; return each changed field with its old and new value."""
    corrected: dict[str, list[int]] = {}
    if category is not None and category.pk != ticket.category_id:
        corrected["category"] = [ticket.category_id, category.pk]
        ticket.category = category
    if priority is not None and priority != ticket.priority:
        if priority not in Priority.values:
            raise Refused(_("Choose one of the list."), field="priority")
        corrected["priority"] = [ticket.priority, priority]
        ticket.priority = priority
    if team is not None and team.pk != ticket.team_id:
        if team.kind != TeamKind.L2 or not team.is_active:
            raise Refused(_("Only a second-line team can take it."), field="team")
        access_list.require_somebody_of(team, ticket, Role.L2, Role.LEAD, field="team")
        corrected["team"] = [ticket.team_id, team.pk]
        set_team(ticket, team)
    return corrected
