"""Carrying approved actions out, exactly once, whatever dies on the way.

`begin` commits the intent: from then on the action is executing under a key that never changes. Only after that is
anybody called, outside of any transaction, and always by asking first: what the back office knows of this key is
settled, and only what never arrived is sent. A time-out makes the action unknown, which is asked about again and
again (`reconcile`), never sent blindly. Points are posted to our own ledger, with the outcome, in one transaction.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from actions import back_office, lifecycle
from actions.back_office import Order, Rejected, Unavailable, Unknown
from actions.lifecycle import enter, lock, record
from actions.models import UNDER_WAY, Action, Kind, State
from actions.transitions import Verb
from common import clock
from common.errors import DomainError, Refused
from events.models import Event
from events.relay import back_off
from points import ledger

logger = logging.getLogger(__name__)

CONSUMER = "actions"
KINDS = (lifecycle.APPROVED,)
EXECUTING, DONE, FAILED = "action.executing", "action.done", "action.failed"
LOST, VERIFIED = "action.unknown", "action.verified"

#: For so long whoever began it is at it; then the job asks. Longer than any call may take.
LEASE = timedelta(seconds=30)
VERIFY_AFTER = timedelta(seconds=30)
FIRST_BACK_OFF = timedelta(seconds=30)
_BATCH = 30
#: Within it a batch is through, however slowly the back office answers.
_CLAIMED_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class _Outcome:
    """What became of an order: done under a reference, or failed for a reason."""

    state: State
    reference: str = ""
    reason: str = ""
    details: dict[str, Any] | None = None


def handle(event: Event) -> None:
    """Begin what was approved; carry it out once the intent is committed. Safe to repeat."""
    if begin(Action(pk=event.subject_id)):
        transaction.on_commit(partial(carry_out, event.subject_id), robust=True)


@transaction.atomic
def begin(action: Action) -> bool:
    """Commit to carrying an approved action out; return whether it was begun now."""
    system = people.system()
    try:
        locked = lock(action, Verb.EXECUTE, by=system)
    except DomainError:  # cancelled, edited, expired, or begun before
        return False
    if locked.expires_at is not None and locked.expires_at <= clock.now():
        return False  # lifecycle.expire_overdue ends it
    if hashlib.sha256(locked.statement.encode()).hexdigest() != locked.approved_digest:
        logger.error("Action %s is not what was approved, and is not carried out.", locked.pk)
        return False
    locked.executing_at, locked.ask_at = clock.now(), clock.now() + LEASE
    enter(locked, State.EXECUTING)
    record(locked, EXECUTING, by=system, key=str(locked.key))
    return True


def carry_out(number: int) -> None:
    """Bring an action that is executing or unknown on. Never called within a transaction."""
    action = Action.objects.filter(pk=number, state__in=UNDER_WAY).first()
    if action is None:
        return
    if action.kind == Kind.POINTS_REFUND:
        _post(action)
        return
    order = order_of(action)
    try:
        done = back_office.ask(order) or back_office.execute(order)
    except Rejected as refusal:
        _settle(action, _Outcome(State.FAILED, reason=refusal.reason))
    except Unknown as error:
        _lose(action, str(error))
    except Unavailable as error:
        _wait(action, str(error))
    else:
        _settle(action, _Outcome(State.DONE, reference=done.reference, details=done.details))


def order_of(action: Action) -> Order:
    """Return what is asked of the back office: the approved payload, under the action's own key."""
    return Order(
        key=str(action.key),
        order=action.order,
        action=action.kind,
        sequence=action.sequence or 0,
        payload=action.payload,
    )


def points_key(action: Action) -> str:
    """Return what the ledger knows the action's posting by."""
    return f"action-{action.pk}"


def reconcile() -> int:
    """Ask about whatever is due: carried out but not settled, unknown, or not verified yet. Return how many."""
    claimed = _claim()
    for number, state in claimed:
        if state == State.DONE:
            verify(number)
        else:
            carry_out(number)
    return len(claimed)


@transaction.atomic
def _claim() -> list[tuple[int, str]]:
    """Take what is due, so that no other worker does, until the lease is over."""
    now = clock.now()
    due = list(
        Action.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(ask_at__lte=now, state__in=[*UNDER_WAY, State.DONE])
        .order_by("ask_at")[:_BATCH]
    )
    for action in due:
        Action.objects.filter(pk=action.pk).update(
            asked=action.asked + 1, ask_at=now + max(_CLAIMED_FOR, back_off(action.asked + 1, FIRST_BACK_OFF))
        )
    return [(action.pk, action.state) for action in due]


def verify(number: int) -> None:
    """Read back what was done: where it is the same as we wrote down, the action is verified."""
    action = Action.objects.filter(pk=number, state=State.DONE).first()
    if action is None:
        return
    if action.kind == Kind.POINTS_REFUND:
        transfer = ledger.by_key(points_key(action))
        is_right = transfer is not None and str(transfer.reference) == action.reference
    else:
        try:
            known = back_office.ask(order_of(action))
        except Unavailable:
            return
        except Rejected:
            known = None
        is_right = known is not None and known.reference == action.reference
    if not is_right:
        logger.error("Action %s can't be verified: what it led to is not there.", number)
        return
    with transaction.atomic():
        system = people.system()
        locked = lock(action, Verb.VERIFY, by=system)
        locked.ask_at = None
        enter(locked, State.VERIFIED)
        record(locked, VERIFIED, by=system)


@transaction.atomic
def _post(action: Action) -> None:
    """Post a refund of points and settle the action, both or neither."""
    locked = _under_way(action)
    if locked is None or locked.requested_by is None:
        return
    try:
        with transaction.atomic():
            transfer = ledger.refund(
                account=locked.account,
                points=locked.amount,
                original=locked.order,
                key=points_key(locked),
                by=locked.requested_by,
                about=f"action {locked.pk}",
            )
    except Refused as refusal:
        _finish(locked, _Outcome(State.FAILED, reason=str(refusal)))
    else:
        _finish(locked, _Outcome(State.DONE, reference=str(transfer.reference)))


@transaction.atomic
def _settle(action: Action, outcome: _Outcome) -> None:
    locked = _under_way(action)
    if locked is not None:
        _finish(locked, outcome)


def _finish(locked: Action, outcome: _Outcome) -> None:
    system = people.system()
    locked.reference, locked.why_ended = outcome.reference, outcome.reason
    locked.outcome = outcome.details or {}
    locked.ask_at = clock.now() + VERIFY_AFTER if outcome.state == State.DONE else None
    locked.asked = 0
    enter(locked, outcome.state)
    record(
        locked, DONE if outcome.state == State.DONE else FAILED, by=system, reference=outcome.reference,
    )  # fmt: skip


@transaction.atomic
def _lose(action: Action, why: str) -> None:
    """Nobody knows whether it happened."""
    locked = _under_way(action)
    if locked is None:
        return
    locked.outcome = {"said": why}
    locked.ask_at = clock.now() + back_off(locked.asked + 1, FIRST_BACK_OFF)
    if locked.state == State.UNKNOWN:
        locked.save(update_fields=["outcome", "ask_at"])
        return
    enter(locked, State.UNKNOWN)
    record(locked, LOST, by=people.system())


@transaction.atomic
def _wait(action: Action, why: str) -> None:
    """Nothing was sent, or nobody can tell now: ask again later."""
    locked = _under_way(action)
    if locked is not None:
        locked.outcome = {"said": why or _("The back office does not answer.")}
        locked.ask_at = clock.now() + back_off(locked.asked + 1, FIRST_BACK_OFF)
        locked.save(update_fields=["outcome", "ask_at"])


def _under_way(action: Action) -> Action | None:
    """Return the action, locked, unless somebody settled it meanwhile."""
    return (
        Action.objects.select_for_update(of=("self",), no_key=True)
        .select_related("ticket", "requested_by")
        .filter(pk=action.pk, state__in=UNDER_WAY)
        .first()
    )
