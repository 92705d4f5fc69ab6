"""Who works here and for whom: 200 people in 20 teams, the catalogue, and customers."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from django.contrib.auth.hashers import make_password

from accounts import people
from accounts.models import Membership, Role, Team, TeamKind, User
from bench.workplace.signs import DOMAIN, PASSWORD
from common import clock
from escalations import calendars, defaults, policies
from escalations.models import (
    Calendar,
    CalendarVersion,
    Category,
    ContractForm,
    Customer,
    Reason,
    ReasonKind,
    RootCause,
)  # fmt: skip
from integrations.demo import customers
from integrations.demo.scenarios import all_scenarios

#: Kind, teams, people in each: 20 teams and 200 people.
_TEAMS = (
    (TeamKind.L1, "First line", 8, 10),
    (TeamKind.L2, "Second line", 10, 11),
    (TeamKind.PARTNER, "Partner", 2, 5),
)


@dataclass
class Cast:
    """Everybody and everything that a story names."""

    system: User
    first_line: list[Team]
    second_line: list[Team]
    members: dict[int, list[User]]
    customers: list[Customer]
    categories: dict[str, Category]
    forms: dict[str, ContractForm]
    resolutions: dict[str, Reason]
    causes: dict[str, RootCause]
    rules: Any

    def customer(self, rng: Random) -> Customer:
        """Return a customer: some write far more often than most."""
        return self.customers[int(len(self.customers) * rng.random() ** 1.7)]

    def second_line_team(self, rng: Random) -> Team:
        """Return a team: the first has a third of the work, the n-th an n-th of that."""
        return rng.choices(self.second_line, [1 / n for n in range(1, len(self.second_line) + 1)])[0]


def engage(count_of_customers: int) -> None:
    """Create catalogue, teams, people and customers in an empty database."""
    defaults.seed()
    _without_holidays()
    secret = make_password(PASSWORD)
    for kind, name, teams, size in _TEAMS:
        for number in range(1, teams + 1):
            team = Team.objects.create(name=f"{name} {number}", kind=kind)
            for place in range(1, size + 1):
                role = Role.LEAD if kind == TeamKind.L2 and place == size else Role(kind)
                user = User.objects.create(
                    name=f"{Role(role).label} {number}-{place}",
                    email=f"{role}-{number}-{place}@{DOMAIN}",
                    password=secret,
                    time_zone="Asia/Manila",
                    language="es" if place % 4 == 0 else "en",
                )
                Membership.objects.create(user=user, team=team, role=role)
    by_kind = list(Team.objects.filter(kind=TeamKind.L2).order_by("pk"))
    for number, category in enumerate(Category.objects.order_by("pk")):
        category.team = by_kind[number % len(by_kind)]
        category.save(update_fields=["team"])
    customers.sign_up(Random(1), count_of_customers, since=clock.now() - timedelta(days=800))


def _without_holidays() -> None:
    """Publish every calendar without holidays: then a copy that is whole weeks older has the same clocks."""
    for calendar in Calendar.objects.select_related("current"):
        current = calendar.current
        assert current is not None  # noqa: S101  migrations publish each
        draft = CalendarVersion(
            calendar=calendar,
            number=current.number + 1,
            zone=current.zone,
            weekly=current.weekly,
        )
        calendars.publish(draft, by=people.system())


def assemble() -> Cast:
    """Return whoever `engage` created."""
    members: dict[int, list[User]] = {}
    for membership in Membership.objects.exclude(role=Role.LEAD).select_related("user").order_by("pk"):
        members.setdefault(membership.team_id, []).append(membership.user)
    categories = {category.key: category for category in Category.objects.all()}
    wanted = {one.category for one in all_scenarios()}
    return Cast(
        system=people.system(),
        first_line=list(Team.objects.filter(kind=TeamKind.L1).order_by("pk")),
        second_line=list(Team.objects.filter(kind=TeamKind.L2).order_by("pk")),
        members=members,
        customers=list(Customer.objects.order_by("pk")),
        categories=categories,
        forms={
            key: form for key, category in categories.items() if key in wanted and (form := category.current_form)
        },
        resolutions={reason.key: reason for reason in Reason.objects.filter(kind=ReasonKind.RESOLUTION)},
        causes={cause.key: cause for cause in RootCause.objects.all()},
        rules=policies.rulebook(),
    )
