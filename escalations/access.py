"""Who stands where towards one ticket. What a stance may do is in the transition table."""

from enum import StrEnum

from django.db.models import Q

from accounts.models import Role, User
from escalations.models import AMONG_US, HandOver, Metric, Ticket


class Party(StrEnum):
    """A person's stance towards a ticket."""

    REQUESTER = "requester"  # L1: who escalated it, and their team
    SPECIALIST = "specialist"  # L2 of the team that has it
    LEAD = "lead"  # lead of that team; admins count as one
    PARTNER = "partner"  # a member of a team it is handed to at present
    LISTED = "listed"  # second line of another team, or compliance, on the list of a restricted ticket
    SYSTEM = "system"  # Secondline's own jobs


#: The people who work the ticket.
DESK = frozenset({Party.SPECIALIST, Party.LEAD})


def parties(user: User, ticket: Ticket) -> frozenset[Party]:
    """Return how `user` stands towards `ticket`; empty for auditors and outsiders."""
    found = standing(user, ticket)
    if user.is_robot or user.is_auditor:
        return found
    if (partner_teams := user.teams_as(Role.PARTNER)) and _handed_over(ticket, partner_teams):
        found |= {Party.PARTNER}
    return found


def standing(user: User, ticket: Ticket) -> frozenset[Party]:
    """Return what `parties` does, but for PARTNER, which would ask the database."""
    if user.is_robot:
        return frozenset({Party.SYSTEM})
    if user.is_auditor:
        return frozenset()
    found = set()
    if ticket.created_by_id == user.pk or ticket.l1_team_id in user.teams_as(Role.L1, Role.LEAD):
        found.add(Party.REQUESTER)
    role = user.roles.get(ticket.team_id)
    if role in {Role.L2, Role.LEAD}:
        found.add(Party.SPECIALIST)
    if role == Role.LEAD or user.is_superuser:
        found.add(Party.LEAD)
    if ticket.restricted_as and (user.teams_as(Role.L2, Role.LEAD) or user.reviews_compliance):
        found.add(Party.LISTED)
    return frozenset(found)


def works_on(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may triage, diagnose and answer this ticket."""
    return bool(standing(user, ticket) & DESK)


def let_in(user: User) -> Q:
    """Return which of the tickets that `user` sees are theirs as Party.LISTED: of tickets, as a condition."""
    is_colleague = user.teams_as(Role.L2, Role.LEAD) or user.reviews_compliance
    return ~Q(restricted_as="") if is_colleague else Q(pk=None)


def reads_internal(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may read internal notes and the diagnosis: L2, leads, auditors, admins.

    On a restricted ticket, which they see because its list names them, second line of other teams and compliance.
    """
    return user.reads_all or bool(standing(user, ticket) & (DESK | {Party.LISTED}))


def follows(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may know how the ticket goes: who escalated it, and all who read everything."""
    return reads_internal(user, ticket) or Party.REQUESTER in standing(user, ticket)


def sees_clock(user: User, ticket: Ticket, metric: str, team_id: int | None) -> bool:
    """Tell whether `user` may see a clock of `metric`, which measures the work of `team_id`.

    What teams and partners agreed among themselves (AMONG_US) is not the first line's; a partner sees
    the clocks of their own teams.
    """
    if metric in AMONG_US:
        own = metric == Metric.HAND_OVER and team_id in user.teams_as(Role.PARTNER)
        return own or reads_internal(user, ticket)
    return follows(user, ticket)


def hand_overs(ticket: Ticket) -> list[HandOver]:
    """Return what was asked of partners, the oldest first; nobody is asked where none is known to be."""
    if not getattr(ticket, "was_handed_over", True):  # from escalations.views.parts.visible_ticket
        return []
    return list(ticket.hand_overs.select_related("team", "asked_by", "owner").order_by("asked_at", "pk"))


def _handed_over(ticket: Ticket, teams: list[int]) -> bool:
    return any(one.ended_at is None and one.team_id in teams for one in hand_overs(ticket))
