"""Sweeps through everything that is stored."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Sweep(models.Model):
    """One run, and how far it has come: `table` and the key of the last row in it (`after`), then files by name.

    `target` names another database than ours, without its password; empty for our own.
    """

    target = models.CharField(max_length=200, blank=True)
    removes = models.BooleanField(default=False)
    tables = models.JSONField(default=list)  # their names, in the order in which they are read
    table = models.CharField(max_length=130, blank=True)
    after = models.JSONField(null=True)
    step = models.PositiveIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)
    found = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.target or '*'} · {self.started_at.date().isoformat()}"
