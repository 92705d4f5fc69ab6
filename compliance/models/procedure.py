"""How a kind of review is done: its checklist and its deadlines, in versions that never change."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    SUSPICIOUS_ACTIVITY = "suspicious_activity", _("Suspicious activity")
    DOCUMENT_CHECK = "document_check", _("Document check")


class Evidence(models.TextChoices):
    """What an answer of the checklist has to bring along."""

    NONE = "none", _("None")
    NOTE = "note", _("A note")
    DOCUMENT = "document", _("A document")


class Procedure(models.Model):
    """One version of a kind's procedure. A case keeps the version it began with.

    `items`: dicts with `key`, `text`, `text_es` (may be empty) and `evidence`. The hours are of the clock, nights
    and holidays included; a warning comes so many hours before the deadline. The database refuses to change it.
    """

    kind = models.CharField(_("type"), max_length=20, choices=Kind)
    number = models.PositiveIntegerField(_("version"))
    items: "models.JSONField[Any]" = models.JSONField()
    take_hours = models.PositiveIntegerField(_("hours until somebody takes it"))
    take_warning = models.PositiveIntegerField(_("warned so many hours before"))
    decide_hours = models.PositiveIntegerField(_("hours until it is decided"))
    decide_warning = models.PositiveIntegerField(_("warned so many hours before"))
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(  # none: it came with Secondline
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="procedure_version"),
            models.CheckConstraint(
                condition=Q(take_warning__lt=F("take_hours"), decide_warning__lt=F("decide_hours")),
                name="procedure_warns_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.number}"
