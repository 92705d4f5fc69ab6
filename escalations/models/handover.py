"""Work asked of a partner team."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.ticket import Ticket


class HandOver(models.Model):
    """A question handed to a partner team; open until it is answered or withdrawn."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="hand_overs")
    team = models.ForeignKey(Team, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="+")
    question = models.TextField(_("what we ask"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "team"], name="one_open_hand_over_per_team",
                condition=models.Q(ended_at__isnull=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.team}"
