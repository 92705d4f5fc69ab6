"""Rosters for tests, in as few words as possible."""

from datetime import UTC, date, datetime
from typing import Any

from accounts import rostering
from accounts.models import Role, Roster, Team, User
from accounts.rostering import WeeklyShift
from common.business_hours import Interval
from tests.factories import MembershipFactory, TeamFactory, UserFactory

MANILA = "Asia/Manila"
#: 15:00–24:00 and 16:00–01:00, Monday to Friday, as the second line in Manila works.
AFTERNOON = tuple(Interval(day, 900, 1440) for day in range(5))
EVENING = tuple(Interval(day, 960, 1500) for day in range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


class Crew:
    """A team with a lead, Ana on afternoons and Ben on evenings."""

    def __init__(self, name: str = "Payments") -> None:
        self.team: Team = TeamFactory(name=name)
        self.lead = self.member("Lea Lead", Role.LEAD)
        self.ana = self.member("Ana Afternoon")
        self.ben = self.member("Ben Evening")

    def member(self, name: str, role: Role = Role.L2) -> User:
        user: User = UserFactory(name=name)
        MembershipFactory(user=user, team=self.team, role=role)
        return user

    def save(self, *, zone: str = MANILA, version: int | None = None, **weeks: Any) -> Roster:
        """Save a draft: `ana=[…]` gives the shifts of the crew's Ana; hers and Ben's usual ones by default."""
        wanted = weeks or {"ana": AFTERNOON, "ben": EVENING}
        shifts = [
            WeeklyShift(getattr(self, name), interval)
            for name, intervals in wanted.items()
            for interval in intervals
        ]
        present = rostering.draft(self.team)
        if version is None:
            version = present.saved_count if present else 0
        return rostering.save_draft(self.team, zone, shifts, by=self.lead, version=version)

    def publish(self, **weeks: Any) -> Roster:
        draft = self.save(**weeks)
        return rostering.publish(self.team, by=self.lead, version=draft.saved_count)
