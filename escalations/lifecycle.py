"""Working a ticket: start, wait, resume, resolve, close, reopen, cancel.

With escalating (create, resubmit), triage (accept, return) and merging (merge, unmerge) this is the whole
transition table; each function is one row of it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import Team, User
from common import clock
from common.errors import Refused
from escalations import climbing, conversation, handing_over
from escalations.access import Party, parties
from escalations.changes import chosen, commit, enter, lock_for, required
from escalations.models import (
    HandOverState,
    MessageKind,
    Reason,
    ReasonKind,
    RootCause,
    State,
    Ticket,
)
from escalations.transitions import Verb


@transaction.atomic
def start(ticket: Ticket, *, by: User, version: int | None = None) -> Ticket:
    """Begin work; a ticket nobody has becomes the starter's."""
    locked = lock_for(ticket, Verb.START, by=by, version=version)
    if locked.owner is None:
        locked.owner = by
    return _enter(locked, State.IN_PROGRESS, "started", by=by)


@transaction.atomic
def wait_for_customer(
    ticket: Ticket, *, by: User, message: str, promise: datetime | None = None, version: int | None = None
) -> Ticket:
    """Ask the customer something, and wait for their answer; they may be promised an update all the same."""
    locked = lock_for(ticket, Verb.WAIT_CUSTOMER, by=by, version=version)
    said = conversation.add(
        locked, by=by, kind=MessageKind.TO_CUSTOMER, body=message, promise=promise, field="message"
    )
    return _enter(
        locked,
        State.WAITING_CUSTOMER,
        "waiting",
        by=by,
        message=said.pk,
        **conversation.promised(promise),
    )


@transaction.atomic
def wait_for_l1(ticket: Ticket, *, by: User, message: str, version: int | None = None) -> Ticket:
    """Ask L1 something, and wait for their answer."""
    locked = lock_for(ticket, Verb.WAIT_L1, by=by, version=version)
    said = conversation.add(locked, by=by, kind=MessageKind.TO_L1, body=message)
    return _enter(locked, State.WAITING_L1, "waiting", by=by, message=said.pk)


@transaction.atomic
def wait_for_partner(
    ticket: Ticket, *, by: User, partner: Team | None, message: str, version: int | None = None
) -> Ticket:
    """Hand a question over to a partner team in the shortest way, and wait for their answer.

    They see the escalation itself. handing_over.ask leaves that out, and asks what their form asks.
    """
    locked = lock_for(ticket, Verb.WAIT_PARTNER, by=by, version=version)
    owed = locked.hand_overs.owed().filter(team=partner).first() if partner is not None else None
    if owed is not None:
        return handing_over.go_on(locked, owed, by=by, text=message)
    asked = handing_over.ask(
        locked, by=by, partner=partner, question=message, shares_ticket=True, with_form=False, field="message"
    )
    return asked.ticket


@transaction.atomic
def resume(ticket: Ticket, *, by: User, version: int | None = None) -> Ticket:
    """Go on without waiting any longer; open hand-overs are withdrawn."""
    locked = lock_for(ticket, Verb.RESUME, by=by, version=version)
    return _enter(locked, State.IN_PROGRESS, "resumed", by=by, **_withdraw(locked))


@transaction.atomic
def resolve(
    ticket: Ticket,
    *,
    by: User,
    resolution: int | None,
    root_cause: int | None,
    answer_to_l1: str,
    answer_to_customer: str,
    version: int | None = None,
) -> Ticket:
    """Resolve with a resolution code, a root cause (a leaf of the tree) and both answers.

    The customer's answer goes out by mail. Raises Refused, naming what is missing.
    """
    locked = lock_for(ticket, Verb.RESOLVE, by=by, version=version)
    locked.resolution = chosen(
        Reason.objects.filter(kind=ReasonKind.RESOLUTION, is_active=True),
        resolution,
        "resolution",
        _("Choose how it was resolved."),
    )
    locked.root_cause = chosen(
        RootCause.objects.filter(is_active=True, children=None),
        root_cause,
        "root_cause",
        _("Choose the root cause."),
    )
    locked.answer_to_l1 = redaction.clean(required(answer_to_l1, "answer_to_l1", _("Write what L1 should know.")))
    locked.answer_to_customer = redaction.clean(
        required(answer_to_customer, "answer_to_customer", _("Write the answer for the customer."))
    )
    answer = locked.answer_to_customer
    said = conversation.add(locked, by=by, kind=MessageKind.TO_CUSTOMER, body=answer, field="answer_to_customer")
    conversation.add(locked, by=by, kind=MessageKind.TO_L1, body=locked.answer_to_l1)
    locked.owner = locked.owner or by
    locked.resolved_at = clock.now()
    locked.accepted_at = locked.accepted_at or locked.resolved_at
    return _enter(
        locked,
        State.RESOLVED,
        "resolved",
        by=by,
        message=said.pk,
        resolution=locked.resolution.pk,
        root_cause=locked.root_cause.pk,
        **_withdraw(locked),
    )


@transaction.atomic
def close(ticket: Ticket, *, by: User, version: int | None = None) -> Ticket:
    """Close a resolved ticket for good."""
    locked = lock_for(ticket, Verb.CLOSE, by=by, version=version)
    locked.closed_at = clock.now()
    return _enter(locked, State.CLOSED, "closed", by=by)


def close_unanswered() -> int:
    """Close what was resolved CLOSE_AFTER_DAYS ago and not answered since. Returns how many."""
    before = clock.now() - timedelta(days=settings.CLOSE_AFTER_DAYS)
    closed = 0
    for ticket in Ticket.objects.filter(state=State.RESOLVED, state_since__lt=before).order_by("state_since")[
        :1000
    ]:
        try:
            close(ticket, by=people.system())
        except Refused:  # reopened or closed by somebody at this moment
            continue
        closed += 1
    return closed


@transaction.atomic
def reopen(
    ticket: Ticket, *, by: User, reason: int | None, explanation: str, version: int | None = None
) -> Ticket:
    """Take up a resolved or closed ticket again, with a reason; its resolution clock goes on.

    One that was reopened often, as its policy says, rises in priority.
    """
    locked = lock_for(ticket, Verb.REOPEN, by=by, version=version)
    code = chosen(
        Reason.objects.filter(kind=ReasonKind.REOPEN, is_active=True),
        reason,
        "reason",
        _("Choose why it is reopened."),
    )
    said = redaction.clean(required(explanation, "explanation", _("Say what is still wrong.")))
    locked.reopen_count += 1
    locked.closed_at = None
    kind = MessageKind.FROM_L1 if Party.REQUESTER in parties(by, locked) else MessageKind.NOTE
    message = conversation.add(locked, by=by, kind=kind, body=said)
    _enter(locked, State.REOPENED, "reopened", by=by, reason=code.pk, message=message.pk)
    climbing.after_reopening(locked)
    return locked


@transaction.atomic
def cancel(ticket: Ticket, *, by: User, reason: int | None, version: int | None = None) -> Ticket:
    """Withdraw an escalation that needs nothing any more."""
    locked = lock_for(ticket, Verb.CANCEL, by=by, version=version)
    code = chosen(
        Reason.objects.filter(kind=ReasonKind.CANCEL, is_active=True),
        reason,
        "reason",
        _("Choose why it is cancelled."),
    )
    return _enter(locked, State.CANCELLED, "cancelled", by=by, reason=code.pk, **_withdraw(locked))


def _withdraw(locked: Ticket) -> dict[str, Any]:
    """Withdraw what partners owe; return what the event remembers of it."""
    withdrawn = locked.hand_overs.all().end(HandOverState.WITHDRAWN, clock.now())
    return {"withdrawn": withdrawn} if withdrawn else {}


def _enter(ticket: Ticket, state: State, kind: str, *, by: User, **data: Any) -> Ticket:
    """Finish a transition on a locked ticket: state, clocks, version, event."""
    enter(ticket, state)
    commit(ticket, kind, by=by, because=str(state), **data)
    return ticket
