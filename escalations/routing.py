"""Whom a waiting ticket is given to, and why: the rule alone, without the database.

A person gets a ticket only while its points fit within their capacity. Who comes first:
in turn, whose last one is longest ago; by load, who has the fewest points; by skill, who knows the category
best and then has the fewest points. A category that nobody in the team knows goes by load.
What cannot be told apart goes by turn, then by id, so that the same desk always gives the same answer.

A ticket for which there is only no room keeps its place: those who could have it get nothing less urgent
meanwhile, or else a heavy P1 would wait for ever behind a stream of light ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from escalations.models.routing import RoutingMethod

_NEVER = datetime.min.replace(tzinfo=UTC)


class Hindrance(StrEnum):
    """Why nobody gets a ticket now."""

    NOBODY_ON = "nobody_on"
    NO_SKILL = "no_skill"  # those who know the category are not on
    NO_ROOM = "no_room"
    TOO_HEAVY = "too_heavy"  # it weighs more than anybody's whole capacity
    BEHIND = "behind"  # there is room, but something more urgent waits for it


@dataclass
class Candidate:
    """Somebody on duty. `load` and `capacity` are points; `skills` are levels by category."""

    person: int
    load: int
    capacity: int
    skills: Mapping[int, int] = field(default_factory=dict)
    last_given_at: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """What routing looks at in a ticket. `weight` is in points."""

    category: int
    weight: int


@dataclass(frozen=True)
class Choice:
    """Who gets it and by what: their points afterwards, and how many stood to choose from."""

    person: int
    method: RoutingMethod
    load: int
    capacity: int
    among: int
    skill: int = 0


class Round:
    """Tickets given out one after the other, most urgent first, to the same people."""

    def __init__(
        self,
        method: RoutingMethod,
        candidates: Sequence[Candidate],
        known: frozenset[int],
        kept_free: set[int] | None = None,
    ) -> None:
        """Begin with who is on duty; `known` are the categories that anybody in the team knows.

        `kept_free` are those whose room is kept for what more urgent tickets wait for; this one adds to it.
        """
        self.method = method
        self.candidates = list(candidates)
        self.known = known
        self._kept_free = set() if kept_free is None else kept_free

    @property
    def is_over(self) -> bool:
        """Whether nobody can get anything any more."""
        return not any(map(self.may_get_more, self.candidates))

    def may_get_more(self, one: Candidate) -> bool:
        """Whether the person has room that is not kept for something more urgent."""
        return one.person not in self._kept_free and one.load < one.capacity

    def give(self, ticket: Waiting, *, at: datetime) -> Choice | Hindrance:
        """Choose who gets the ticket and count it as theirs from now on, or return why nobody does."""
        if not self.candidates:
            return Hindrance.NOBODY_ON
        needs_skill = self.method == RoutingMethod.BY_SKILL and ticket.category in self.known
        able = [one for one in self.candidates if not needs_skill or ticket.category in one.skills]
        if not able:
            return Hindrance.NO_SKILL
        if all(one.capacity < ticket.weight for one in able):
            return Hindrance.TOO_HEAVY
        roomy = [one for one in able if one.load + ticket.weight <= one.capacity]
        free = [one for one in roomy if one.person not in self._kept_free]
        if not free:
            self._kept_free |= {one.person for one in able if one.capacity >= ticket.weight}
            return Hindrance.BEHIND if roomy else Hindrance.NO_ROOM
        chosen = min(free, key=lambda one: self._rank(one, ticket.category, by_skill=needs_skill))
        chosen.load += ticket.weight
        chosen.last_given_at = at
        skill = chosen.skills.get(ticket.category, 0) if needs_skill else 0
        method = RoutingMethod.LEAST_LOADED if self.method == RoutingMethod.BY_SKILL and not skill else self.method
        return Choice(chosen.person, method, chosen.load, chosen.capacity, len(free), skill)

    def _rank(self, one: Candidate, category: int, *, by_skill: bool) -> tuple[int, int, datetime, int]:
        turn = one.last_given_at or _NEVER
        load = 0 if self.method == RoutingMethod.ROUND_ROBIN else one.load
        return (-one.skills[category] if by_skill else 0, load, turn, one.person)
