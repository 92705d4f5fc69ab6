"""What somebody decided about a banned account, and what was known then: never changed, never deleted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from escalations.models import Ticket


class ReviewDecision(models.TextChoices):
    UNBAN = "unban", _("Open it again")
    KEEP = "keep", _("Keep the ban")
    ASK = "ask", _("Ask for more")


class AccountReview(models.Model):
    """One decision with its reasons, the rules' answers and the policy they followed.

    `facts` is what the back office said at `read_at`, as `actions.account_facts` spells it; without that time it
    did not answer, and nothing was known.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="account_reviews")
    account = models.CharField(max_length=120)
    decision = models.CharField(max_length=10, choices=ReviewDecision)
    reasons = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    answers = models.JSONField(default=list)
    policy_number = models.PositiveIntegerField()
    policy_terms = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("account review")
        verbose_name_plural = _("account reviews")
        constraints = [
            models.CheckConstraint(condition=~Q(reasons=""), name="account_review_has_reasons"),
            models.CheckConstraint(
                condition=~Q(decision=ReviewDecision.UNBAN) | Q(read_at__isnull=False),
                name="account_review_opens_what_was_read",
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="account_review_of")]

    def __str__(self) -> str:
        return f"{self.account} · {self.get_decision_display()}"

    @property
    def ban(self) -> str:
        """Reference of the ban that was in force; "" if none was known."""
        bans = self.facts.get("bans", [])
        return next((str(ban["reference"]) for ban in bans if ban["lifted_at"] is None), "")
