"""Giving out what waits: the teams that push, who of them is on duty with room, and the tickets in order.

Routing touches only tickets that nobody has. What a person let go of on purpose (`Ticket.let_go_at`) stays with
people until it changes team or somebody asks for routing. A person's load is the points of the open tickets
that they own in any team and can work on: one that waits for somebody else, or is returned, weighs nothing.

Whoever gives out holds the rows of the team's people locked, so that two workers never fill the same room.
Tickets that somebody is just changing are passed over; the job comes back for them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts import attendance
from accounts import people as persons
from accounts.models import Attendance, Availability, Membership, Role, Team, User
from common import clock
from common.errors import NotAllowed
from escalations import alerts
from escalations.access import Party, parties
from escalations.assignment import change_owner
from escalations.changes import lock, record, save
from escalations.models import (
    PUSHING,
    AlertKind,
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
    "ticket.waiting", "ticket.resolved", "ticket.reopened", "ticket.cancelled", "ticket.merged",
    "ticket.team_changed", "ticket.priority_changed", "ticket.routing_asked",
    "person.shift_began", "person.changed", "person.activated", "person.roles_changed", "routing.changed",
)  # fmt: skip

HOW = "routed"
#: States in which a ticket takes of its owner's capacity.
LOADING = tuple(sorted(OPEN - WAITING - {State.RETURNED}))
#: Tickets looked at in one transaction.
_BATCH = 200


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
    """Give out what waits in the team until nobody has room, and return how many tickets were given."""
    given = 0
    while batch := _give_out(team_id):
        given += batch
    return given


@transaction.atomic
def _give_out(team_id: int) -> int:
    routing = _pushing().filter(team=team_id).first()
    if routing is None or not waiting(routing).exists():
        return 0
    people = {person.pk: person for person in attendance.lock(_members(team_id))}
    system, now = persons.system(), clock.now()
    given: list[int] = []
    with_row = waiting(routing).select_for_update(skip_locked=True, of=("self",), no_key=True)
    for ticket, outcome in _outcomes(routing, people, with_row):
        if isinstance(outcome, Choice):
            event = change_owner(ticket, people[outcome.person], by=system, how=HOW, why=_why(outcome))
            alerts.tell(ticket, [people[outcome.person]], AlertKind.ASSIGNED, event=event)
            given.append(outcome.person)
    RoutedPerson.objects.bulk_create(
        [RoutedPerson(team_id=team_id, person_id=pk, last_given_at=now) for pk in dict.fromkeys(given)],
        update_conflicts=True,
        unique_fields=["team", "person"],
        update_fields=["last_given_at"],
    )
    return len(given)


def preview(routing: TeamRouting) -> list[Prospect]:
    """Return what would be given to whom now, or why not; nothing is changed. At most a batch of tickets."""
    people = User.objects.in_bulk(list(_members(routing.team_id)))
    return [
        Prospect(ticket, outcome, people[outcome.person] if isinstance(outcome, Choice) else None)
        for ticket, outcome in _outcomes(routing, people, waiting(routing), to_the_end=True)
    ]


def waiting(routing: TeamRouting) -> TicketQuerySet:
    """Return what the team's routing gives out, in its order: by priority, then the oldest."""
    states = [state for state in UNTAKEN if routing.gives_new or state != State.NEW]
    tickets = Ticket.objects.filter(team=routing.team_id, owner=None, let_go_at=None, state__in=UNTAKEN)
    return tickets.filter(state__in=states).order_by("priority", "created_at", "pk")


def let_go(team: Team) -> TicketQuerySet:
    """Return the team's tickets that routing leaves to people, because one of them let go of it."""
    return Ticket.objects.filter(
        team=team, owner=None, let_go_at__isnull=False, state__in=UNTAKEN
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


def _outcomes(
    routing: TeamRouting, people: dict[int, User], tickets: TicketQuerySet, *, to_the_end: bool = False
) -> Iterator[tuple[Ticket, Choice | Hindrance]]:
    skills: dict[int, dict[int, int]] = defaultdict(dict)
    for person, category, level in Skill.objects.filter(person__in=people).values_list(
        "person", "category", "level"
    ):
        skills[person][category] = level
    known = frozenset(category for levels in skills.values() for category in levels)
    candidates = _candidates(routing, people, skills)
    now, weights = clock.now(), routing.weights
    turn = Round(RoutingMethod(routing.method), candidates, known)
    if not to_the_end:
        if turn.is_over:
            return
        tickets = _givable(routing, candidates, known, tickets)
    for ticket in tickets.select_related("category")[:_BATCH]:
        yield ticket, turn.give(Waiting(ticket.category_id, weights[ticket.priority]), at=now)
        if turn.is_over and not to_the_end:
            return


def _givable(
    routing: TeamRouting, candidates: list[Candidate], known: frozenset[int], tickets: TicketQuerySet
) -> TicketQuerySet:
    """Leave out what nobody on duty can get, so that it does not fill the batch before what somebody can."""
    largest = max(one.capacity for one in candidates)
    tickets = tickets.filter(priority__in=[p for p, weight in routing.weights.items() if weight <= largest])
    if routing.method == RoutingMethod.BY_SKILL:
        at_hand = {category for one in candidates for category in one.skills}
        tickets = tickets.exclude(category__in=known - at_hand)
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


def _why(choice: Choice) -> dict[str, object]:
    return asdict(choice)


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
