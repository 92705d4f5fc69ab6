"""Who has a ticket: taking the next one, assigning, giving it to another team."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Availability, Role, Team, TeamKind, User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import access_list
from escalations.access import Party, parties, works_on
from escalations.changes import commit, lock, record, remember, save, set_team
from escalations.models import Priority, RoutingMode, TeamRouting, Ticket
from escalations.models.ticket import OPEN, UNTAKEN, TicketQuerySet, due_or_never
from escalations.snapshot import SUBJECT
from events.models import Event

CONSUMER = "assignment"
KINDS = ("person.deactivated",)


def by_urgency(tickets: TicketQuerySet) -> TicketQuerySet:
    """Order tickets by urgency: priority, then the next deadline, then the oldest."""
    return tickets.annotate(urgent_at=due_or_never()).order_by("priority", "urgent_at", "pk")


@transaction.atomic
def take_next(*, by: User) -> Ticket | None:
    """Give `by` the most urgent untaken ticket of their teams, or None if there is none.

    However many people ask at once, each gets another ticket: a row that somebody
    is just taking is passed over. Teams whose tickets are only given out
    are left out. Raises NotAllowed, or Refused while away or when all teams are of that kind.
    """
    teams = by.teams_as(Role.L2, Role.LEAD)
    if not teams or by.is_auditor:
        raise NotAllowed(_("Only second-line people take tickets."))
    if by.availability == Availability.AWAY:
        raise Refused(_("You are set to away. Set yourself to available to take tickets."))
    pushed = TeamRouting.objects.filter(team__in=teams, mode=RoutingMode.PUSH).values_list("team", flat=True)
    teams = sorted(set(teams) - set(pushed))
    if not teams:
        raise Refused(_("Secondline gives out your team's escalations: the next one comes to you by itself."))
    ticket = (
        by_urgency(Ticket.objects.not_hidden_from(by).filter(team__in=teams, owner=None, state__in=UNTAKEN))
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .first()
    )
    if ticket is None:
        return None
    remember(ticket)
    change_owner(ticket, by, by=by, how="take_next")
    return ticket


@transaction.atomic
def take(ticket: Ticket, *, by: User, instead_of: User | None = None) -> Ticket:
    """Make `by` the owner of a ticket that nobody has, or only `instead_of`, who has handed it over.

    Raises Refused when somebody was quicker.
    """
    locked = lock(ticket, by=by)
    if not works_on(by, locked) or by.pk is None or locked.team_id not in by.teams_as(Role.L2, Role.LEAD):
        raise NotAllowed(_("You may not take this escalation."))
    if locked.owner_id == by.pk:
        return locked
    if locked.owner not in {None, instead_of}:
        raise Refused(_("%s has taken it already.") % locked.owner)
    _require_open(locked)
    change_owner(locked, by, by=by, how="take")
    return locked


@transaction.atomic
def assign(ticket: Ticket, owner: User | None, *, by: User, version: int | None = None) -> Ticket:
    """Give the ticket to a person of its team, or to nobody (`owner=None`).

    A lead may assign anybody; a specialist may give away or let go of their own.
    """
    locked = lock(ticket, by=by, version=version)
    stances = parties(by, locked)
    own = locked.owner_id == by.pk and Party.SPECIALIST in stances
    if Party.LEAD not in stances and not own:
        raise NotAllowed(_("Only the owner or a lead may pass this escalation on."))
    _require_open(locked)
    _require_member(owner, locked)
    if owner != locked.owner:
        change_owner(locked, owner, by=by, how="assign")
    return locked


@transaction.atomic
def take_back(ticket: Ticket, owner: User | None, *, by: User, version: int) -> Ticket:
    """Undo what `by` assigned last, to whom it belonged before; `version` is the one that it left.

    Whoever gave their own ticket away may no longer pass it on, but this they may. Raises StaleVersion when
    anything has changed since.
    """
    locked = lock(ticket, by=by, version=version)
    last = Event.objects.filter(subject_type=SUBJECT, subject_id=locked.pk, kind="ticket.assigned").latest("id")
    if not works_on(by, locked) or last.actor_id != by.pk:
        raise NotAllowed(_("Only who assigned it takes that back."))
    _require_open(locked)
    _require_member(owner, locked)
    change_owner(locked, owner, by=by, how="take_back")
    return locked


def _require_member(owner: User | None, ticket: Ticket) -> None:
    if owner is not None and ticket.team_id not in owner.teams_as(Role.L2, Role.LEAD):
        raise Refused(_("%s is not in the team that has it.") % owner, field="owner")
    if owner is not None and not owner.is_active:
        raise Refused(_("%s no longer works here.") % owner, field="owner")
    if owner is not None:
        access_list.require_listed(owner, ticket)


def change_owner(locked: Ticket, owner: User | None, *, by: User, how: str, **why: Any) -> Event:
    """Give a locked ticket to somebody, or to nobody, as part of a larger change that has checked it.

    Left to nobody by a person, it stays with people: routing does not give it out again.
    """
    locked.owner = owner
    locked.let_go_at = clock.now() if owner is None and not by.is_robot else None
    save(locked)
    return record(locked, "assigned", by=by, how=how, **why)


@transaction.atomic
def give_to_team(ticket: Ticket, team: Team, *, by: User, version: int | None = None) -> Ticket:
    """Pass the ticket to another second-line team, without an owner."""
    locked = lock(ticket, by=by, version=version)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not pass this escalation on."))
    _require_open(locked)
    if team.kind != TeamKind.L2 or not team.is_active:
        raise Refused(_("Only a second-line team can take it."), field="team")
    if team.pk == locked.team_id:
        return locked
    access_list.require_somebody_of(team, locked, Role.L2, Role.LEAD, field="team")
    former = locked.team_id
    set_team(locked, team)
    commit(locked, "team_changed", by=by, because="team", rematch=True, former=former)
    return locked


@transaction.atomic
def set_priority(ticket: Ticket, priority: int, *, by: User, version: int | None = None) -> Ticket:
    """Change the priority; clocks take the new target and keep the time already used."""
    locked = lock(ticket, by=by, version=version)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not change the priority."))
    _require_open(locked)
    if priority not in Priority.values:
        raise Refused(_("Choose one of the list."), field="priority")
    if priority != locked.priority:
        change_priority(locked, priority, by=by)
    return locked


def change_priority(locked: Ticket, priority: int, *, by: User, **why: Any) -> Event:
    """Change the priority of a locked ticket as part of a larger change that has checked it."""
    former, locked.priority = locked.priority, priority
    return commit(locked, "priority_changed", by=by, because="priority", rematch=True, former=former, **why)


def _require_open(ticket: Ticket) -> None:
    if not ticket.is_open:
        raise Refused(_("This escalation is “%s”: reopen it first.") % ticket.get_state_display())


def handle(event: Event) -> None:
    """Let go of every open ticket of a person who no longer works here, so that others are offered them."""
    for ticket in Ticket.objects.filter(owner=event.subject_id, state__in=OPEN).order_by("pk"):
        _release(ticket, event.subject_id)


@transaction.atomic
def _release(ticket: Ticket, owner_id: int) -> None:
    by = people.system()
    locked = lock(ticket, by=by)
    if locked.owner_id == owner_id and locked.is_open:
        change_owner(locked, None, by=by, how="owner_left")
