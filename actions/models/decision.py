"""What an approver decided about an action: never changed, never deleted."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from actions.models.action import Action
from actions.models.policy import ActionPolicy


class Verdict(models.TextChoices):
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class Decision(models.Model):
    """One decision about exactly what hashes to `digest`, by the checks as they stood then.

    `accepted` has a reason for each check that could not be answered. `proved_by` is how the person proved anew
    who they are: password, or code of a second factor.
    """

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    digest = models.CharField(max_length=64)
    policy = models.ForeignKey(ActionPolicy, on_delete=models.PROTECT, related_name="+")
    checks = models.JSONField(default=list)
    accepted = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    proved_by = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action_id} · {self.verdict} · {self.by_id}"
