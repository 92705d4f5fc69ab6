"""The rosters whose hours can be tried."""

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from accounts.models import Roster, Team
from accounts.roster import coverage
from reports.trial import RosterHours


def offered(teams: Iterable[Team]) -> list[RosterHours]:
    """Return the version in force and the draft of each team's roster, if somebody is on duty by it at all."""
    newest: dict[tuple[int, bool], Roster] = {}
    for roster in (
        Roster.objects.filter(team__in=teams, team__is_active=True).select_related("team").order_by("number")
    ):
        newest[roster.team_id, roster.is_published] = roster
    rosters = sorted(newest.values(), key=lambda roster: (roster.team.name, roster.number))
    prefetch_related_objects(rosters, "shifts")
    return [
        RosterHours(
            id=roster.pk,
            team=roster.team_id,
            name=roster.team.name,
            number=roster.number,
            is_draft=not roster.is_published,
            zone=roster.zone,
            weekly=hours,
        )
        for roster in rosters
        if (hours := coverage(roster))
    ]
