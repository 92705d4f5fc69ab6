"""Drafting, editing, requesting, deciding about and cancelling sensitive actions.

Each function is a row of actions.transitions. What carries an approved one out is actions.execution.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people, proof
from accounts.models import User
from accounts.proof import Proof
from actions import access, checks, kinds, policies, statement
from actions.access import Party, parties
from actions.facts import Facts
from actions.models import HOLDING, Action, Decision, Kind, State, Verdict
from actions.rule_answers import Answer
from actions.transitions import BY_VERB, Verb
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations.contract import Invalid
from escalations.models import State as TicketState
from escalations.models import Ticket
from events import recording

SUBJECT = "action"
DRAFTED, EDITED, REQUESTED = "action.drafted", "action.edited", "action.requested"
APPROVED, REJECTED = "action.approved", "action.rejected"
CANCELLED, EXPIRED = "action.cancelled", "action.expired"

LONGEST_REASON = 1_000
#: Tickets on which no action begins.
OVER = frozenset({TicketState.CLOSED, TicketState.CANCELLED, TicketState.MERGED})


@transaction.atomic
def draft(ticket: Ticket, kind: str, raw: Mapping[str, Any], evidence: Mapping[str, Any], *, by: User) -> Action:
    """Begin an action on a ticket. Raises Invalid naming what to mend, NotAllowed, Refused, or Absent."""
    seen = Ticket.objects.visible_to(by).select_related("customer", "team").filter(pk=ticket.pk).first()
    if seen is None:
        raise Absent(_("There is no such escalation."))
    if not access.works_on(by, seen.team_id):
        raise NotAllowed(_("Only the team that works the escalation begins actions on it."))
    if seen.state in OVER:
        raise Refused(_("The escalation is over: reopen it first."))
    now = clock.now()
    action = Action(
        ticket=seen, kind=Kind(kind), state_since=now, policy=policies.in_force(kind), created_by=by,
        created_at=now, makers=[by.pk],
    )  # fmt: skip
    _write(action, raw, evidence, by=by)
    action.save(force_insert=True)
    record(action, DRAFTED, by=by)
    return action


@transaction.atomic
def edit(
    action: Action,
    raw: Mapping[str, Any],
    evidence: Mapping[str, Any],
    *,
    by: User,
    version: int | None = None,
) -> Action:
    """Write an action anew. Whatever was requested or approved is a draft again, and its approval void."""
    locked = lock(action, Verb.EDIT, by=by, version=version)
    before = locked.state
    _void(locked)
    _write(locked, raw, evidence, by=by)
    enter(locked, State.DRAFT)
    record(locked, EDITED, by=by, before=before, voided=before == State.APPROVED)
    return locked


@transaction.atomic
def request(action: Action, facts: Facts, *, by: User, version: int | None = None) -> Action:
    """Ask for approval: the checks are made, the limits reserved, and the statement is spelled.

    Raises Refused while a check fails, or while another action of this kind has the place.
    """
    locked = lock(action, Verb.REQUEST, by=by, version=version)
    locked.policy = policies.lock_in_force(locked.kind)  # one request of a kind after the other
    locked.requested_by, locked.requested_at = None, None
    if by.pk not in locked.makers:
        locked.makers = [*locked.makers, by.pk]
    judged = checks.judge(locked, facts, by=by)
    _refuse_failing(judged)
    now = clock.now()
    before = Action.objects.filter(order=locked.order, kind=locked.kind)
    ended = before.filter(state__in=[State.DONE, State.VERIFIED])
    locked.sequence = 1 + ended.count()
    locked.requested_by, locked.requested_at = by, now
    locked.expires_at = now + timedelta(hours=locked.policy.terms["hours_to_decide"])
    locked.checks = [check.kept() for check in judged]
    locked.statement, locked.digest = statement.stated(locked)
    if before.filter(state__in=HOLDING, sequence=locked.sequence).exists():
        raise Refused(_another(locked))
    try:
        with transaction.atomic():
            enter(locked, State.REQUESTED)
    except IntegrityError as error:
        if "action_once_in_its_place" not in str(error):
            raise
        raise Refused(_another(locked)) from error
    record(locked, REQUESTED, by=by, digest=locked.digest, policy=locked.policy_id, sequence=locked.sequence)
    return locked


@transaction.atomic
def approve(
    action: Action,
    facts: Facts,
    *,
    by: User,
    digest: str,
    proof_given: Proof | None,
    accepted: Mapping[str, str] | None = None,
) -> Action:
    """Approve exactly what hashes to `digest`, accepting each unanswered check with a reason.

    Raises NotAllowed without a fresh proof of who approves, StaleVersion when it is not what `by` has seen,
    Refused when a check fails by now, one is not accepted, the policy changed, or the time is over.
    """
    proven = proof.check(proof_given, by, _("Give your password or the code of your app once more."))
    locked = lock(action, Verb.APPROVE, by=by)
    _as_seen(locked, digest)
    if locked.expires_at is not None and locked.expires_at <= clock.now():
        raise Refused(_("The time to decide is over: it has to be requested again."))
    policies.lock_in_force(locked.kind)  # so that it is not replaced before this is approved
    locked.policy.refresh_from_db()
    judged = checks.judge(locked, facts, by=by)
    _refuse_failing(judged)
    reasons = _acceptance(judged, accepted or {})
    _decide(locked, Verdict.APPROVED, by=by, checks=judged, accepted=reasons, proved_by=proven.method)
    locked.approved_by, locked.approved_at, locked.approved_digest = by, clock.now(), locked.digest
    enter(locked, State.APPROVED)
    record(
        locked, APPROVED, by=by, digest=locked.digest, accepted=sorted(reasons), proved_by=proven.method,
    )  # fmt: skip
    return locked


@transaction.atomic
def reject(action: Action, *, by: User, digest: str, reason: str) -> Action:
    """Say no to what hashes to `digest`, with a reason; what it held of the limits is free again."""
    locked = lock(action, Verb.REJECT, by=by)
    _as_seen(locked, digest)
    locked.why_ended = _said(reason, _("Say why."))
    _decide(locked, Verdict.REJECTED, by=by, reason=locked.why_ended)
    enter(locked, State.REJECTED)
    record(locked, REJECTED, by=by, digest=locked.digest)
    return locked


@transaction.atomic
def cancel(action: Action, *, by: User, reason: str, version: int | None = None) -> Action:
    """Withdraw an action that nobody has begun to carry out."""
    locked = lock(action, Verb.CANCEL, by=by, version=version)
    locked.why_ended = _said(reason, _("Say why."))
    before = locked.state
    enter(locked, State.CANCELLED)
    record(locked, CANCELLED, by=by, before=before)
    return locked


def expire_overdue() -> int:
    """End what was not decided, or not begun, in time; return how many."""
    system, expired = people.system(), 0
    overdue = Action.objects.filter(
        state__in=[State.REQUESTED, State.APPROVED], expires_at__lte=clock.now()
    ).order_by("expires_at")
    for action in overdue[:500]:
        expired += _expire(action, by=system)
    return expired


@transaction.atomic
def _expire(action: Action, *, by: User) -> bool:
    try:
        locked = lock(action, Verb.EXPIRE, by=by)
    except Refused:  # decided at this moment
        return False
    if locked.expires_at is None or locked.expires_at > clock.now():
        return False
    enter(locked, State.EXPIRED)
    record(locked, EXPIRED, by=by)
    return True


def lock(action: Action, verb: Verb, *, by: User, version: int | None = None) -> Action:
    """Return the action as stored now, locked, if `by` may use `verb` on it in its state.

    Raises Absent, StaleVersion, NotAllowed or Refused.
    """
    found = Action.objects.all() if by.is_robot else Action.objects.visible_to(by)
    locked = (
        found.select_for_update(of=("self",), no_key=True)
        .select_related("ticket__customer", "ticket__team", "policy", "created_by", "edited_by", "requested_by")
        .filter(pk=action.pk)
        .first()
    )
    if locked is None:
        raise Absent(_("There is no such action."))
    if version is not None and version != locked.version:
        raise StaleVersion(_("Somebody changed this action meanwhile. Nothing was saved."), current=locked)
    transition = BY_VERB[verb]
    if not parties(by, locked) & transition.who:
        raise NotAllowed(_why_not(locked, transition.who, by))
    if locked.state not in transition.sources:
        raise Refused(
            _("“%(verb)s” is not possible: the action is “%(state)s” now.")
            % {"verb": transition.label, "state": locked.get_state_display()}
        )
    return locked


def enter(action: Action, state: State) -> None:
    """Store the locked action in `state`, as its next version."""
    action.state, action.state_since = state, clock.now()
    action.version += 1
    action.save()


def record(action: Action, kind: str, /, *, by: User, **data: Any) -> None:
    """Write down what happened to the action; its texts are not part of it."""
    facts = {"ticket": action.ticket_id, "kind": action.kind, "state": action.state, **data}
    recording.record(kind, subject=(SUBJECT, action.pk), by=by, data=facts)


def _write(action: Action, raw: Mapping[str, Any], evidence: Mapping[str, Any], *, by: User) -> None:
    definition = kinds.of(action.kind)
    action.payload = _without_secrets(definition.clean(raw))
    action.evidence = statement.clean_evidence(definition, action.ticket, evidence)
    action.account = action.payload["account"]
    action.order = definition.order(action.payload)
    action.amount, action.currency = definition.amount(action.payload)
    action.edited_by, action.edited_at = by, clock.now()
    if by.pk not in action.makers:
        action.makers = [*action.makers, by.pk]


def _without_secrets(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload; half a number would be carried out as one, so nothing in it is masked but refused."""
    masked = redaction.redact_json(payload)
    if found := [key for key in payload if masked[key] != payload[key]]:
        raise Invalid(
            dict.fromkeys(found, _("This looks like a card number or a secret. Give our own reference."))
        )
    return payload


def _void(action: Action) -> None:
    """Take away what was requested and approved."""
    action.requested_by = action.requested_at = action.expires_at = action.sequence = None
    action.approved_by = action.approved_at = None
    action.statement = action.digest = action.approved_digest = ""
    action.checks = []


def _decide(
    action: Action, verdict: Verdict, *, by: User, checks: list[Answer] | None = None, **more: Any
) -> None:
    Decision.objects.create(
        action=action, by=by, at=clock.now(), verdict=verdict, digest=action.digest, policy=action.policy,
        checks=[check.kept() for check in checks or []], **more,
    )  # fmt: skip


def _as_seen(action: Action, digest: str) -> None:
    if digest != action.digest:
        raise StaleVersion(_("It was changed after you had opened it. Read it again."), current=action)


def _refuse_failing(judged: list[Answer]) -> None:
    if failing := checks.failing(judged):
        raise Refused(" ".join(f"{check.label}: {check.reason}" for check in failing))


def _acceptance(judged: list[Answer], accepted: Mapping[str, str]) -> dict[str, str]:
    """Return the approver's reason for each unanswered check."""
    reasons: dict[str, str] = {}
    for check in checks.unanswered(judged):
        sentence = _("Nobody can answer “%s”: accept it with a reason, or reject.") % check.label
        reasons[check.rule] = _said(accepted.get(check.rule, ""), sentence, field=f"accept-{check.rule}")
    return reasons


def _said(text: str, sentence: str, *, field: str = "reason") -> str:
    said = redaction.clean(text.replace("\x00", "").strip())
    if not said:
        raise Refused(sentence, field=field)
    if len(said) > LONGEST_REASON:
        raise Refused(_("This may have at most %d characters.") % LONGEST_REASON, field=field)
    return said


def _another(action: Action) -> str:
    names = {"kind": action.get_kind_display(), "order": action.order}
    return _("Another “%(kind)s” of %(order)s is under way. Wait for its end.") % names


def _why_not(action: Action, who: frozenset[Party], by: User) -> str:
    if Party.APPROVER in who:
        return access.why_not_approve(by, action) or _("You may not do this on this action.")
    return _("You may not do this on this action.")
