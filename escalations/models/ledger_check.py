"""Checks of the clocks' cached columns against their ledgers, and the differences found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.clock import Clock
from escalations.models.ticket import Ticket


class LedgerCheck(models.Model):
    """One pass over all clocks. `after` is the last ticket looked at, while it is under way."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    after = models.BigIntegerField(default=0)
    tickets = models.PositiveIntegerField(default=0)
    clocks = models.PositiveIntegerField(default=0)
    differences = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("check of the ledger")
        verbose_name_plural = _("checks of the ledger")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.started_at.isoformat()} · {self.differences}"


class LedgerDifference(models.Model):
    """A column that does not say what the ledger says. Without a clock it is one of the ticket's own."""

    check_run = models.ForeignKey(LedgerCheck, on_delete=models.CASCADE, related_name="found")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, null=True, related_name="+")
    column = models.CharField(max_length=40)
    cached = models.CharField(max_length=60)
    ledger = models.CharField(max_length=60)
    repaired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("difference from the ledger")
        verbose_name_plural = _("differences from the ledger")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.column}: {self.cached} ≠ {self.ledger}"
