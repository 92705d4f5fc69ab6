"""Access reviews: every half year somebody goes through who has which access, and signs."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models.team import Team


class Decision(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AccessReview(models.Model):
    """One review of a team's people, by its leads, or of everybody (`team` empty), by admins.

    It is open until it is signed off, and never changed afterwards.
    """

    team = models.ForeignKey(
        Team, verbose_name=_("team"), on_delete=models.PROTECT, null=True, related_name="access_reviews"
    )
    begun_at = models.DateTimeField(_("begun"))
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_off_at = models.DateTimeField(_("signed off"), null=True)
    signed_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-begun_at"]
        constraints = [
            models.UniqueConstraint(
                Coalesce("team", 0), name="access_review_one_open", condition=Q(signed_off_at=None)
            ),
            models.CheckConstraint(
                condition=Q(signed_off_at=None, signed_off_by=None)
                | Q(signed_off_at__isnull=False, signed_off_by__isnull=False),
                name="access_review_signed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team or '*'} · {self.begun_at.date().isoformat()}"

    @property
    def is_open(self) -> bool:
        return self.signed_off_at is None


class AccessDecision(models.Model):
    """What was decided about one person, with the access they had then: roles by team, and marks."""

    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_decisions")
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    access = models.JSONField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "person"], name="access_decided_once")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.decision}"
