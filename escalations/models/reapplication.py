"""Applying the current service levels to many tickets: what was asked for, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.calendar import CalendarVersion
from escalations.models.catalogue import Category
from escalations.models.policy import PolicyVersion
from escalations.models.ticket import Priority, Ticket
from events.models import Event


class Effect(models.TextChoices):
    """What re-applying does to one open clock, the worst first."""

    FAILS = "fails", _("Can't be applied")
    OVERDUE = "overdue", _("Overdue at once")
    EARLIER = "earlier", _("Due earlier")
    LATER = "later", _("Due later")
    BEGINS = "begins", _("Begins")
    ENDS = "ends", _("Ends")
    MISSED = "missed", _("Stays missed")
    SAME_DEADLINE = "same_deadline", _("Same deadline, other version")
    BY_HAND = "by_hand", _("Kept: set by hand")
    NO_TARGET = "no_target", _("Kept: no target in force for it")
    UNCHANGED = "unchanged", _("Unchanged")


class ReapplicationState(models.TextChoices):
    PREVIEWING = "previewing", _("Being previewed")
    PREVIEWED = "previewed", _("Previewed")
    APPLYING = "applying", _("Being applied")
    APPLIED = "applied", _("Applied")


class Reapplication(models.Model):
    """One request to apply the current service levels to the tickets of a selection, previewed first.

    An empty part of the selection chooses nothing: with all of them empty it is every open ticket within the
    requester's reach. `total` tickets are looked at in each of the two passes, `looked_at` of them so far.
    `counts` and `rows` are the preview: clocks by Effect, and some of them. `lanes` is how far each of the
    lanes in which the work goes on side by side has come (escalations.reapplications).
    """

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    policy = models.ForeignKey(
        PolicyVersion, verbose_name=_("running by policy"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    calendar = models.ForeignKey(
        CalendarVersion, verbose_name=_("counted by calendar"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    team = models.ForeignKey(
        Team, verbose_name=_("team"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    category = models.ForeignKey(
        Category, verbose_name=_("category"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, null=True, blank=True)
    also_by_hand = models.BooleanField(_("also deadlines that were set by hand"), default=False)

    state = models.CharField(max_length=12, choices=ReapplicationState, default=ReapplicationState.PREVIEWING)
    total = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    would_change = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    lanes = models.JSONField(default=list)
    previewed_at = models.DateTimeField(null=True)
    changed_tickets = models.PositiveIntegerField(default=0)
    changed_clocks = models.PositiveIntegerField(default=0)
    failed_tickets = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("re-application")
        verbose_name_plural = _("re-applications")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="applied", applied_at__isnull=False)
                | (~Q(state="applied") & Q(applied_at__isnull=True)),
                name="reapplication_applied_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} · {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("reapplication", args=[self.pk])


class ReappliedTicket(models.Model):
    """What became of one ticket: the event that changed it, or why it could not be changed."""

    reapplication = models.ForeignKey(Reapplication, on_delete=models.CASCADE, related_name="tickets")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reapplication", "ticket"], name="reapplied_once"),
            models.CheckConstraint(
                condition=Q(event__isnull=False, problem="") | (Q(event__isnull=True) & ~Q(problem="")),
                name="reapplied_or_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reapplication_id} · {self.ticket_id}"
