"""Requests that were carried out, kept for a day so that a repeat is not carried out again."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class HandledRequest(models.Model):
    """What a person's request led to.

    The row is inserted before the work and in its transaction, so the unique
    constraint makes a second request with the same key wait for the first one.
    `status` is empty only until that transaction ends.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=220)
    fingerprint = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.TextField(blank=True)
    body = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="request_handled_once"),
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__range=(200, 399)), name="request_handled_well"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} by {self.user_id}: {self.status}"

    @property
    def is_done(self) -> bool:
        return self.status is not None
