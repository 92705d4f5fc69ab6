"""Issue trackers of other teams or companies, and what they have told us."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class TrackerKind(models.TextChoices):
    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    JIRA = "jira", "Jira"


class Tracker(models.Model):
    """Where bug reports go: the address of a tracker's API and a project in it.

    `token` and `webhook_secret` are sealed; nobody is shown them again. One that `is_of_settings` has its address,
    token and secret from the settings TRACKER_URL, TRACKER_TOKEN and TRACKER_SECRET and stores none of them.
    `version` counts the changes. `asked_at`: until when its changes are known here; after `failures` in a row it
    is left alone until `rests_until`, for `trouble`.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=6, choices=TrackerKind, default=TrackerKind.GITHUB)
    is_of_settings = models.BooleanField(default=False)
    base_url = models.CharField(_("address of the API"), max_length=300, blank=True)
    project = models.CharField(_("project"), max_length=200)
    token = models.TextField(blank=True)
    webhook_secret = models.TextField(blank=True)
    is_retired = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    asked_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("issue tracker")
        verbose_name_plural = _("issue trackers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_of_settings=True, base_url="", token="", webhook_secret="")
                | (Q(is_of_settings=False) & ~Q(base_url="")),
                name="tracker_has_one_address",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("tracker", args=[self.pk])


class TrackerDelivery(models.Model):
    """A webhook that was heard already, by the SHA-256 of its body; a repeated one changes nothing."""

    tracker = models.ForeignKey(Tracker, on_delete=models.CASCADE, related_name="deliveries")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tracker", "digest"], name="tracker_delivery_once")]

    def __str__(self) -> str:
        return self.digest
