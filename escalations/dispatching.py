"""Giving out what waits: the teams that push, who of them is on duty with room, and the tickets in order.

Routing touches only tickets that nobody has. What a person let go of on purpose (`Ticket.let_go_at`) stays with
people until it changes team or somebody asks for routing. A person's load is the points of the open tickets
that they own in any team and can work on: one that waits for somebody else, or is returned, weighs nothing.

Whoever gives out holds the rows of the team's people locked, so that two workers never fill the same room.
Tickets that somebody is just changing are passed over; the job comes back for them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts import attendance
from accounts import people as persons
from accounts.models import Attendance, Availability, Membership, Role, Team, User
from common import clock
from common.errors import NotAllowed
from escalations.access import Party, parties
from escalations.assignment import change_owner
from escalations.changes import lock, record, remember, save
from escalations.models import (
    PUSHING,
    RoutedPerson,
    Skill,
    State,
    TeamRouting,
    Ticket,
)
from escalations.models.routing import RoutingMethod
from escalations.models.ticket import OPEN, UNTAKEN, WAITING, TicketQuerySet
from escalations.routing import Candidate, Choice, Hindrance, Round, Waiting
from events.models import Event

CONSUMER = "routing"
#: What may bring work, or free somebody for it.
KINDS = (
    "ticket.created", "ticket.accepted", "ticket.returned", "ticket.resubmitted", "ticket.assigned",
    "ticket.waiting", "ticket.resolved", "ticket.reopened", "ticket.cancelled", "ticket.merged", "ticket.unmerged",
    "ticket.team_changed", "ticket.priority_changed", "ticket.routing_asked",
    "person.shift_began", "person.changed", "person.activated", "person.roles_changed", "routing.changed",
)  # fmt: skip

HOW = "routed"
#: States in which a ticket takes of its owner's capacity.
LOADING = tuple(sorted(OPEN - WAITING - {State.RETURNED}))
#: Tickets looked at in one transaction.
_BATCH = 200
_MOST_BATCHES = 50


@dataclass(frozen=True)
class Prospect:
    """What would happen to a ticket now."""

    ticket: Ticket
    outcome: Choice | Hindrance
    person: User | None


def drain() -> int:
    """Give out what waits in every team that pushes, and return how many tickets were given."""
    return sum(drain_team(pk) for pk in _pushing().values_list("team_id", flat=True))


def drain_team(team_id: int) -> int:
    """Give out what waits in the team until nobody has room, and return how many tickets were given.

    Goes through the backlog from its beginning in batches, each a transaction of its own: whoever is stopped in
    the middle leaves whole batches behind. Ends after _MOST_BATCHES; what lies deeper has to wait.
    """
    walk = _Walk()
    given = 0
    for _batch in range(_MOST_BATCHES):
        given += _give_out(team_id, walk)
        if walk.is_over:
            break
    return given


@dataclass
class _Walk:
    """How far somebody has come in a team's backlog, and whose room is kept for what they passed."""

    after: tuple[int, datetime, int] | None = None
    kept_free: set[int] = field(default_factory=set)
    is_over: bool = False


@transaction.atomic
def _give_out(team_id: int, walk: _Walk) -> int:
    """Give out one batch of what waits, and walk on behind it."""
    routing = _pushing().filter(team=team_id).first()
    if routing is None or not waiting(routing).exists():
        walk.is_over = True
        return 0
    people = {person.pk: person for person in attendance.lock(_members(team_id))}
    system, now = persons.system(), clock.now()
    turn = _round(routing, people, walk.kept_free)
    given: list[int] = []
    for ticket in _batch_of(routing, turn, walk):
        if turn.is_over:
            break
        outcome = turn.give(_seen(ticket, routing), at=now)
        if isinstance(outcome, Choice):
            remember(ticket)
            change_owner(ticket, people[outcome.person], by=system, how=HOW, why=asdict(outcome))
            given.append(outcome.person)
    walk.is_over = walk.is_over or turn.is_over
    RoutedPerson.objects.bulk_create(
        [RoutedPerson(team_id=team_id, person_id=pk, last_given_at=now) for pk in dict.fromkeys(given)],
        update_conflicts=True,
        unique_fields=["team", "person"],
        update_fields=["last_given_at"],
    )
    return len(given)


def _batch_of(routing: TeamRouting, turn: Round, walk: _Walk) -> list[Ticket]:
    """Lock and return what comes next in the backlog, but for what somebody is just changing."""
    if turn.is_over:
        return []
    tickets = _givable(routing, turn, waiting(routing))
    if walk.after is not None:
        priority, created_at, pk = walk.after
        tickets = tickets.filter(priority__gte=priority).filter(
            Q(priority__gt=priority) | Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=pk)
        )
    locked = tickets.select_for_update(skip_locked=True, of=("self",), no_key=True)
    batch = list(locked.select_related("category")[:_BATCH])
    if len(batch) < _BATCH:
        walk.is_over = True
    else:
        walk.after = (batch[-1].priority, batch[-1].created_at, batch[-1].pk)
    return batch


def preview(routing: TeamRouting) -> list[Prospect]:
    """Return what would be given to whom now, or why not; nothing is changed. At most a batch of tickets."""
    people = User.objects.in_bulk(list(_members(routing.team_id)))
    turn, now = _round(routing, people), clock.now()
    found = []
    for ticket in waiting(routing).select_related("category")[:_BATCH]:
        outcome = turn.give(_seen(ticket, routing), at=now)
        person = people[outcome.person] if isinstance(outcome, Choice) else None
        found.append(Prospect(ticket, outcome, person))
    return found


def prospect(ticket: Ticket) -> Prospect | None:
    """Return what would happen to this ticket now; None if it is not given out, or waits behind a whole batch."""
    if (
        ticket.owner_id is not None
        or ticket.let_go_at is not None
        or ticket.state not in UNTAKEN
        or ticket.restricted_as
    ):
        return None
    routing = _pushing().filter(team=ticket.team_id).first()
    found = preview(routing) if routing else []
    return next((one for one in found if one.ticket.pk == ticket.pk), None)


def waiting(routing: TeamRouting) -> TicketQuerySet:
    """Return what the team's routing gives out, in its order: by priority, then the oldest.

    What is restricted is left to those on its list.
    """
    states = [state for state in UNTAKEN if routing.gives_new or state != State.NEW]
    tickets = Ticket.objects.filter(team=routing.team_id, owner=None, let_go_at=None, state__in=UNTAKEN)
    return tickets.filter(state__in=states, restricted_as="").order_by("priority", "created_at", "pk")


def let_go(team: Team) -> TicketQuerySet:
    """Return the team's tickets that routing leaves to people, because one of them let go of it."""
    return Ticket.objects.filter(
        team=team, owner=None, let_go_at__isnull=False, state__in=UNTAKEN, restricted_as=""
    ).order_by("priority", "created_at", "pk")  # fmt: skip


@transaction.atomic
def ask(ticket: Ticket, *, by: User) -> Ticket:
    """Let routing give the ticket out again, after a person had let go of it. Only a lead may."""
    locked = lock(ticket, by=by)
    if Party.LEAD not in parties(by, locked):
        raise NotAllowed(_("Only a lead may ask for routing."))
    if locked.let_go_at is not None:
        locked.let_go_at = None
        save(locked)
        record(locked, "routing_asked", by=by)
    return locked


def _round(routing: TeamRouting, people: dict[int, User], kept_free: set[int] | None = None) -> Round:
    """Return a round of giving out to those of `people` who are on duty."""
    skills: dict[int, dict[int, int]] = defaultdict(dict)
    for person, category, level in Skill.objects.filter(person__in=people).values_list(
        "person", "category", "level"
    ):
        skills[person][category] = level
    known = frozenset(category for levels in skills.values() for category in levels)
    return Round(RoutingMethod(routing.method), _candidates(routing, people, skills), known, kept_free)


def _seen(ticket: Ticket, routing: TeamRouting) -> Waiting:
    return Waiting(ticket.category_id, routing.weights[ticket.priority])


def _givable(routing: TeamRouting, turn: Round, tickets: TicketQuerySet) -> TicketQuerySet:
    """Leave out most of what nobody can get now, so that the way to what somebody can get is short.

    Not what is merely too heavy for the room there is: it keeps that room.
    """
    largest = max(one.capacity for one in turn.candidates)
    tickets = tickets.filter(priority__in=[p for p, weight in routing.weights.items() if weight <= largest])
    if routing.method == RoutingMethod.BY_SKILL:
        at_hand = {category for one in turn.candidates if turn.may_get_more(one) for category in one.skills}
        tickets = tickets.exclude(category__in=turn.known - at_hand)
    return tickets


def _candidates(
    routing: TeamRouting, people: dict[int, User], skills: dict[int, dict[int, int]]
) -> list[Candidate]:
    """Return who of `people` is available and, where the roster knows them, on duty for this team."""
    off = set(
        Attendance.objects.filter(team=routing.team_id, person__in=people, on_duty=False).values_list(
            "person", flat=True
        )
    )
    on = [
        person for pk, person in people.items()
        if person.is_active and person.availability == Availability.AVAILABLE and pk not in off
    ]  # fmt: skip
    points = loads([person.pk for person in on], routing)
    rows = {row.person_id: row for row in RoutedPerson.objects.filter(team=routing.team_id, person__in=on)}
    found = []
    for person in on:
        row = rows.get(person.pk)
        capacity = routing.capacity if row is None or row.capacity is None else row.capacity
        given_at = row.last_given_at if row else None
        found.append(Candidate(person.pk, points.get(person.pk, 0), capacity, skills[person.pk], given_at))
    return found


def loads(people: Iterable[int], routing: TeamRouting) -> dict[int, int]:
    """Return how many points each of `people` has at present, by the team's weights."""
    counts = (
        Ticket.objects.filter(owner__in=list(people), state__in=LOADING)
        .order_by()
        .values_list("owner", "priority")
        .annotate(Count("pk"))
    )
    points: dict[int, int] = defaultdict(int)
    for owner, priority, count in counts:
        points[owner] += routing.weights[priority] * count
    return points


def _members(team_id: int) -> Iterable[int]:
    """Return the ids of those who could be given work: the team's specialists. Leads take what they want."""
    return Membership.objects.filter(
        team=team_id, role=Role.L2, user__is_active=True, user__is_auditor=False
    ).values_list("user", flat=True)  # fmt: skip


def _pushing() -> QuerySet[TeamRouting]:
    return TeamRouting.objects.filter(mode__in=PUSHING, team__is_active=True)


def handle(event: Event) -> None:
    """Give out what the event brought or made room for, in the teams that it is about."""
    if event.get("how") == HOW:
        return
    about = Q(team=event.subject_id)
    if event.kind.startswith("person."):
        about = Q(team__memberships__user=event.subject_id)
    elif event.kind.startswith("ticket."):
        about = Q(team=event.data["ticket"]["team"]) | Q(team__members=event.data["ticket"]["owner"] or 0)
        if event.kind == "ticket.assigned":
            # Whoever had it before has room now, and the event doesn't name them: they are of this team.
            about = Q(team=event.data["ticket"]["team"])
    for pk in set(_pushing().filter(about).values_list("team_id", flat=True)):
        drain_team(pk)
