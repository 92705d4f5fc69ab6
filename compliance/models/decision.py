"""A decision is proposed by one person and confirmed by another, over the case's exact content."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance.models.case import Case
from compliance.models.procedure import Kind


class Outcome(models.TextChoices):
    NO_SUSPICION = "no_suspicion", _("No suspicion")
    REPORT_FILED = "report_filed", _("Report filed")
    ENHANCED = "enhanced", _("Enhanced due diligence")
    ACCEPTED = "accepted", pgettext_lazy("documents", "Accepted")
    REFUSED = "refused", pgettext_lazy("documents", "Refused")
    MORE_NEEDED = "more_needed", _("More is needed")


OUTCOMES = {
    Kind.SUSPICIOUS_ACTIVITY: (Outcome.NO_SUSPICION, Outcome.REPORT_FILED, Outcome.ENHANCED),
    Kind.DOCUMENT_CHECK: (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.MORE_NEEDED),
}


class Ending(models.TextChoices):
    """What became of a proposal."""

    CONFIRMED = "confirmed", pgettext_lazy("proposal", "Confirmed")
    REJECTED = "rejected", pgettext_lazy("proposal", "Rejected")
    VOIDED = "voided", pgettext_lazy("proposal", "Voided")
    WITHDRAWN = "withdrawn", pgettext_lazy("proposal", "Withdrawn")


#: Endings that only somebody else than who proposed it can bring about.
ENDINGS = (Ending.CONFIRMED, Ending.REJECTED)


class Proposal(models.Model):
    """What somebody proposes to decide. `digest` is the SHA-256 of the content it is about (compliance.content).

    It never changes but to end, once; the database holds it to that, and to two different people. `reason` and
    `remark` are sealed by the case's key.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="proposals")
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    reason = models.BinaryField()
    digest = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    ended_as = models.CharField(max_length=10, choices=Ending, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    remark = models.BinaryField(default=bytes)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], name="review_one_proposal", condition=Q(ended_at=None)),
            models.CheckConstraint(
                condition=Q(ended_as="", ended_by=None, ended_at=None)
                | Q(ended_as__in=Ending.values, ended_by__isnull=False, ended_at__isnull=False),
                name="review_proposal_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(ended_as__in=ENDINGS) | ~Q(ended_by=F("proposed_by")),
                name="review_decided_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.outcome}"
