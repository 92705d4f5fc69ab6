"""Customer satisfaction (CSAT): the link sent once, and the score that came back."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.catalogue import Category
from escalations.models.ticket import Ticket


class RatingInvitation(models.Model):
    """A rating asked of a customer. The link is signed, expires, and works once."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rating_invitations")
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], name="one_unused_invitation", condition=models.Q(used_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.sent_at.isoformat()}"


class Rating(models.Model):
    """A customer's score from 1 to 5, with who had answered them at the time."""

    invitation = models.OneToOneField(RatingInvitation, on_delete=models.CASCADE, related_name="rating")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="ratings")
    score = models.PositiveSmallIntegerField(_("score"))
    reasons = models.JSONField(_("reasons"), default=list)
    comment = models.TextField(_("comment"), blank=True)
    language = models.CharField(max_length=10)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="ratings"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    rated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [models.CheckConstraint(condition=models.Q(score__range=(1, 5)), name="rating_score_range")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.score}"
