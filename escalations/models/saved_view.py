"""Lists of tickets that somebody has given a name."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team

if TYPE_CHECKING:
    from accounts.models import User


class Audience(models.TextChoices):
    OWN = "own", _("Only me")
    TEAM = "team", _("A team")
    EVERYONE = "everyone", _("Everyone")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: "User") -> "SavedViewQuerySet":
        """Return the views that are offered to this person: own ones, those of their teams, and everyone's."""
        teams = list(user.roles)
        return self.filter(
            Q(owner=user) | Q(audience=Audience.EVERYONE) | Q(audience=Audience.TEAM, team__in=teams)
        )

    def kept(self) -> "SavedViewQuerySet":
        """Return those that nobody has deleted."""
        return self.filter(deleted_at=None)


class SavedView(models.Model):
    """A name for an address of the queue. What it lists is what whoever opens it may see.

    `query` is the address's query string: filters, order and columns, without a page. A deleted one can be
    brought back.
    """

    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("address"), max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views")
    audience = models.CharField(_("who sees it"), max_length=10, choices=Audience, default=Audience.OWN)
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.CASCADE, null=True, related_name="+")
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        ordering = ["audience", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience=Audience.TEAM, team__isnull=False)
                | (~Q(audience=Audience.TEAM) & Q(team__isnull=True)),
                name="saved_view_of_a_team_names_it",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
