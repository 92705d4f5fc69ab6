"""Changing a policy: its draft is written, looked at, and published as the next version, or discarded."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Absent, Refused, StaleVersion
from escalations import policies, policy_checks, service_levels
from escalations.models import Calendar, Policy, PolicyKind, PolicyVersion
from escalations.policy_order import place_for
from events.recording import record

#: What somebody sets in a version.
COLUMNS = (
    "calendar_id", "own_calendars", "categories", "teams", "priorities", "segments", "channels", "pauses_in",
    "targets", "ladder", "forgotten_after_minutes", "raise_after_reopens",
)  # fmt: skip


def draft_of(policy: Policy) -> PolicyVersion:
    """Return the policy's draft; one that is not stored yet, like its current version, where it has none.

    Raises Absent for a policy that has neither, which is none.
    """
    stored = stored_draft(policy)
    if stored is not None:
        return stored
    if policy.current is None:
        raise Absent(_("There is no such policy."))
    return _after(policy, policy.current)


def stored_draft(policy: Policy) -> PolicyVersion | None:
    """Return the draft that somebody saved, or None."""
    return policy.versions.filter(published_at=None).select_related("policy", "calendar__current").first()


def _after(policy: Policy, version: PolicyVersion) -> PolicyVersion:
    number = policy.current.number + 1 if policy.current else 1
    return PolicyVersion(policy=policy, number=number, **service_levels.contents(version, COLUMNS))


def token(draft: PolicyVersion) -> str:
    """Return what tells whether a draft was changed since it was read."""
    return service_levels.token(service_levels.contents(draft, COLUMNS))


@transaction.atomic
def create(name: str, *, kind: str, calendar: Calendar, by: User) -> Policy:
    """Make a policy with an empty draft, in its place before the one that takes everything.

    It is in force once it is published. Raises NotAllowed, and Refused for a name, kind or calendar that can't be.
    """
    service_levels.demand(by)
    if kind not in PolicyKind.values:
        raise Refused(_("A policy sets service levels or regulatory deadlines."), field="kind")
    if calendar.current_id is None:
        raise Refused(_("“%s” has no published hours yet.") % calendar, field="calendar")
    policy = _made(service_levels.free_name(Policy, name), kind, by=by)
    PolicyVersion.objects.create(policy=policy, number=1, calendar=calendar)
    return policy


@transaction.atomic
def copy(policy: Policy, name: str, *, by: User) -> Policy:
    """Make another policy with a draft of what this one says. It is out of use until somebody puts it in use."""
    service_levels.demand(by)
    source = draft_of(_locked(policy))
    made = _made(service_levels.free_name(Policy, name), policy.kind, by=by, copy_of=policy.pk, is_active=False)
    _after(made, source).save()
    return made


def _made(name: str, kind: str, *, by: User, copy_of: int | None = None, is_active: bool = True) -> Policy:
    policy = Policy.objects.create(name=name, kind=kind, position=place_for(kind), is_active=is_active)
    data = {"name": name, "kind": kind} | ({"copy_of": copy_of} if copy_of else {})
    record("policy.added", subject=(policies.SUBJECT, policy.pk), by=by, data=data)
    return policy


@transaction.atomic
def rename(policy: Policy, name: str, *, by: User) -> Policy:
    """Give the policy another name. Raises Refused for one that can't be."""
    service_levels.demand(by)
    policy = _locked(policy)
    name = service_levels.free_name(Policy, name, of=policy)
    if name != policy.name:
        former, policy.name = policy.name, name
        policy.save(update_fields=["name"])
        data = {"name": name, "former": former}
        record("policy.renamed", subject=(policies.SUBJECT, policy.pk), by=by, data=data)
    return policy


@transaction.atomic
def save_draft(policy: Policy, *, by: User, version: str | None = None, **columns: Any) -> PolicyVersion:
    """Write `columns` (of COLUMNS) into the policy's draft, and return it; the others stay as they are.

    Nothing is in force by that. `version` is the `token` of the draft that `by` had before them; left out, it
    is not compared. Raises NotAllowed, StaleVersion if somebody changed or published it meanwhile, Refused
    for what can't be.
    """
    service_levels.demand(by)
    policy = _locked(policy)
    draft = draft_of(policy)
    before = token(draft)
    service_levels.demand_fresh(draft, before, version)
    for column, value in columns.items():
        if column not in COLUMNS:
            raise TypeError(column)
        setattr(draft, column, value)
    service_levels.demand_faultless(policy_checks.faults(draft))
    if token(draft) == before:
        return draft  # nothing was changed
    draft.save()
    data = {"version": draft.pk, "number": draft.number}
    record("policy.draft_saved", subject=(policies.SUBJECT, policy.pk), by=by, data=data)
    return draft


@transaction.atomic
def discard(policy: Policy, *, by: User, version: str | None = None) -> None:
    """Delete the draft; with it the policy, if it was never published. Doing it again does nothing.

    Raises NotAllowed, and StaleVersion if somebody changed the draft since `version`, its token.
    """
    service_levels.demand(by)
    try:
        policy = _locked(policy)
    except Absent:
        return
    draft = stored_draft(policy)
    if draft is None:
        return
    service_levels.demand_fresh(draft, token(draft), version)
    draft.delete()
    record("policy.draft_discarded", subject=(policies.SUBJECT, policy.pk), by=by, data={"name": policy.name})
    if policy.current_id is None:
        policy.delete()


@transaction.atomic
def publish(policy: Policy, *, by: User, version: str | None = None) -> PolicyVersion:
    """Publish the draft: tickets are matched with it from now on. Clocks that run keep the version they have.

    Of two who publish at once, one is told: raises StaleVersion when there is no draft any more, or it is not
    the one of `version`, its token. Raises NotAllowed, and Refused for what can't be or changes nothing.
    """
    service_levels.demand(by)
    policy = _locked(policy)
    draft = stored_draft(policy)
    if draft is None:
        raise StaleVersion(
            _("There is no draft any more: somebody has published or discarded it."), current=policy.current
        )
    service_levels.demand_fresh(draft, token(draft), version)
    service_levels.demand_faultless(policy_checks.faults(draft) + policy_checks.faults_when_published(draft))
    if policy.current is not None and token(policy.current) == token(draft):
        raise Refused(_("This draft says what version %d says already.") % policy.current.number)
    return policies.publish(draft, by=by)


def _locked(policy: Policy) -> Policy:
    found = (
        Policy.objects.select_for_update(of=("self",))
        .select_related("current__calendar__current")
        .filter(pk=policy.pk)
        .first()
    )
    if found is None:
        raise Absent(_("There is no such policy."))
    return found
