"""A person who signs in, by email."""

from functools import cache, cached_property
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import JSONArray, Lower
from django.utils.translation import gettext_lazy as _

from common import clock


class Availability(models.TextChoices):
    AVAILABLE = "available", _("Available")
    BUSY = "busy", _("Busy")
    AWAY = "away", _("Away")


@cache
def time_zones() -> frozenset[str]:
    """Return every IANA time zone this machine knows; finding them reads hundreds of files."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in time_zones():
        raise ValidationError(_("%(name)s is not a known time zone."), params={"name": name})


class UserManager(BaseUserManager["User"]):
    """Creates people; Django's commands and allauth call it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def with_roles(self) -> models.QuerySet["User"]:
        """Fetch with each person their `roles`, which would else be asked for one by one."""
        Membership = apps.get_model("accounts", "Membership")
        own = Membership.objects.filter(user=models.OuterRef("pk"), team__is_active=True)
        row = JSONArray("team_id", "role", "team__reviews_compliance")
        return self.annotate(fetched_memberships=ArraySubquery(own.values_list(row)))

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with that address, in any case. Raises User.DoesNotExist."""
        return self.alias(any_case=Lower("email")).get(any_case=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may do follows from their memberships.

    `is_auditor` reads everything and changes nothing; `is_superuser` is an
    admin; `is_robot` marks Secondline itself and imported people without mail.
    """

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    availability = models.CharField(
        _("availability"), max_length=10, choices=Availability, default=Availability.AVAILABLE
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the admin site"), default=False)
    is_auditor = models.BooleanField(_("auditor"), default=False)
    is_robot = models.BooleanField(_("not a person"), default=False)
    date_joined = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_any_case",
                violation_error_message=_("Somebody has this email address already."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    @cached_property
    def _memberships(self) -> list[tuple[int, str, bool]]:
        """The person's active teams: id, role, and whether it reviews for compliance."""
        fetched: list[tuple[int, str, bool]] | None = getattr(self, "fetched_memberships", None)  # by with_roles
        if fetched is not None:
            return fetched
        own = self.memberships.filter(team__is_active=True)
        return list(own.values_list("team_id", "role", "team__reviews_compliance"))

    @cached_property
    def roles(self) -> dict[int, str]:
        """The person's role in each of their active teams, by team id."""
        return {team: role for team, role, _ in self._memberships}

    @property
    def reviews_compliance(self) -> bool:
        """Whether compliance reviews exist for this person: being an admin or auditor is not enough."""
        return any(reviews for _, _, reviews in self._memberships)

    def teams_as(self, *roles: str) -> list[int]:
        """Return the ids of the teams in which the person has one of `roles`."""
        return [team_id for team_id, role in self.roles.items() if role in roles]

    @property
    def is_l1(self) -> bool:
        return "l1" in self.roles.values()

    @property
    def is_l2(self) -> bool:
        return "l2" in self.roles.values()

    @property
    def is_lead(self) -> bool:
        return "lead" in self.roles.values()

    @property
    def is_partner(self) -> bool:
        return "partner" in self.roles.values()

    @property
    def reads_all(self) -> bool:
        """Whether nothing is hidden from this person: auditors and admins."""
        return self.is_auditor or self.is_superuser
