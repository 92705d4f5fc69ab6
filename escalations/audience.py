"""Who hears of a ticket in the live stream: `Ticket.objects.visible_to`, said in keys.

A person listens to keys, an event about a ticket is told to keys, and whoever shares one hears it. So who hears is
decided in memory, for hundreds of people at once. Tests hold this to `visible_to`.
"""

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery

from accounts.models import Role, User
from escalations.models import HandOver, Ticket
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
    return frozenset(keys)


def hearers(*, teams: Iterable[int], created_by: int, l1_team: int | None, partners: Iterable[int]) -> Keys:
    """Return who may see a ticket that is with `teams`, or was."""
    keys = {EVERYTHING, f"by:{created_by}"}
    keys |= {f"with:{team}" for team in teams}
    keys |= {f"asked:{team}" for team in partners}
    if l1_team is not None:
        keys.add(f"from:{l1_team}")
    return frozenset(keys)


def of_events(events: Iterable[int]) -> dict[int, Keys]:
    """Return, by event, who might see its ticket before it or may see it after it.

    Who escalated a ticket never changes and a partner who was asked may always look back, so those are read as
    they are now. Its team is the one that the event remembers, and the one that the event before it does.
    """
    of_ticket = Event.objects.filter(subject_type=SUBJECT, subject_id=OuterRef("subject_id"))
    former = of_ticket.filter(pk__lt=OuterRef("pk")).order_by("-pk").values("data__ticket__team")[:1]
    told = Event.objects.filter(pk__in=list(events), subject_type=SUBJECT).annotate(
        former=Subquery(former), latter=F("data__ticket__team")
    )
    rows = list(told.values_list("pk", "subject_id", "former", "latter"))
    asked = HandOver.objects.filter(ticket=OuterRef("pk")).values("team")
    tickets = {
        pk: (team, creator, l1_team, partners)
        for pk, team, creator, l1_team, partners in Ticket.objects.filter(
            pk__in={ticket for _, ticket, _, _ in rows}
        )
        .annotate(partners=ArraySubquery(asked))
        .values_list("pk", "team", "created_by", "l1_team", "partners")
    }
    found = {}
    for event, ticket, former_team, latter_team in rows:
        if ticket not in tickets:
            continue
        team, creator, l1_team, partners = tickets[ticket]
        teams = {former_team, latter_team} - {None} or {team}
        found[event] = hearers(teams=teams, created_by=creator, l1_team=l1_team, partners=partners)
    return found
