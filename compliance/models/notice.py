"""What a member is told about a case, in the page alone; the mail names the case and no more."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models.case import Case
from events.models import Event


class Notice(models.Model):
    """An event of a case that concerns a person."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "event"], name="review_told_once")]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="review_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} to {self.recipient_id}"
