"""Setting up how a team's escalations are given out, by its leads and admins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role, Team, User
from common.errors import Absent, StaleVersion
from escalations import contacts
from escalations.models import Category, RoutedPerson, RoutingMode, Skill, SkillLevel, TeamRouting
from events import recording

CHANGED = "routing.changed"
SUBJECT = "team"

#: What `change` may set on the team.
SETTINGS = ("mode", "method", "gives_new", "weight_p1", "weight_p2", "weight_p3", "weight_p4", "capacity")


#: Where the teams are remembered that only push, and for how long, in seconds.
_PUSH_ONLY, _REMEMBERED = "teams-that-only-push", 60


@dataclass(frozen=True)
class PersonRouting:
    """One person's capacity in points (None: the team's), and what they know and are expert in."""

    capacity: int | None
    knows: frozenset[int]
    expert: frozenset[int]


def takes_next(user: User) -> bool:
    """Whether the person is in a team whose escalations are taken. Asked on every page: up to a minute old."""
    teams = set(user.teams_as(Role.L2, Role.LEAD))
    return bool(teams) and not teams <= (cache.get_or_set(_PUSH_ONLY, _push_only, _REMEMBERED) or set())


def _push_only() -> set[int]:
    return set(TeamRouting.objects.filter(mode=RoutingMode.PUSH).values_list("team", flat=True))


def of_team(team: Team) -> TeamRouting:
    """Return how the team's escalations are given out; unsaved, and pulling, where nobody has set it up."""
    return TeamRouting.objects.filter(team=team).first() or TeamRouting(team=team)


def people_of(team: Team) -> list[tuple[User, PersonRouting]]:
    """Return the team's specialists with what is set up for each."""
    people = list(
        User.objects.filter(memberships__team=team, memberships__role=Role.L2, is_active=True).order_by(
            "name", "pk"
        )
    )
    capacities = dict(RoutedPerson.objects.filter(team=team, person__in=people).values_list("person", "capacity"))
    levels: dict[tuple[int, int], set[int]] = {}
    for person, level, category in Skill.objects.filter(person__in=people).values_list(
        "person", "level", "category"
    ):
        levels.setdefault((person, level), set()).add(category)
    return [
        (
            person,
            PersonRouting(
                capacities.get(person.pk),
                frozenset(levels.get((person.pk, SkillLevel.KNOWS), ())),
                frozenset(levels.get((person.pk, SkillLevel.EXPERT), ())),
            ),
        )
        for person in people
    ]


@transaction.atomic
def change(
    team: Team, settings: Mapping[str, Any], people: Mapping[int, PersonRouting], *, by: User, version: int
) -> TeamRouting:
    """Set how the team's escalations are given out; whoever in `people` is not in the team is passed over.

    Raises Absent, or StaleVersion when somebody changed it after `version`.
    """
    locked = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if not contacts.may_change(by, locked):
        raise Absent(_("There is no such team."))
    routing = of_team(locked)
    if routing.version != version:
        raise StaleVersion(_("Somebody changed this while you were writing. Nothing was saved."), current=routing)
    for name in SETTINGS:
        setattr(routing, name, settings[name])
    routing.version += 1
    routing.save()
    members = [person.pk for person, _now in people_of(locked) if person.pk in people]
    RoutedPerson.objects.bulk_create(
        [RoutedPerson(team=locked, person_id=pk, capacity=people[pk].capacity) for pk in members],
        update_conflicts=True,
        unique_fields=["team", "person"],
        update_fields=["capacity"],
    )
    Skill.objects.filter(person__in=members).delete()
    Skill.objects.bulk_create(
        Skill(person_id=pk, category_id=category, level=level)
        for pk in members
        for level, chosen in (
            (SkillLevel.EXPERT, people[pk].expert),
            (SkillLevel.KNOWS, people[pk].knows - people[pk].expert),
        )
        for category in sorted(chosen)
    )
    transaction.on_commit(lambda: cache.delete(_PUSH_ONLY))
    recording.record(
        CHANGED, subject=(SUBJECT, locked.pk), by=by, data={name: getattr(routing, name) for name in SETTINGS}
    )
    return routing


def categories() -> "list[Category]":
    """Return what can be known."""
    return list(Category.objects.filter(is_active=True))
