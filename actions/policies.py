"""The policies of actions: which is in force, and how one is changed by two people."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import redaction
from accounts import proof
from accounts.models import Team, User
from accounts.proof import Proof
from actions import access, terms
from actions.models import ActionPolicy, ApproverRole, Kind, PolicyState
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording

SUBJECT = "action_policy"
_OPEN = (PolicyState.DRAFT, PolicyState.PROPOSED)


def in_force(kind: str) -> ActionPolicy:
    """Return the policy that counts now."""
    return ActionPolicy.objects.select_related("approver_team").get(kind=Kind(kind), state=PolicyState.IN_FORCE)


def lock_in_force(kind: str) -> ActionPolicy:
    """Return the policy that counts, held until the transaction ends: who requests the same kind waits."""
    found = ActionPolicy.objects.select_for_update(of=("self",)).select_related("approver_team")
    locked = found.filter(kind=Kind(kind), state=PolicyState.IN_FORCE).first()
    # Replaced while we waited for it: PostgreSQL gives the old row up, and the new one is there by now.
    return locked or found.get(kind=Kind(kind), state=PolicyState.IN_FORCE)


def open_version(kind: str) -> ActionPolicy | None:
    """Return what is being written or was proposed, if there is anything."""
    return ActionPolicy.objects.filter(kind=Kind(kind), state__in=_OPEN).first()


@transaction.atomic
def save_draft(
    kind: str,
    raw: Mapping[str, Any],
    *,
    approver_team: Team | None,
    approver_role: str,
    why: str,
    by: User,
) -> ActionPolicy:
    """Keep the next version as a draft. Raises Invalid, NotAllowed, or Refused while one is proposed."""
    _may_change(by)
    current = lock_in_force(kind)
    version = ActionPolicy.objects.select_for_update().filter(kind=kind, state__in=_OPEN).first()
    if version is not None and version.state == PolicyState.PROPOSED:
        raise Refused(_("A change waits for a decision: decide about it, or take it back first."))
    if version is None:
        newest = ActionPolicy.objects.filter(kind=kind).order_by("-number").values_list("number", flat=True)[0]
        version = ActionPolicy(kind=current.kind, number=newest + 1)
    version.terms = terms.clean(Kind(kind), raw)
    version.approver_team, version.approver_role = approver_team, ApproverRole(approver_role)
    version.why = redaction.clean(why.replace("\x00", "").strip())[:1000]
    version.edited_by, version.edited_at = by, clock.now()
    version.makers = sorted({*version.makers, by.pk})
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError:
        raise Refused(_("Somebody else has just begun a change of this policy.")) from None
    _record(version, "drafted", by)
    return version


@transaction.atomic
def discard(version: ActionPolicy, *, by: User) -> None:
    """Throw a draft away."""
    locked = _locked(version, PolicyState.DRAFT, by)
    _record(locked, "discarded", by)
    locked.delete()


@transaction.atomic
def propose(version: ActionPolicy, *, by: User) -> ActionPolicy:
    """Put a draft before somebody else. Raises Refused when it changes nothing or gives no reason."""
    locked = _locked(version, PolicyState.DRAFT, by)
    current = in_force(locked.kind)
    if not locked.why:
        raise Refused(_("Say why it should change."), field="why")
    if differences(current, locked) == []:
        raise Refused(_("It changes nothing."))
    locked.proposed_by, locked.proposed_at = by, clock.now()
    locked.makers = sorted({*locked.makers, by.pk})
    return _enter(locked, PolicyState.PROPOSED, "proposed", by)


@transaction.atomic
def take_back(version: ActionPolicy, *, by: User) -> ActionPolicy:
    """Make a draft of what was proposed, so that it can be changed."""
    return _enter(_locked(version, PolicyState.PROPOSED, by), PolicyState.DRAFT, "taken_back", by)


@transaction.atomic
def approve(version: ActionPolicy, *, by: User, proof_given: Proof | None) -> ActionPolicy:
    """Put a proposed version in force; requests under the old one have to be made again."""
    proven = proof.check(proof_given, by, _("Give your password or the code of your app once more."))
    current = lock_in_force(version.kind)
    locked = _locked(version, PolicyState.PROPOSED, by)
    _not_own(locked, by)
    current.state = PolicyState.REPLACED
    current.save(update_fields=["state"])
    locked.decided_by, locked.decided_at = by, clock.now()
    return _enter(locked, PolicyState.IN_FORCE, "approved", by, proved_by=proven.method)


@transaction.atomic
def reject(version: ActionPolicy, *, by: User, reason: str) -> ActionPolicy:
    """Say no to a proposed version."""
    locked = _locked(version, PolicyState.PROPOSED, by)
    _not_own(locked, by)
    locked.why_rejected = redaction.clean(reason.replace("\x00", "").strip())[:1000]
    if not locked.why_rejected:
        raise Refused(_("Say why."), field="reason")
    locked.decided_by, locked.decided_at = by, clock.now()
    return _enter(locked, PolicyState.REJECTED, "rejected", by)


def may_decide(user: User, version: ActionPolicy) -> bool:
    """Tell whether the person may approve or reject this proposal."""
    return access.may_change_policies(user) and user.pk not in version.makers


def differences(before: ActionPolicy, after: ActionPolicy) -> list[tuple[str, str, str]]:
    """Return (what, before, after) of whatever differs, as people read it."""
    rows = [*zip(rows_of(before), rows_of(after), strict=True)]
    return [(label, old, new) for (label, old), (_label, new) in rows if old != new]


def rows_of(version: ActionPolicy) -> list[tuple[str, str]]:
    """Return what a version says, as people read it."""
    return [*terms.rows(version.kind, version.terms), (_("Who approves"), who_approves(version))]


def who_approves(version: ActionPolicy) -> str:
    """Return the group that approves, in words."""
    team = str(version.approver_team) if version.approver_team else _("the escalation’s team")
    return f"{team}: {version.get_approver_role_display()}"


def _may_change(by: User) -> None:
    if not access.may_change_policies(by):
        raise NotAllowed(_("Only leads and admins change policies."))


def _not_own(version: ActionPolicy, by: User) -> None:
    if by.pk in version.makers:
        raise NotAllowed(_("You wrote or proposed it: somebody else has to decide."))


def _locked(version: ActionPolicy, state: PolicyState, by: User) -> ActionPolicy:
    _may_change(by)
    locked = (
        ActionPolicy.objects.select_for_update(of=("self",))
        .select_related("approver_team")
        .filter(pk=version.pk)
        .first()
    )
    if locked is None or locked.state != state:
        raise StaleVersion(_("Somebody changed this policy meanwhile. Nothing was saved."), current=locked)
    return locked


def _enter(version: ActionPolicy, state: PolicyState, what: str, by: User, **data: Any) -> ActionPolicy:
    version.state = state
    version.save()
    _record(version, what, by, **data)
    return version


def _record(version: ActionPolicy, what: str, by: User, **data: Any) -> None:
    about = {"kind": version.kind, "number": version.number, **data}
    recording.record(f"action_policy.{what}", subject=(SUBJECT, version.pk), by=by, data=about)
