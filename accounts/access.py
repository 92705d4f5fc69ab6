"""Who has which access: the people whom somebody may look after, with what opens doors to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from knox.models import AuthToken

from accounts import lockout
from accounts.models import Membership, Role, Team, User
from common import clock


@dataclass(frozen=True)
class Holder:
    """One person with their access, as a list shows it."""

    person: User
    roles: list[Membership]
    factors: list[str]
    tokens: int
    locked_until: datetime | None


def may_read(user: User) -> bool:
    """Return whether the pages about access exist for this person: leads, admins, auditors."""
    return user.is_lead or user.reads_all


def teams_of(user: User) -> QuerySet[Team]:
    """Return the teams whose people's access this person sees."""
    teams = Team.objects.filter(is_active=True)
    return teams if user.reads_all else teams.filter(pk__in=user.teams_as(Role.LEAD))


def people_of(user: User) -> QuerySet[User]:
    """Return the people who are switched on and whose access `user` sees, by name."""
    people = User.objects.filter(is_active=True)
    if not user.reads_all:
        people = people.filter(pk__in=Membership.objects.filter(team__in=teams_of(user)).values("user"))
    return people.order_by("name", "pk")


def holders(people: QuerySet[User] | list[User]) -> list[Holder]:
    """Return each person with roles, second factors, API tokens and whether their sign-in is locked."""
    ids = [person.pk for person in people]
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=("totp", "webauthn"))
    living = AuthToken.objects.filter(Q(expiry=None) | Q(expiry__gt=clock.now()), user=OuterRef("pk"))
    tokens = living.order_by().values("user").annotate(n=Count("pk")).values("n")
    found: Any = (
        User.objects.filter(pk__in=ids)
        .prefetch_related("memberships__team")
        .annotate(
            own_factors=ArraySubquery(factors.order_by("type").values("type")),
            own_tokens=Coalesce(Subquery(tokens), 0),
        )
        .order_by("name", "pk")
    )
    locked = lockout.locked_until(person.email for person in found)
    return [
        Holder(
            person=person,
            roles=sorted(person.memberships.all(), key=lambda one: one.team.name),
            factors=sorted(set(person.own_factors)),
            tokens=person.own_tokens,
            locked_until=locked.get(person.email),
        )
        for person in found
    ]


def described(person: User) -> dict[str, Any]:
    """Return a person's access as data, as it is kept with a decision about it."""
    marks = [mark for mark in ("is_superuser", "is_staff", "is_auditor") if getattr(person, mark)]
    return {"roles": {one.team.name: one.role for one in person.memberships.all()}, "marks": marks}
