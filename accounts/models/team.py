"""Teams, and who has which role in them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TeamKind(models.TextChoices):
    L1 = "l1", _("First line")
    L2 = "l2", _("Second line")
    PARTNER = "partner", _("Partner")


class Role(models.TextChoices):
    L1 = "l1", _("L1 agent")
    L2 = "l2", _("L2 specialist")
    LEAD = "lead", _("Team lead")
    PARTNER = "partner", _("Partner")


class Team(models.Model):
    """A group of people that escalations come from (L1), go to (L2) or are handed to (partner).

    Only members of a partner that `reviews_compliance` know of compliance reviews.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=TeamKind)
    is_active = models.BooleanField(_("active"), default=True)
    reviews_compliance = models.BooleanField(_("reviews for compliance"), default=False)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="accounts.Membership", related_name="teams")

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reviews_compliance=False) | models.Q(kind=TeamKind.PARTNER),
                name="team_reviewing_is_partner",
                violation_error_message=_("Only a partner can review for compliance."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one team."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_role_per_team")]

    def __str__(self) -> str:
        return f"{self.user} · {self.team} · {self.get_role_display()}"
