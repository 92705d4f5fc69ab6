"""Duplicates: folding one escalation into another, taking that back, and what the first line learns of the other.

A merged ticket keeps its own past and points at the one that goes on. That one may be merged further: whoever asks
for the survivor follows the chain (Ticket.survivor). It never closes, since nothing is merged into itself or into
what is merged.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import Absent, Refused, StaleVersion
from escalations import conversation
from escalations.access import DESK, parties
from escalations.changes import commit, enter, lock_for, lock_in_order, record, required, save
from escalations.models import HandOverState, MessageKind, State, Ticket
from escalations.snapshot import SUBJECT
from escalations.transitions import Verb
from events.models import Event


@transaction.atomic
def merge(ticket: Ticket, *, by: User, target: Ticket | None, version: int | None = None) -> Ticket:
    """Fold a duplicate into `target`, which goes on and says so on its timeline.

    Into what is merged itself means into its survivor. Questions to partners are withdrawn.
    """
    if target is None:
        raise Refused(_("Say which escalation it is a duplicate of."), field="target")
    seen = Ticket.objects.visible_to(by).filter(pk=target.pk).first()
    if seen is None:
        raise Absent(_("There is no such escalation."))
    rows = lock_in_order(ticket.pk, seen.pk, seen.survivor().pk)
    locked = lock_for(ticket, Verb.MERGE, by=by, version=version)
    into = rows.get(rows[seen.pk].survivor().pk)
    if into is None:
        raise StaleVersion(_("Somebody merged %s at this moment: try again.") % seen.reference, current=locked)
    if into.pk == locked.pk:
        raise Refused(_("An escalation can't be merged into itself."), field="target")
    if locked.restricted_as or into.restricted_as:
        raise Refused(_("A restricted escalation can't be merged: lift the restriction first."), field="target")
    if into.state == State.CANCELLED:
        raise Refused(
            _("%(reference)s is “%(state)s” itself.")
            % {"reference": into.reference, "state": into.get_state_display()},
            field="target",
        )
    withdrawn = locked.hand_overs.all().end(HandOverState.WITHDRAWN, clock.now())
    locked.merged_into = into
    enter(locked, State.MERGED)
    commit(locked, "merged", by=by, because=str(State.MERGED), target=into.pk, withdrawn=withdrawn)
    save(into)
    record(into, "absorbed", by=by, source=locked.pk)
    return locked


@transaction.atomic
def unmerge(ticket: Ticket, *, by: User, explanation: str, version: int | None = None) -> Ticket:
    """Take a merge back: the ticket stands as it stood before, and its clocks go on with what was left.

    What the merge did is undone and nothing else: what was written to the other one since stays there, and the
    time in between does not count, as after a reopening.
    """
    rows = lock_in_order(ticket.pk, ticket.merged_into_id or ticket.pk)
    locked = lock_for(ticket, Verb.UNMERGE, by=by, version=version)
    other = rows.get(locked.merged_into_id or 0)
    if other is None:
        raise StaleVersion(_("Somebody changed it at this moment: try again."), current=locked)
    said = required(explanation, "explanation", _("Say why it is no duplicate."))
    former, withdrawn = _before_the_merge(locked)
    kind = MessageKind.NOTE if parties(by, locked) & DESK else MessageKind.FROM_L1
    message = conversation.add(locked, by=by, kind=kind, body=said)
    locked.hand_overs.filter(pk__in=withdrawn).update(
        state=Case(When(owner=None, then=Value(HandOverState.ASKED)), default=Value(HandOverState.IN_WORK)),
        state_since=clock.now(), ended_at=None, version=F("version") + 1,
    )  # fmt: skip
    locked.merged_into = None
    enter(locked, former)
    commit(
        locked, "unmerged", by=by, because="unmerged", source=other.pk, message=message.pk,
        hand_overs=withdrawn,
    )  # fmt: skip
    save(other)
    record(other, "released", by=by, source=locked.pk)
    return locked


def _before_the_merge(ticket: Ticket) -> tuple[State, list[int]]:
    """Return the state in which a merged ticket was before, and the hand-overs that its merge withdrew."""
    events = Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk, kind__startswith=f"{SUBJECT}.")
    merged = events.filter(kind="ticket.merged").order_by("-pk").first()
    if merged is None:
        return State.NEW, []
    before = events.filter(pk__lt=merged.pk).order_by("-pk").first()
    state = State(before.data["ticket"]["state"]) if before is not None else State.NEW
    return state, list(merged.get("withdrawn") or [])


@dataclass(frozen=True)
class Outcome:
    """What somebody may know of the escalation that goes on in a duplicate's place.

    `is_open_to_them`: they may see that one itself. The answer for L1 is told where both are about the same
    customer, or where they may read it there; it could name another customer else.
    """

    ticket: Ticket
    is_open_to_them: bool
    answer_to_l1: str


def outcome(ticket: Ticket, user: User) -> Outcome | None:
    """Return how it goes on in place of a merged ticket that `user` may see, or None if it is not merged."""
    if ticket.merged_into_id is None:
        return None
    into = ticket.survivor()
    visible = Ticket.objects.visible_to(user).filter(pk=into.pk).exists()
    same = into.customer_id == ticket.customer_id
    return Outcome(into, visible, into.answer_to_l1 if visible or same else "")
