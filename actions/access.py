"""Who stands where towards one sensitive action. What a stance may do is in the transition table."""

from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Membership, Role, User
from actions.models import Action, ActionPolicy, ApproverRole, Kind
from escalations.models import Ticket


class Party(StrEnum):
    """A person's stance towards an action."""

    WORKER = "worker"  # L2 of the team that has the ticket, or its lead; being an admin makes nobody one
    APPROVER = "approver"  # of the group that approves this kind, and none of those who made this one
    SYSTEM = "system"  # Secondline's own jobs


def works_on(user: User, team: int) -> bool:
    """Tell whether the person may draft and request actions on a ticket of this team."""
    return not (user.is_robot or user.is_auditor) and user.roles.get(team) in {Role.L2, Role.LEAD}


def approves(user: User, action: Action) -> bool:
    """Tell whether the person is of the group that approves; whether they made it is another question."""
    if user.is_robot or user.is_auditor:
        return False
    policy = action.policy
    role = user.roles.get(policy.approver_team_id or action.ticket.team_id)
    if policy.approver_role == ApproverRole.LEAD:
        return role == Role.LEAD
    return role is not None and (policy.approver_team_id is not None or role in {Role.L2, Role.LEAD})


def parties(user: User, action: Action) -> frozenset[Party]:
    """Return how `user` stands towards `action`; empty for auditors, admins and outsiders."""
    if user.is_robot:
        return frozenset({Party.SYSTEM})
    found = set()
    if works_on(user, action.ticket.team_id):
        found.add(Party.WORKER)
    if approves(user, action) and user.pk not in action.makers:
        found.add(Party.APPROVER)
    return frozenset(found)


def approvers(action: Action) -> list[User]:
    """Return who may approve this action: the group, without its makers and anybody its ticket is hidden from."""
    policy = action.policy
    members = Membership.objects.filter(team=policy.approver_team_id or action.ticket.team_id)
    if policy.approver_role == ApproverRole.LEAD:
        members = members.filter(role=Role.LEAD)
    elif policy.approver_team_id is None:
        members = members.filter(role__in=[Role.L2, Role.LEAD])
    people = User.objects.filter(pk__in=members.values("user"), is_active=True, is_robot=False, is_auditor=False)
    others = people.exclude(pk__in=action.makers).order_by("name", "pk")
    return [person for person in others if not _is_hidden_from(person, action)]


def _is_hidden_from(user: User, action: Action) -> bool:
    if not action.ticket.restricted_as:
        return False
    return Ticket.objects.hidden_from(user).filter(pk=action.ticket_id).exists()


def why_not_approve(user: User, action: Action) -> str:
    """Say why somebody who sees a waiting action can't approve it; "" if they can."""
    if not approves(user, action):
        return _("You are not of the group that approves this.")
    if user.pk in action.makers:
        return _("You wrote or requested it: somebody else has to approve it.")
    return ""


def may_read_policies(user: User) -> bool:
    """Tell whether the person sees the policies: L2, leads, auditors, admins."""
    return user.is_l2 or user.is_lead or user.reads_all


def may_change_policies(user: User) -> bool:
    """Tell whether the person may write, propose, approve or reject a policy: leads and admins."""
    return (user.is_lead or user.is_superuser) and not (user.is_auditor or user.is_robot)


def uses_actions(user: User) -> bool:
    """Tell whether the list of actions concerns the person: L2, leads, auditors, admins, and other approvers."""
    if user.is_l2 or user.is_lead or user.reads_all:
        return True
    return ActionPolicy.objects.filter(
        kind__in=Kind.values, approver_role=ApproverRole.ANYBODY, approver_team__in=list(user.roles)
    ).exists()
