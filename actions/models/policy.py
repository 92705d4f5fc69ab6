"""What an action of a kind may be, and who approves it: versions, each changed by two people."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team


class Kind(models.TextChoices):
    CREDIT_LINE = "credit_line", _("Credit line increase")
    PHONE_CHANGE = "phone_change", _("Phone number change")
    UNBAN = "unban", _("Account unban")
    POINTS_REFUND = "points_refund", _("Points refund")
    DELIVERY_RESET = "delivery_reset", _("Delivery reset")
    REVERSAL = "reversal", _("Transaction reversal request")


class PolicyState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Proposed")
    IN_FORCE = "in_force", _("In force")
    REPLACED = "replaced", _("Replaced")
    REJECTED = "rejected", _("Rejected")


class ApproverRole(models.TextChoices):
    LEAD = "lead", _("leads")
    ANYBODY = "anybody", _("everybody")


class ActionPolicy(models.Model):
    """One version of the policy of a kind. `terms` are those of actions.terms.

    Without an `approver_team` the ticket's own team approves. The first version comes with Secondline and names
    nobody; every later one was proposed by one person and approved by another, who is none of its `makers`. What
    was proposed is never changed.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    terms = models.JSONField(default=dict)
    approver_team = models.ForeignKey(
        Team,
        verbose_name=_("team that approves"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    approver_role = models.CharField(
        _("who of it"), max_length=10, choices=ApproverRole, default=ApproverRole.LEAD
    )
    why = models.TextField(_("why"), blank=True)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField()
    makers = ArrayField(models.BigIntegerField(), default=list)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    why_rejected = models.TextField(blank=True)

    class Meta:
        verbose_name = _("policy of actions")
        verbose_name_plural = _("policies of actions")
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="action_policy_number"),
            models.UniqueConstraint(
                fields=["kind"], name="action_policy_one_in_force", condition=Q(state=PolicyState.IN_FORCE)
            ),
            models.UniqueConstraint(
                fields=["kind"],
                name="action_policy_one_open",
                condition=Q(state__in=[PolicyState.DRAFT, PolicyState.PROPOSED]),
            ),
            models.CheckConstraint(
                condition=Q(state=PolicyState.DRAFT)
                | Q(number=1)
                | Q(proposed_by__isnull=False, edited_by__isnull=False),
                name="action_policy_was_proposed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PolicyState.IN_FORCE, PolicyState.REPLACED])
                | Q(number=1)
                | Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by")) & ~Q(decided_by=F("edited_by")),
                name="action_policy_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
