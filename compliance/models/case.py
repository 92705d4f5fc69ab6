"""One review: whom it is about, where it stands, when it is due."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from compliance.models.procedure import Kind, Procedure
from escalations.models import Customer, Ticket

if TYPE_CHECKING:
    from accounts.models import User

REFERENCE_PREFIX = "CR-"


class State(models.TextChoices):
    OPEN = "open", _("Open")
    IN_REVIEW = "in_review", _("In review")
    WAITING = "waiting", _("Waiting for evidence")
    PROPOSED = "proposed", _("Decision proposed")
    DECIDED = "decided", _("Decided")


class Step(models.TextChoices):
    """What has a deadline."""

    TAKE = "take", _("Take it on")
    DECIDE = "decide", _("Decide")


class GuardedQuerySet(models.QuerySet):
    """What only members of a team that reviews for compliance know of."""

    def visible_to(self, user: "User") -> "GuardedQuerySet":
        """Return everything to those members, and nothing to anybody else, admins and auditors included."""
        return self if user.reviews_compliance else self.none()


class Case(models.Model):
    """A review. Change it only through compliance.lifecycle and its neighbours.

    `key` is the case's own data key, sealed by the key of the ring that `key_name` names; `indicators` is sealed
    by it. `next_due_at` is a cache of the deadlines that are not met. A decided case names the proposal that a
    second person confirmed; the database holds it to that.

    No relation of this app may be found from the other side (related_name "+"), nor would Django's admin collect
    it (DO_NOTHING): nothing of the desk shall show that a review exists.
    """

    kind = models.CharField(_("type"), max_length=20, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.DO_NOTHING, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    updated_at = models.DateTimeField(_("last change"))
    key = models.BinaryField()
    key_name = models.CharField(max_length=20)
    indicators = models.BinaryField()
    next_due_at = models.DateTimeField(null=True)
    next_due_step = models.CharField(max_length=10, choices=Step, blank=True)
    decision = models.ForeignKey("compliance.Proposal", on_delete=models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = GuardedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["next_due_at", "id"], name="review_due", condition=~Q(state="decided")),
            models.Index(fields=["customer"], name="review_customer"),
            models.Index(fields=["key_name"], name="review_key"),
            models.Index(fields=["-updated_at"], name="review_updated"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="decided", decision__isnull=False)
                | (~Q(state="decided") & Q(decision__isnull=True)),
                name="review_decided_by_decision",
            ),
            models.CheckConstraint(
                condition=Q(state="open", owner__isnull=True) | (~Q(state="open") & Q(owner__isnull=False)),
                name="review_owned_unless_open",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("compliance_case", args=[self.pk])

    @property
    def reference(self) -> str:
        return f"{REFERENCE_PREFIX}{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state != State.DECIDED


class CaseTicket(models.Model):
    """An escalation that belongs to a review."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tickets")
    ticket = models.ForeignKey(Ticket, on_delete=models.DO_NOTHING, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "ticket"], name="review_ticket_once")]

    def __str__(self) -> str:
        return f"{self.case_id}: ticket {self.ticket_id}"


class CaseCustomer(models.Model):
    """Another customer who belongs to a review, beside the one it is about."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="customers")
    customer = models.ForeignKey(Customer, on_delete=models.DO_NOTHING, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "customer"], name="review_customer_once")]

    def __str__(self) -> str:
        return f"{self.case_id}: customer {self.customer_id}"


class Deadline(models.Model):
    """When a step of a case is due, set once, of the clock alone: no state of the case or a ticket moves it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deadlines")
    step = models.CharField(max_length=10, choices=Step)
    begun_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "step"], name="review_one_open_deadline", condition=Q(met_at=None)
            ),
        ]
        indexes = [
            models.Index(fields=["warn_at"], name="review_to_warn", condition=Q(met_at=None, warned_at=None)),
            models.Index(fields=["due_at"], name="review_to_miss", condition=Q(met_at=None, missed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.step} by {self.due_at.isoformat()}"
