"""Whom a step of a ladder reaches: people who are here, not away, and may see the ticket.

Availability follows the roster, so who is off shift is away.
"""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from accounts.models import Availability, Membership, Role, User
from escalations import access_list
from escalations.models import EscalationContact, HandOver, StepAction, Ticket
from escalations.models.ticket import OPEN


def reached_by(does: str, ticket: Ticket, *, reached_before: Iterable[int] = ()) -> list[User]:
    """Return whom a step that alerts somebody reaches, nobody twice; leads, else admins, where it would be nobody.

    `reached_before` are the people whom the climb has reached already; it goes on to the next one.
    """
    if does == StepAction.NOTIFY_OWNER and ticket.owner is not None:
        found = _present([ticket.owner], ticket)
    elif does == StepAction.NOTIFY_TEAM:
        found = _present(_with_role(ticket, Role.L2, Role.LEAD), ticket)
    elif does == StepAction.CLIMB:
        found = _next_up(ticket, set(reached_before))
    else:
        found = []
    return found or leads(ticket)


def leads(ticket: Ticket) -> list[User]:
    """Return the leads of the ticket's team, or the admins where none is there.

    Where nobody at all is there, at night say, the leads hear of it all the same: they read it when they are back.
    Of a restricted ticket that neither leads nor admins see, whoever keeps its list hears.
    """
    own, admins = _with_role(ticket, Role.LEAD), _admins()
    return (
        _present(own, ticket)
        or _present(admins, ticket)
        or _present(own, ticket, away=True)
        or _present(admins, ticket, away=True)
        or (list(access_list.keepers(ticket)) if ticket.restricted_as else [])
    )


def of_hand_over(hand_over: HandOver) -> list[User]:
    """Return who of the partner hears of a hand-over's deadline: its owner, or all while nobody has it."""
    if hand_over.owner is not None:
        found: Iterable[User] = [hand_over.owner]
    else:
        members = Membership.objects.filter(team=hand_over.team_id, role=Role.PARTNER)
        found = User.objects.filter(pk__in=members.values("user"))
    rows = HandOver.objects.filter(pk=hand_over.pk)
    return [
        one for one in found
        if one.is_active and one.availability != Availability.AWAY and rows.visible_to(one).exists()
    ]  # fmt: skip


def least_busy(ticket: Ticket) -> User | None:
    """Return the available specialist of the team with the fewest open tickets, other than the owner."""
    members = _with_role(ticket, Role.L2)
    if ticket.restricted_as:
        members = members.filter(pk__in=access_list.listed(ticket).order_by().values("pk"))
    return (
        members.filter(availability=Availability.AVAILABLE)
        .exclude(pk=ticket.owner_id or 0)
        .annotate(load=Count("owned_tickets", filter=Q(owned_tickets__state__in=OPEN)))
        .order_by("load", "pk")
        .first()
    )


def _next_up(ticket: Ticket, reached: set[int]) -> list[User]:
    """Return the next person of the team's escalation path whom the climb has not reached; then leads, admins."""
    path = EscalationContact.objects.filter(team=ticket.team_id, person__is_active=True)
    for contact in path.exclude(person__in=reached).order_by("position").select_related("person"):
        if found := _present([contact.person], ticket):
            return found
    for group in (_with_role(ticket, Role.LEAD), _admins()):
        above = _present(group, ticket)
        if found := [person for person in above if person.pk not in reached]:
            return found
    return []


def _with_role(ticket: Ticket, *roles: str) -> QuerySet[User]:
    return User.objects.filter(
        is_active=True, memberships__team=ticket.team_id, memberships__role__in=roles
    ).order_by("pk")


def _admins() -> QuerySet[User]:
    return User.objects.filter(is_active=True, is_superuser=True).order_by("pk")


def _present(people: Iterable[User], ticket: Ticket, *, away: bool = False) -> list[User]:
    return [
        person
        for person in people
        if person.is_active
        and not person.is_robot
        and (away or person.availability != Availability.AWAY)
        and Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists()
    ]
