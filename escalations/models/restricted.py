"""Restricted tickets: since when and why, and the list of those who may see one."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.catalogue import Category
from escalations.models.ticket import RestrictionKind, Ticket

if TYPE_CHECKING:
    from accounts.models import User


class Restriction(models.Model):
    """From `restricted_at` to `lifted_at` only its own list saw the ticket. `Ticket.restricted_as` says which do.

    `from_the_start`: by its category, when it was escalated.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="restrictions")
    kind = models.CharField(_("kind"), max_length=12, choices=RestrictionKind)
    reason = models.TextField(_("reason"))
    from_the_start = models.BooleanField(default=False)
    restricted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    restricted_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        ordering = ["restricted_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], name="restricted_once", condition=Q(lifted_at=None)),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="restriction_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.kind}"


class AccessEntryQuerySet(models.QuerySet["AccessEntry"]):
    def standing(self) -> "AccessEntryQuerySet":
        """Return the entries that nobody has taken away."""
        return self.filter(removed_at=None)

    def of(self, user: "User") -> "AccessEntryQuerySet":
        """Return the standing entries that let `user` in, by name or by one of their teams."""
        return self.standing().filter(Q(person=user) | Q(team__in=list(user.roles)))


class AccessEntry(models.Model):
    """A person or a team on the list of a restricted ticket: who put them there, when and why.

    An `is_custodian` person may change the list, as its owner and its team's leads on the list may. What was taken
    away stays, with who did it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="access_list")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT, null=True, related_name="+")
    is_custodian = models.BooleanField(default=False)
    reason = models.TextField(_("reason"))
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    objects = AccessEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of an access list")
        verbose_name_plural = _("entries of access lists")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "person"], name="listed_once", condition=Q(removed_at=None, person__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["ticket", "team"],
                name="team_listed_once",
                condition=Q(removed_at=None, team__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(person=None, team__isnull=False, is_custodian=False)
                | Q(person__isnull=False, team=None),
                name="access_of_person_or_team",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="access_removed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.team}"


class CategoryRestriction(models.Model):
    """Escalations of this category are restricted from the start: to its team's leads and to `team`."""

    category = models.OneToOneField(Category, on_delete=models.CASCADE, related_name="restriction")
    kind = models.CharField(_("kind"), max_length=12, choices=RestrictionKind)
    team = models.ForeignKey(
        Team, verbose_name=_("who sees them besides the team's leads"), on_delete=models.PROTECT, null=True,
        blank=True, related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("restriction of a category")
        verbose_name_plural = _("restrictions of categories")

    def __str__(self) -> str:
        return f"{self.category} · {self.get_kind_display()}"
