"""An endpoint that is asked again and again until it works."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from escalations.models import Ticket
from investigations.models.integration import Integration


class RecheckState(models.TextChoices):
    RUNNING = "running", pgettext_lazy("a re-check", "Running")
    WORKS = "works", pgettext_lazy("a re-check", "Works again")
    ENDED = "ended", pgettext_lazy("a re-check", "Ended, still failing")
    STOPPED = "stopped", pgettext_lazy("a re-check", "Stopped")


class Recheck(models.Model):
    """A GET of `url` every `minutes` until it succeeds `wanted` times in a row, or until `ends_at`.

    It succeeds with this status, within so many milliseconds, and with a text in the body, where these are
    asked for. After failures the next one comes later (investigations.health.rechecks.pause).
    """

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="rechecks")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(_("address"), max_length=300)
    status = models.PositiveSmallIntegerField(_("status"), default=200)
    most_milliseconds = models.PositiveIntegerField(_("within milliseconds"), null=True, blank=True)
    contains = models.CharField(_("body contains"), max_length=200, blank=True)
    minutes = models.PositiveSmallIntegerField(_("every so many minutes"), default=5)
    wanted = models.PositiveSmallIntegerField(_("successes in a row"), default=2)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=RecheckState, default=RecheckState.RUNNING)
    next_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("re-check")
        verbose_name_plural = _("re-checks")
        indexes = [
            models.Index(fields=["next_at"], name="recheck_due", condition=Q(state=RecheckState.RUNNING)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RecheckState.RUNNING, finished_at__isnull=True)
                | (~Q(state=RecheckState.RUNNING) & Q(finished_at__isnull=False)),
                name="recheck_finished_has_time",
            ),
            models.CheckConstraint(condition=Q(minutes__gte=1, wanted__gte=1), name="recheck_is_sensible"),
        ]

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return f"{reverse('integration', args=[self.integration_id])}#recheck-{self.pk}"


class Outcome(models.TextChoices):
    """What one check came to."""

    WORKS = "works", _("Works")
    STATUS = "status", _("Another status")
    SLOW = "slow", _("Too slow")
    BODY = "body", _("The text is not in the body")
    TIMEOUT = "timeout", _("No answer in time")
    AWAY = "away", _("Can't be reached")
    NOT_ALLOWED = "not_allowed", _("Its host is not in OUTGOING_HOSTS")


class RecheckResult(models.Model):
    """One check. `status` is None where no answer came."""

    recheck = models.ForeignKey(Recheck, on_delete=models.CASCADE, related_name="results", db_index=False)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["recheck", "-id"], name="recheck_results")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.outcome}"
