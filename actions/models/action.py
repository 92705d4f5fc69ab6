"""A sensitive action: what is asked for a customer, by whom, who approved it, and what became of it."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from actions.models.policy import ActionPolicy, ApproverRole, Kind
from escalations.models import Ticket

if TYPE_CHECKING:
    from accounts.models import User


class State(models.TextChoices):
    DRAFT = "draft", _("Draft")
    REQUESTED = "requested", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    EXECUTING = "executing", _("Being carried out")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Outcome unknown")
    VERIFIED = "verified", _("Verified")


#: What counts against limits, and what keeps its place in (order, action, sequence).
HOLDING = frozenset({State.REQUESTED, State.APPROVED, State.EXECUTING, State.UNKNOWN, State.DONE, State.VERIFIED})
#: Reached by nothing but an approval.
AFTER_APPROVAL = frozenset(
    {State.APPROVED, State.EXECUTING, State.UNKNOWN, State.DONE, State.FAILED, State.VERIFIED}
)
#: Carried out, or about to be: nobody but Secondline's jobs moves it on.
UNDER_WAY = frozenset({State.EXECUTING, State.UNKNOWN})
OPEN = frozenset({State.DRAFT, State.REQUESTED, State.APPROVED}) | UNDER_WAY


class ActionQuerySet(models.QuerySet["Action"]):
    def visible_to(self, user: "User") -> "ActionQuerySet":
        """Return the actions this person may see; every other one looks absent.

        Whoever works the ticket or reads everything, as far as they see the ticket; and, once it was requested,
        the group that approves.
        """
        from accounts.models import Role

        inside = Q(ticket__in=Ticket.objects.visible_to(user))
        if not user.reads_all:
            inside &= Q(ticket__team__in=user.teams_as(Role.L2, Role.LEAD))
        asked = self.asked_of(user) & ~Q(state=State.DRAFT) & Q(ticket__in=Ticket.objects.not_hidden_from(user))
        return self.filter(inside | asked)

    @staticmethod
    def asked_of(user: "User") -> Q:
        """Return the condition that `user` is of the group that approves. Being an admin makes nobody one."""
        from accounts.models import Role

        if user.is_robot or user.is_auditor:
            return Q(pk__in=[])
        leads, all_teams = user.teams_as(Role.LEAD), list(user.roles)
        return Q(policy__approver_role=ApproverRole.LEAD) & (
            Q(policy__approver_team__in=leads) | Q(policy__approver_team=None, ticket__team__in=leads)
        ) | Q(policy__approver_role=ApproverRole.ANYBODY) & (
            Q(policy__approver_team__in=all_teams)
            | Q(policy__approver_team=None, ticket__team__in=user.teams_as(Role.L2, Role.LEAD))
        )

    def waiting_for(self, user: "User") -> "ActionQuerySet":
        """Return, of what the person may see, what they may approve or reject now."""
        return self.filter(self.asked_of(user), state=State.REQUESTED).exclude(makers__contains=[user.pk])


class Action(models.Model):
    """One sensitive action. Change it only through actions.lifecycle and actions.execution.

    `order` is what it is done to (an account, a delivery, a posting …) and `sequence` the how manieth of its kind
    that is; while one holds that place there is no other. `makers` are all who wrote or requested it: none of them
    approves. `statement` is the text whose SHA-256 is approved (actions.statement); editing takes it away.
    `key` is what the order is known by to whoever carries it out; it never changes and never expires.
    The database holds all this by constraints and a trigger (migration 0002).
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="sensitive_actions")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    state_since = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    payload = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    account = models.CharField(_("account"), max_length=120)
    order = models.CharField(max_length=120)
    sequence = models.PositiveSmallIntegerField(null=True)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    policy = models.ForeignKey(ActionPolicy, on_delete=models.PROTECT, related_name="actions")

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    makers = ArrayField(models.BigIntegerField())

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    checks = models.JSONField(default=list)
    statement = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)

    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    approved_digest = models.CharField(max_length=64, blank=True)
    why_ended = models.TextField(blank=True)

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    executing_at = models.DateTimeField(null=True)
    asked = models.PositiveIntegerField(default=0)
    ask_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=120, blank=True)
    outcome = models.JSONField(default=dict)

    objects = ActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("sensitive action")
        verbose_name_plural = _("sensitive actions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "sequence"],
                name="action_once_in_its_place",
                condition=Q(sequence__isnull=False, state__in=sorted(HOLDING)),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(AFTER_APPROVAL))
                | Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_digest=""),
                name="action_after_approval_only",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(HOLDING))
                | Q(requested_by__isnull=False, expires_at__isnull=False, sequence__isnull=False),
                name="action_holding_was_requested",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="action_amount_not_negative"),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"], name="action_expires"),
            models.Index(fields=["ask_at"], name="action_to_ask", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["kind", "account", "requested_at"], name="action_of_account"),
            models.Index(fields=["kind", "requested_by", "requested_at"], name="action_of_person"),
            models.Index(fields=["kind", "requested_at"], name="action_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.order}"

    def get_absolute_url(self) -> str:
        return reverse("action", args=[self.pk])
