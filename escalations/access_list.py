"""The access list of a restricted ticket: who stands on it, who keeps it, and what it would mean to restrict one.

What is done to it is in `restricting`. Being on the list lets somebody see the ticket; what they may do there
follows from how they stand towards it, as everywhere (escalations.access).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, Team, User
from common.errors import Refused
from escalations.models import AccessEntry, Restriction, Ticket


def entries(ticket: Ticket) -> list[AccessEntry]:
    """Return who stands on the list, the first first."""
    return list(ticket.access_list.standing().select_related("person", "team", "added_by"))


def restriction(ticket: Ticket) -> Restriction | None:
    """Return what restricts the ticket now; None if nothing does."""
    return ticket.restrictions.filter(lifted_at=None).select_related("restricted_by").first()


def listed(ticket: Ticket) -> QuerySet[User]:
    """Return the people whom the list lets in, by name or by a team."""
    standing = ticket.access_list.standing()
    by_team = Membership.objects.filter(team__in=standing.values("team"), team__is_active=True)
    on_it = Q(pk__in=standing.filter(person__isnull=False).values("person")) | Q(pk__in=by_team.values("user"))
    return User.objects.filter(on_it, is_active=True, is_robot=False).order_by("name", "pk")


def keepers(ticket: Ticket) -> QuerySet[User]:
    """Return those on the list who may change it: custodians, the owner, and the leads of its team."""
    custodians = ticket.access_list.standing().filter(is_custodian=True)
    leads = Membership.objects.filter(team=ticket.team_id, team__is_active=True, role=Role.LEAD)
    keeps = Q(pk=ticket.owner_id) | Q(pk__in=custodians.values("person")) | Q(pk__in=leads.values("user"))
    return listed(ticket).filter(keeps)


def may_keep(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may change the list of a ticket that they see."""
    if not ticket.restricted_as or user.is_auditor:
        return False
    return keepers(ticket).filter(pk=user.pk).exists()


def may_restrict(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may restrict a ticket they see: its owner, its team's leads, compliance if asked."""
    if ticket.restricted_as or user.is_auditor:
        return False
    role = user.roles.get(ticket.team_id)
    if role == Role.LEAD or (ticket.owner_id == user.pk and role is not None):
        return True
    return user.reviews_compliance and ticket.hand_overs.filter(
        team__in=user.teams_as(Role.PARTNER), team__reviews_compliance=True
    ).exists()  # fmt: skip


def suggested(ticket: Ticket, *, by: User) -> list[User]:
    """Return who is sensibly on the list of a ticket that `by` restricts: they, its owner, its team's leads."""
    found = {by.pk: by}
    if ticket.owner is not None and ticket.owner.is_active:
        found[ticket.owner.pk] = ticket.owner
    found |= {lead.pk: lead for lead in leads(ticket.team_id)}
    return list(found.values())


def leads(team_id: int) -> QuerySet[User]:
    """Return the leads of a team who work here."""
    return User.objects.filter(
        is_active=True, is_robot=False, memberships__team=team_id, memberships__role=Role.LEAD
    ).order_by("name", "pk")  # fmt: skip


def eligible() -> QuerySet[User]:
    """Return who can be put on a list: everybody who signs in."""
    return User.objects.filter(is_active=True, is_robot=False).order_by("name", "pk")


@dataclass(frozen=True)
class Sight:
    """Who sees a ticket that is not restricted, as groups, each with how many people it has."""

    name: str
    people: list[User]


def who_sees(ticket: Ticket) -> list[Sight]:
    """Return who sees an unrestricted ticket, group by group: they lose sight of it unless on the list."""
    partners = Team.objects.filter(pk__in=ticket.hand_overs.values("team"), is_active=True)
    groups = [(_("Escalated it"), Q(pk=ticket.created_by_id))]
    if ticket.l1_team is not None:
        from_team = Q(memberships__team=ticket.l1_team_id, memberships__role__in=[Role.L1, Role.LEAD])
        groups.append((str(ticket.l1_team), from_team))
    works = Q(memberships__team=ticket.team_id, memberships__role__in=[Role.L2, Role.LEAD])
    groups.append((str(ticket.team), works))
    groups += [(str(team), Q(memberships__team=team, memberships__role=Role.PARTNER)) for team in partners]
    groups += [(_("Auditors"), Q(is_auditor=True)), (_("Admins"), Q(is_superuser=True))]
    found = [Sight(name, list(eligible().filter(condition).distinct())) for name, condition in groups]
    return [sight for sight in found if sight.people]


def require_listed(person: User, ticket: Ticket) -> None:
    """Raise Refused where somebody is to be given a restricted ticket whose list they are not on."""
    if ticket.restricted_as and not Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists():
        raise Refused(
            _("%s is not on the access list of this escalation: add them there first.") % person, field="owner"
        )


def require_somebody_of(team: Team, ticket: Ticket, *roles: str, field: str) -> None:
    """Raise Refused where a restricted ticket is to go to a team of which nobody is on its list."""
    if not ticket.restricted_as:
        return
    members = Membership.objects.filter(team=team, role__in=roles)
    if not listed(ticket).filter(pk__in=members.values("user")).exists():
        raise Refused(
            _("Nobody of %s is on the access list of this escalation: add somebody there first.") % team,
            field=field,
        )


def names(people: Iterable[User]) -> str:
    """Return the people's names in one line."""
    return ", ".join(map(str, people))
