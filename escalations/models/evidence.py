"""What speaks for or against a hypothesis of a diagnosis."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from escalations.models.ticket import Ticket


class EvidenceKind(models.TextChoices):
    """Where evidence comes from."""

    LOG = "log", pgettext_lazy("evidence", "Log")
    LOOKUP = "lookup", pgettext_lazy("evidence", "Lookup")
    API_RUN = "api_run", pgettext_lazy("evidence", "API run")
    WEBHOOK = "webhook", pgettext_lazy("evidence", "Webhook")
    CUSTOMER = "customer", pgettext_lazy("evidence", "Customer's words")
    FILE = "file", pgettext_lazy("evidence", "File")
    OTHER = "other", pgettext_lazy("evidence", "Observation")


class Evidence(models.Model):
    """A piece of evidence as it was kept: its words never change, only what it is held against.

    `source` says where it comes from ({"file", "line", "sha256"}, {"query", "version"}, {"run"}, {"url"}, …).
    `hypothesis` is the id of one in the ticket's diagnosis, "" for none yet. `version` counts its moves.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(_("kind"), max_length=10, choices=EvidenceKind)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("what it says"), blank=True)
    source = models.JSONField(default=dict)
    hypothesis = models.CharField(max_length=8, blank=True)
    supports = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["kept_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="evidence_removed_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return self.title
