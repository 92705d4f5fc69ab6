"""Restricting a ticket to a list of its own, keeping that list, and lifting the restriction.

Whoever stands on the list sees the ticket, and nobody else does: neither who escalated it nor its team, auditors
or admins. Its clocks, steps and mails to the customer go on.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import Team, User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import access_list
from escalations.changes import commit, lock, required
from escalations.models import AccessEntry, Restriction, RestrictionKind, Ticket

LONGEST_REASON = 500


@transaction.atomic
def restrict(
    ticket: Ticket,
    *,
    by: User,
    kind: str,
    reason: str,
    persons: Iterable[User] = (),
    teams: Iterable[Team] = (),
    version: int | None = None,
) -> Ticket:
    """Let nobody see the ticket but these people and teams, and `by`, who is the list's custodian.

    An owner who is not among them has it no more. Raises NotAllowed, Refused, StaleVersion.
    """
    locked = lock(ticket, by=by, version=version)
    if locked.restricted_as:
        raise Refused(_("This escalation is restricted already."))
    if not access_list.may_restrict(by, locked):
        raise NotAllowed(_("Only its owner, a lead of its team or compliance may restrict this escalation."))
    if kind not in RestrictionKind.values:
        raise Refused(_("Choose one of the list."), field="kind")
    if locked.merged_into_id is not None or locked.merged_from.exists():
        raise Refused(_("It is part of a merge, which others see: take the merge back first."))
    why = _reason(reason)
    chosen = {one.pk: one for one in (by, *persons)}
    _begin(locked, kind, why, chosen.values(), teams, by=by)
    owner = locked.owner_id
    if owner is not None and not access_list.listed(locked).filter(pk=owner).exists():
        locked.owner, locked.let_go_at = None, clock.now()
    commit(locked, "restricted", by=by, restricted_as=kind, **_listed(chosen.values(), teams))
    return locked


def restrict_from_the_start(locked: Ticket) -> bool:
    """Restrict a ticket that is just being escalated where its category says so; tell whether it does.

    Its list are the leads of the team that gets it, all of them custodians, and the category's own team. Without a
    lead there, the admins' way back is the only one to a custodian.
    """
    setting = getattr(locked.category, "restriction", None)
    if setting is None:
        return False
    leads = list(access_list.leads(locked.team_id))
    teams = [setting.team] if setting.team is not None else []
    why = _("All escalations of this category are restricted.")
    system = people.system()
    _begin(locked, setting.kind, why, leads, teams, by=system, custodians=leads, from_the_start=True)
    commit(
        locked, "restricted", by=system, restricted_as=setting.kind, from_the_start=True, **_listed(leads, teams)
    )
    return True


def _begin(
    locked: Ticket,
    kind: str,
    reason: str,
    persons: Iterable[User],
    teams: Iterable[Team],
    *,
    by: User,
    custodians: Iterable[User] | None = None,
    from_the_start: bool = False,
) -> None:
    now = clock.now()
    Restriction.objects.create(
        ticket=locked, kind=kind, reason=reason, restricted_by=by, restricted_at=now, from_the_start=from_the_start
    )
    locked.restricted_as = kind
    keeping = {one.pk for one in ([by] if custodians is None else custodians)}
    common = {"ticket": locked, "reason": reason, "added_by": by, "added_at": now}
    AccessEntry.objects.bulk_create(
        [
            *(AccessEntry(person=one, is_custodian=one.pk in keeping, **common) for one in persons),
            *(AccessEntry(team=one, **common) for one in teams),
        ]
    )


def _listed(persons: Iterable[User], teams: Iterable[Team]) -> dict[str, Any]:
    return {"people": [one.pk for one in persons], "teams": [one.pk for one in teams]}


@transaction.atomic
def unrestrict(ticket: Ticket, *, by: User, reason: str, version: int | None = None) -> Ticket:
    """Let everybody see the ticket again who would without the list."""
    locked = _kept(ticket, by=by, version=version)
    why, now = _reason(reason), clock.now()
    Restriction.objects.filter(ticket=locked, lifted_at=None).update(
        lifted_at=now, lifted_by=by, lifted_because=why
    )
    locked.access_list.standing().update(removed_at=now, removed_by=by)
    former, locked.restricted_as = locked.restricted_as, ""
    commit(locked, "unrestricted", by=by, former=former)
    return locked


@transaction.atomic
def add(
    ticket: Ticket,
    *,
    by: User,
    reason: str,
    person: User | None = None,
    team: Team | None = None,
    version: int | None = None,
) -> AccessEntry:
    """Put a person or a team on the list; who stands there already stays as they are."""
    locked = _kept(ticket, by=by, version=version)
    if (person is None) == (team is None):
        raise Refused(_("Choose a person or a team."), field="person")
    if person is not None and (not person.is_active or person.is_robot):
        raise Refused(_("%s no longer works here.") % person, field="person")
    if team is not None and not team.is_active:
        raise Refused(_("Choose one of the list."), field="team")
    why = _reason(reason)
    known = locked.access_list.standing().filter(person=person, team=team).first()
    if known is not None:
        return known
    entry = AccessEntry.objects.create(
        ticket=locked, person=person, team=team, reason=why, added_by=by, added_at=clock.now()
    )
    commit(locked, "access_added", by=by, **_listed([person] if person else [], [team] if team else []))
    return entry


@transaction.atomic
def remove(ticket: Ticket, entry: int, *, by: User, version: int | None = None) -> Ticket:
    """Take an entry off the list. Who owned the ticket only by being there has it no more.

    Raises Refused when nobody would be left who may change the list. What is off already stays off.
    """
    locked = _kept(ticket, by=by, version=version)
    found = locked.access_list.select_related("person", "team").filter(pk=entry).first()
    if found is None:
        raise Absent(_("There is no such entry."))
    if found.removed_at is not None:
        return locked
    found.removed_at, found.removed_by = clock.now(), by
    found.save(update_fields=["removed_at", "removed_by"])
    if locked.owner_id is not None and not access_list.listed(locked).filter(pk=locked.owner_id).exists():
        locked.owner, locked.let_go_at = None, clock.now()
    if not access_list.keepers(locked).exists():
        raise Refused(_("Nobody would be left who may change this list. Add an owner, lead or custodian first."))
    persons = [found.person] if found.person else []
    commit(locked, "access_removed", by=by, **_listed(persons, [found.team] if found.team else []))
    return locked


@transaction.atomic
def name_custodian(number: int, person: User, *, by: User, reason: str) -> bool:
    """Put `person` on the list of a restricted ticket that nobody can keep any more, as its custodian.

    The way back when everybody has left who could change the list. Only admins have it, never for themselves, and
    what they are answered must not depend on the result, which says whether there is such a ticket.
    """
    if not by.is_superuser or by.is_auditor:
        raise NotAllowed(_("Only an admin names a custodian."))
    if person.pk == by.pk:
        raise Refused(_("Name somebody else: nobody lets themselves in."), field="person")
    if not person.is_active or person.is_robot:
        raise Refused(_("%s no longer works here.") % person, field="person")
    why = _reason(reason)
    locked = Ticket.objects.restricted().filter(pk=number).first()
    if locked is None:
        return False
    locked = lock(locked, by=people.system())
    if not locked.restricted_as or access_list.keepers(locked).exists():
        return False
    now = clock.now()
    locked.access_list.standing().filter(person=person).update(removed_at=now, removed_by=by)
    AccessEntry.objects.create(
        ticket=locked, person=person, is_custodian=True, reason=why, added_by=by, added_at=now
    )
    commit(locked, "custodian_named", by=by, **_listed([person], []))
    return True


def _kept(ticket: Ticket, *, by: User, version: int | None) -> Ticket:
    """Lock a restricted ticket whose list `by` may change."""
    locked = lock(ticket, by=by, version=version)
    if not locked.restricted_as:
        raise Refused(_("This escalation is not restricted."))
    if not access_list.may_keep(by, locked):
        raise NotAllowed(_("Only its owner, the leads of its team and custodians may change this list."))
    return locked


def _reason(text: str) -> str:
    why: str = redaction.clean(required(text, "reason", _("Say why."))).replace("\x00", "")
    if len(why) > LONGEST_REASON:
        raise Refused(_("This may have at most %d characters.") % LONGEST_REASON, field="reason")
    return why
