"""Who hears of a ticket in the live stream: `Ticket.objects.visible_to`, said in keys.

A person listens to keys, an event about a ticket is told to keys, and whoever shares one hears it. So who hears is
decided in memory, for hundreds of people at once. Tests hold this to `visible_to`.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, JSONField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import JSONObject

from accounts.models import Role, User
from escalations.models import AccessEntry, HandOver, Ticket
from escalations.snapshot import SUBJECT
from events.models import Event

Keys = frozenset[str]

EVERYTHING = "everything"


def ears(user: User) -> Keys:
    """Return the keys that this person listens to."""
    keys = {f"person:{user.pk}", f"by:{user.pk}"}
    if user.reads_all:
        keys.add(EVERYTHING)
    keys |= {f"from:{team}" for team in user.teams_as(Role.L1, Role.LEAD)}
    keys |= {f"with:{team}" for team in user.teams_as(Role.L2, Role.LEAD)}
    keys |= {f"asked:{team}" for team in user.teams_as(Role.PARTNER)}
    keys |= {f"listed:{team}" for team in user.roles}
    return frozenset(keys)


def hearers(*, teams: Iterable[int], created_by: int, l1_team: int | None, partners: Iterable[int]) -> Keys:
    """Return who may see a ticket that is with `teams`, or was."""
    keys = {EVERYTHING, f"by:{created_by}"}
    keys |= {f"with:{team}" for team in teams}
    keys |= {f"asked:{team}" for team in partners}
    if l1_team is not None:
        keys.add(f"from:{l1_team}")
    return frozenset(keys)


def listed(people: Iterable[int], teams: Iterable[int]) -> Keys:
    """Return who is on the list of a restricted ticket."""
    return frozenset({f"person:{person}" for person in people} | {f"listed:{team}" for team in teams})


def of_events(events: Iterable[int]) -> dict[int, Keys]:
    """Return, by event, who might see its ticket before it or may see it after it.

    Of a restricted ticket only its list hears, and once whoever has just lost sight of it.
    Who escalated a ticket never changes and a partner who was asked may always look back, so those are read as
    they are now. Its team is the one that the event remembers, and the one that the event before it does.
    """
    of_ticket = Event.objects.filter(subject_type=SUBJECT, subject_id=OuterRef("subject_id"))
    former = of_ticket.filter(pk__lt=OuterRef("pk")).order_by("-pk").values("data__ticket__team")[:1]
    told = Event.objects.filter(pk__in=list(events), subject_type=SUBJECT).annotate(
        former=Subquery(former), latter=F("data__ticket__team"), lost=_lost()
    )
    rows: list[Any] = list(told.values_list("pk", "subject_id", "former", "latter", "lost", named=True))
    asked = HandOver.objects.filter(ticket=OuterRef("pk"), shares_ticket=True).values("team")
    standing = AccessEntry.objects.standing().filter(ticket=OuterRef("pk"))
    found_tickets = Ticket.objects.filter(pk__in={row.subject_id for row in rows}).annotate(
        partners=ArraySubquery(asked),
        listed_people=ArraySubquery(standing.filter(team=None).values("person")),
        listed_teams=ArraySubquery(standing.filter(person=None).values("team")),
    )
    tickets: dict[int, Any] = {
        one.pk: one
        for one in found_tickets.values_list(
            "pk", "team", "created_by", "l1_team", "restricted_as", "partners", "listed_people", "listed_teams",
            named=True,
        )
    }  # fmt: skip
    found = {}
    for row in rows:
        ticket = tickets.get(row.subject_id)
        if ticket is None:
            continue
        keys = listed(ticket.listed_people, ticket.listed_teams)
        if not ticket.restricted_as or row.lost == HIDDEN:
            teams = {row.former, row.latter} - {None} or {ticket.team}
            keys |= hearers(
                teams=teams, created_by=ticket.created_by, l1_team=ticket.l1_team, partners=ticket.partners
            )
        elif row.lost is not None:
            keys |= listed(row.lost["people"], row.lost["teams"])
        found[row.pk] = keys
    return found


def listed_on(tickets: Iterable[int]) -> dict[int, Keys]:
    """Return who is on the list of each of these tickets that is restricted now."""
    people: dict[int, set[int]] = {
        pk: set() for pk in Ticket.objects.restricted().filter(pk__in=list(tickets)).values_list("pk", flat=True)
    }
    teams: dict[int, set[int]] = {pk: set() for pk in people}
    standing = AccessEntry.objects.standing().filter(ticket__in=people)
    for ticket, person, team in standing.values_list("ticket", "person", "team"):
        (people[ticket] if person else teams[ticket]).add(person or team)
    return {pk: listed(people[pk], teams[pk]) for pk in people}


#: Stands for: all who would see it without a list have just lost sight of it.
HIDDEN = "hidden"


def _lost() -> Case:
    """Return who lost sight of a ticket by an event: HIDDEN, or whom it took off the list; else nothing."""
    removed = JSONObject(people=F("data__people"), teams=F("data__teams"))
    hidden = Value(HIDDEN, output_field=JSONField())
    return Case(
        When(~Q(data__has_key="from_the_start"), kind="ticket.restricted", then=hidden),
        When(kind="ticket.access_removed", then=removed),
        default=None,
        output_field=JSONField(),
    )
