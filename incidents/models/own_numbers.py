"""Which formats the company's own numbers have, version by version."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class OwnNumbers(models.Model):
    """One version of the list: `formats` holds `{"format": …, "use": …}` in the order they were added.

    The newest is in force. The database refuses UPDATE, DELETE and TRUNCATE.
    """

    number = models.PositiveIntegerField(unique=True)
    formats = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("formats of own numbers")
        verbose_name_plural = _("formats of own numbers")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"v{self.number}"
