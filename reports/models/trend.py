"""A statistically unusual rise, flagged by a job."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Dimension(models.TextChoices):
    CATEGORY = "category", _("Category")
    ROOT_CAUSE = "root_cause", _("Root cause")
    PRODUCT = "product", _("Product")
    ERROR_CODE = "error_code", _("Error code")


class TrendStatus(models.TextChoices):
    OPEN = "open", _("Rising")
    OVER = "over", _("Over")
    DISMISSED = "dismissed", _("Dismissed")


class Trend(models.Model):
    """One rise of one series, from its first to its last unusual day.

    `value` is the id of a category or root cause, or the product or error code
    itself. `expected`, `threshold`, `seen` and the p- and q-value are those of
    `last_day`. `chart` is the series around the rise, one list per column:
    {"days", "seen", "expected", "threshold"} (null where nothing was tested).
    """

    dimension = models.CharField(_("what rises"), max_length=12, choices=Dimension)
    value = models.CharField(max_length=120)
    status = models.CharField(_("status"), max_length=10, choices=TrendStatus, default=TrendStatus.OPEN)
    since = models.DateField(_("since"))
    last_day = models.DateField(_("last unusual day"))
    expected = models.FloatField(_("expected a day"))
    threshold = models.FloatField(_("most that chance explains"))
    seen = models.PositiveIntegerField(_("seen"))
    total_seen = models.PositiveIntegerField(_("seen since it began"))
    total_expected = models.FloatField(_("expected since it began"))
    customers = models.PositiveIntegerField(_("customers"))
    p_value = models.FloatField()
    q_value = models.FloatField()
    examples = models.JSONField(default=list)
    chart = models.JSONField(default=dict)
    first_flagged_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True)
    dismissed_because = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("trend")
        verbose_name_plural = _("trends")
        constraints = [
            models.UniqueConstraint(
                fields=["dimension", "value"], name="one_open_trend", condition=Q(status=TrendStatus.OPEN)
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("since")), name="trend_forward"),
            models.CheckConstraint(
                condition=Q(status=TrendStatus.DISMISSED, dismissed_by__isnull=False, dismissed_at__isnull=False)
                | (~Q(status=TrendStatus.DISMISSED) & Q(dismissed_by__isnull=True, dismissed_at__isnull=True)),
                name="trend_dismissed_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["dimension", "value", "-last_day"], name="trend_series"),
            models.Index(fields=["status", "-last_day"], name="trend_status"),
        ]

    def __str__(self) -> str:
        return f"{self.dimension} {self.value} since {self.since}"

    def get_absolute_url(self) -> str:
        return reverse("trend", args=[self.pk])
