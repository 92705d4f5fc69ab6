"""Known issues (ITIL: known errors): a problem that many tickets share."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


class IssueStatus(models.TextChoices):
    INVESTIGATING = "investigating", _("Investigating")
    IDENTIFIED = "identified", _("Cause identified")
    WORKAROUND = "workaround", _("Workaround available")
    FIXED = "fixed", _("Fixed")


class KnownIssueQuerySet(models.QuerySet["KnownIssue"]):
    def visible_to(self, user: "User") -> "KnownIssueQuerySet":
        """Return the known issues this person may see: all of them for everyone at the desk."""
        if user.reads_all or user.is_l1 or user.is_l2 or user.is_lead or user.is_partner:
            return self
        return self.none()

    def current(self) -> "KnownIssueQuerySet":
        """Return those not fixed yet."""
        return self.exclude(status=IssueStatus.FIXED)


class KnownIssue(models.Model):
    """A problem the desk knows of, with its symptoms and what to do meanwhile."""

    title = models.CharField(_("title"), max_length=200)
    status = models.CharField(_("status"), max_length=15, choices=IssueStatus, default=IssueStatus.INVESTIGATING)
    symptoms = models.TextField(_("symptoms"))
    workaround = models.TextField(_("workaround"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="secondline_en")
        + SearchVector("symptoms", weight="B", config="secondline_en")
        + SearchVector("title", weight="A", config="secondline_es")
        + SearchVector("symptoms", weight="B", config="secondline_es"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = KnownIssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("known issue")
        verbose_name_plural = _("known issues")
        indexes = [GinIndex(fields=["search"], name="known_issue_search")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status=IssueStatus.FIXED, fixed_at__isnull=False)
                | (~models.Q(status=IssueStatus.FIXED) & models.Q(fixed_at__isnull=True)),
                name="known_issue_fixed_has_time",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("known_issue", args=[self.pk])
