"""The structured record of what was wrong, in versions."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.catalogue import RootCause
from escalations.models.ticket import Ticket


class DiagnosisFields(models.Model):
    """What a diagnosis says. `hypotheses` is a list of {id, text, status, evidence, reason};
    escalations.diagnosis documents and checks it."""

    symptoms = models.TextField(_("symptoms"), blank=True)
    hypotheses = models.JSONField(_("hypotheses"), default=list, blank=True)
    root_cause = models.ForeignKey(
        RootCause, verbose_name=_("root cause"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    workaround = models.TextField(_("workaround"), blank=True)
    fix = models.TextField(_("fix"), blank=True)

    class Meta:
        abstract = True


class Diagnosis(DiagnosisFields):
    """The diagnosis of one ticket as it stands now."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="diagnosis")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("diagnosis")
        verbose_name_plural = _("diagnoses")

    def __str__(self) -> str:
        return f"{self.ticket_id} v{self.version}"


class DiagnosisRevision(DiagnosisFields):
    """One version of a diagnosis, as somebody wrote it."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["diagnosis", "version"], name="diagnosis_revision_version")]

    def __str__(self) -> str:
        return f"{self.diagnosis_id} v{self.version}"
