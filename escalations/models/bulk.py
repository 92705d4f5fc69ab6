"""One action upon many tickets: what was asked for, and what became of each ticket."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from escalations.models.ticket import Ticket


class BulkState(models.TextChoices):
    RUNNING = "running", _("Under way")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped")


class BulkOutcome(models.TextChoices):
    """What became of one ticket, in the order in which somebody wants to know."""

    FAILED = "failed", _("Failed")
    REFUSED = "refused", _("Refused")
    DONE = "done", _("Changed")
    UNCHANGED = "unchanged", _("Was so already")
    WAITING = "waiting", _("Not done")


#: How a list of results is sorted: what went wrong first.
OUTCOME_ORDER = models.Case(
    *(models.When(outcome=outcome, then=models.Value(place)) for place, outcome in enumerate(BulkOutcome)),
    output_field=models.SmallIntegerField(),
)


class BulkAction(models.Model):
    """An action (a key of escalations.bulk_deeds.DEEDS) with its parameters, and the tickets it is for.

    The tickets were chosen by hand or as all that matched `query`, the query string of the queue; either way
    they are frozen as rows of BulkResult when it begins. `missing` of those chosen by hand were not to be
    found. `summary` says what it does, in the language of who asked. `step` counts what a job has done so far, and
    `changed` and `problems` the tickets. `undoes` is the action that this one takes back.
    """

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    deed = models.CharField(max_length=20)
    parameters = models.JSONField(default=dict)
    summary = models.CharField(max_length=200)
    query = models.TextField(blank=True)
    total = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    problems = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.RUNNING)
    step = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["requested_by", "-id"], name="bulk_of_person")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True)
                | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="bulk_ended_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} · {self.deed}"

    def get_absolute_url(self) -> str:
        return reverse("bulk_action", args=[self.pk])

    @property
    def is_running(self) -> bool:
        return self.state == BulkState.RUNNING


class BulkResult(models.Model):
    """What became of one ticket of a bulk action.

    `before` is what undoing needs to know of it, `version_after` the version that the action left.
    """

    bulk_action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="results", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+", db_index=False)
    outcome = models.CharField(max_length=10, choices=BulkOutcome, default=BulkOutcome.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict)
    version_after = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["bulk_action", "outcome", "ticket"], name="bulk_by_outcome")]
        constraints = [
            models.UniqueConstraint(fields=["bulk_action", "ticket"], name="bulk_each_ticket_once"),
            models.CheckConstraint(
                condition=(Q(outcome__in=["failed", "refused"]) & ~Q(reason=""))
                | (~Q(outcome__in=["failed", "refused"]) & Q(reason="")),
                name="bulk_refusal_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bulk_action_id} · {self.ticket_id} · {self.outcome}"
