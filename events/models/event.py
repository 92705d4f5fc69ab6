"""An event is an immutable fact; a delivery is that fact owed to one consumer."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that happened to one subject, never changed afterwards.

    `at` is when it happened (an import keeps the past's own time), `recorded_at`
    when Secondline wrote it down. The database refuses UPDATE, DELETE and TRUNCATE.
    """

    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.CheckConstraint(condition=~Q(kind=""), name="event_has_kind")]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="event_subject"),
            models.Index(fields=["kind", "at"], name="event_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_type} {self.subject_id} at {self.at.isoformat()}"

    def get(self, key: str, default: Any = None) -> Any:
        """Return one value of the event's data."""
        return self.data.get(key, default)


class Delivery(models.Model):
    """One event owed to one consumer, written in the event's own transaction.

    It is due while `delivered_at` is empty; the relay hands it on from
    `next_attempt_at`, which also hides it while a worker has it.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    consumer = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="delivery_once_per_consumer"),
            models.CheckConstraint(condition=~Q(consumer=""), name="delivery_has_consumer"),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(attempts__gte=1),
                name="delivery_done_was_attempted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="delivery_owed",
                condition=Q(delivered_at__isnull=True),
            ),
            # How late the oldest is (readiness), and which are old enough to prune.
            models.Index(fields=["created_at"], name="delivery_waiting", condition=Q(delivered_at__isnull=True)),
            models.Index(fields=["delivered_at"], name="delivery_done", condition=Q(delivered_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.consumer}: {self.event_id}"
