"""What a simulation tries: drafts of policies and calendars, and a roster's hours, instead of what is in force.

A trial is kept as a copy, since drafts go on being edited:

    {"policies": [{"id", "policy", "name", "number", and the version's columns}],
     "calendars": [{"id", "calendar", "name", "number", and the version's columns}],
     "rosters": [{"id", "team", "name", "number", "is_draft", "zone", "weekly"}]}
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from common import clock
from common.business_hours import Interval
from escalations import calendars, policies
from escalations.clocks import Aim
from escalations.models import CalendarVersion, Policy, PolicyVersion, Target
from escalations.policies import Described, Rulebook
from escalations.sla import OpenHandOver

Trial = dict[str, list[dict[str, Any]]]

POLICY_COLUMNS = (
    "calendar_id", "own_calendars", "categories", "teams", "priorities", "segments", "channels", "pauses_in",
    "targets",
)  # fmt: skip
_CALENDAR = ("zone", "weekly", "holiday_country", "own_holidays", "holiday_rule")


class RosterHours(NamedTuple):
    """The hours of the week in which a version of a team's roster has somebody on duty."""

    id: int
    team: int
    name: str
    number: int
    is_draft: bool
    zone: str
    weekly: list[Interval]


class SteadyRulebook(Rulebook):
    """A rulebook that is asked millions of times and remembers its answers, since its rules do not change.

    `covered` are the hours in which a team's roster has somebody on duty: they are its business hours then.
    """

    def __init__(self, rules: Rulebook, covered: Mapping[int, CalendarVersion] = MappingProxyType({})) -> None:
        super().__init__(rules.versions, rules.hours, rules.of_team, rules.of_segment, rules.of_customer)
        self._covered = covered
        self._matched: dict[tuple[int, int, int, str, str], dict[str, PolicyVersion]] = {}
        self._aims: dict[tuple[int, str, int, int, Target | None], Aim | None] = {}

    def itself(self) -> Rulebook:
        """Return these rules, for who asks for them anew each time."""
        return self

    def agrees(self, other: "SteadyRulebook", ticket: Described, hand_overs: Iterable[OpenHandOver]) -> bool:
        """Tell whether both give the ticket, and the work that is measured on it, the same aims."""
        matched = self.policies_for(ticket)
        if matched != other.policies_for(ticket):
            return False
        teams = (None, ticket.team_id, *(one.team_id for one in hand_overs))
        return all(
            self._calendar(version, ticket, team) is other._calendar(version, ticket, team)
            for version in matched.values()
            for team in teams
        )

    def policies_for(self, ticket: Described) -> dict[str, PolicyVersion]:
        described = (
            ticket.category_id, ticket.team_id, ticket.priority, ticket.channel, ticket.customer.segment,
        )  # fmt: skip
        found = self._matched.get(described)
        if found is None:
            found = self._matched[described] = super().policies_for(ticket)
        return found

    def aim(
        self,
        version: PolicyVersion,
        metric: str,
        ticket: Described,
        *,
        team: int | None = None,
        agreed: Target | None = None,
    ) -> Aim | None:
        calendar = self._calendar(version, ticket, team)
        asked = (id(version), metric, ticket.priority, id(calendar), agreed)
        if asked not in self._aims:
            self._aims[asked] = super().aim(version, metric, ticket, team=team, agreed=agreed)
        return self._aims[asked]

    def _calendar(self, version: PolicyVersion, ticket: Described, team: int | None) -> CalendarVersion:
        covered = self._covered.get(ticket.team_id if team is None else team)
        return covered or super()._calendar(version, ticket, team)


class Rules:
    """Which rulebook a ticket goes by: the desk's, or one policy's alone, by which an import measured it."""

    def __init__(self, desk: SteadyRulebook, current: dict[int, PolicyVersion]) -> None:
        self.desk, self._current = desk, current
        self._alone: dict[int, SteadyRulebook] = {}

    def of(self, own_policy: int | None) -> SteadyRulebook:
        """Return the rulebook for a ticket that has this policy of its own, or none."""
        if own_policy is None:
            return self.desk
        if own_policy not in self._alone:
            version = self._current[own_policy]
            self._alone[own_policy] = SteadyRulebook(Rulebook([(version.policy.kind, version)], self.desk.hours))
        return self._alone[own_policy]


def copied(
    *,
    policies: Iterable[PolicyVersion] = (),
    calendars: Iterable[CalendarVersion] = (),
    rosters: Iterable[RosterHours] = (),
) -> Trial:
    """Return a copy of what is to be tried."""
    return {
        "policies": [_policy_copy(version) for version in policies],
        "calendars": [_calendar_copy(version) for version in calendars],
        "rosters": [_roster_copy(roster) for roster in rosters],
    }


def in_force() -> Rules:
    """Return the rules of today."""
    return Rules(SteadyRulebook(policies.rulebook()), _current_versions())


def tried(trial: Trial) -> Rules:
    """Return the rules of today with the trial put into them. A policy that is tried counts as in use.

    Raises ValidationError for hours that can't be reckoned with.
    """
    today = policies.rulebook()
    drafts = {row["policy"]: _policy(row) for row in trial["policies"]}
    hours = today.hours | {row["calendar"]: _calendar(row) for row in trial["calendars"]}
    current = _current_versions() | drafts
    in_use = Policy.objects.filter(is_active=True) | Policy.objects.filter(pk__in=drafts)
    desk = Rulebook(
        versions=[
            (kind, current[pk])
            for pk, kind in in_use.order_by("position", "pk").values_list("pk", "kind")
            if pk in current
        ],
        hours=hours,
        of_team=today.of_team,
        of_segment=today.of_segment,
        of_customer=today.of_customer,
    )
    covered = {row["team"]: _calendar(row) for row in trial["rosters"]}
    return Rules(SteadyRulebook(desk, covered), current)


def changed_since(trial: Trial) -> list[str]:
    """Return the names of the drafts that were edited, published or discarded since they were copied."""
    policy_drafts = PolicyVersion.objects.filter(
        pk__in=[row["id"] for row in trial["policies"]], published_at=None
    ).select_related("policy")
    calendar_drafts = CalendarVersion.objects.filter(
        pk__in=[row["id"] for row in trial["calendars"]], published_at=None
    ).select_related("calendar")
    now = copied(policies=policy_drafts, calendars=calendar_drafts)
    return [row["name"] for kind in ("policies", "calendars") for row in trial[kind] if row not in now[kind]]


def _current_versions() -> dict[int, PolicyVersion]:
    """Return the current version of every policy, in use or not."""
    rows = Policy.objects.filter(current__isnull=False).values_list("pk", "current_id")
    return {pk: policies.version(current) for pk, current in rows}


def _policy_copy(version: PolicyVersion) -> dict[str, Any]:
    columns = {name: getattr(version, name) for name in POLICY_COLUMNS}
    named = {"id": version.pk, "policy": version.policy_id, "name": version.policy.name, "number": version.number}
    return named | columns


def _policy(row: dict[str, Any]) -> PolicyVersion:
    policy = Policy.objects.get(pk=row["policy"])
    return PolicyVersion(pk=row["id"], policy=policy, **{name: row[name] for name in POLICY_COLUMNS})


def _calendar_copy(version: CalendarVersion) -> dict[str, Any]:
    columns = {name: getattr(version, name) for name in _CALENDAR}
    return {
        "id": version.pk, "calendar": version.calendar_id, "name": version.calendar.name, "number": version.number,
    } | columns  # fmt: skip


def _roster_copy(roster: RosterHours) -> dict[str, Any]:
    weekly = [{"day": day, "opens": _wall(opens), "closes": _wall(closes)} for day, opens, closes in roster.weekly]
    return roster._asdict() | {"weekly": weekly}


def _wall(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _calendar(row: dict[str, Any]) -> CalendarVersion:
    """Return the hours of a copied calendar or roster, frozen as publishing would freeze them now."""
    calendar_id = row.get("calendar", -row["id"])  # a roster is no calendar, and equal to none
    version = CalendarVersion(
        pk=row["id"] if "calendar" in row else -row["id"],
        calendar_id=calendar_id,
        **{name: row[name] for name in _CALENDAR if name in row},
    )
    calendars.validate(version)
    calendars.freeze(version)
    version.published_at = clock.now()
    return version
