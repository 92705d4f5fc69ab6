"""Objects for tests, made with as few words as possible."""

from typing import TYPE_CHECKING, Any, TypeVar

import factory
from django.db.models import Model
from factory.django import DjangoModelFactory

from accounts.models import Membership, Role, Team, TeamKind, User
from common import clock
from knowledgebase.models import Article, KnownIssue

PASSWORD = "correct horse battery"

M = TypeVar("M", bound=Model)


class ModelFactory(DjangoModelFactory[M]):
    """A factory that type checkers know returns the model."""

    if TYPE_CHECKING:

        def __new__(cls, **values: Any) -> M: ...  # type: ignore[misc]


class UserFactory(ModelFactory[User]):
    """A person who can sign in with PASSWORD. `member_of=[(team, role), …]` adds memberships."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def member_of(self: User, create: bool, extracted: Any, **_: Any) -> None:
        for team, role in extracted or []:
            Membership.objects.create(user=self, team=team, role=role)


class TeamFactory(ModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    kind = TeamKind.L2


class MembershipFactory(ModelFactory[Membership]):
    """A role in a team whose kind fits it."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.L2
    team = factory.SubFactory(
        TeamFactory,
        kind=factory.LazyAttribute(
            lambda team: TeamKind.L2 if team.factory_parent.role == Role.LEAD else team.factory_parent.role
        ),
    )


class ArticleFactory(ModelFactory[Article]):
    """A draft for L2, with its first revision."""

    class Meta:
        model = Article
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"Article {n}")
    body = "What to do about it."
    owner = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(clock.now)
    updated_at = factory.SelfAttribute("created_at")

    @factory.post_generation
    def first_revision(self: Article, create: bool, extracted: Any, **_: Any) -> None:
        self.revisions.create(
            version=self.version, title=self.title, body=self.body, language=self.language,
            status=self.status, audience=self.audience, saved_by=self.owner, saved_at=self.updated_at,
        )  # fmt: skip


class KnownIssueFactory(ModelFactory[KnownIssue]):
    class Meta:
        model = KnownIssue

    title = factory.Sequence(lambda n: f"Known issue {n}")
    symptoms = "It fails for everyone."
    owner = factory.SubFactory(UserFactory)
    opened_at = factory.LazyFunction(clock.now)
    updated_at = factory.SelfAttribute("opened_at")
