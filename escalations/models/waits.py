"""Who waits for whom: escalations that wait for another one, and reminders that were given."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from escalations.models.ticket import Ticket


class Dependency(models.Model):
    """An escalation that waits for another one to end."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="dependencies")
    on = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="dependents")
    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dependency")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "on"], name="one_open_dependency", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(condition=~Q(ticket=F("on")), name="dependency_on_another"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.on_id}"


class Nudge(models.Model):
    """A reminder to whom an escalation waits for: at most one a day for each wait."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    wait = models.CharField(max_length=40)
    day = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "wait", "day"], name="one_nudge_a_day")]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.wait} · {self.day}"
