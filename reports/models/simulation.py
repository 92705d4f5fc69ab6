"""A "what if": tickets of the past, replayed by the rules in force and by rules that somebody tries."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from escalations.models import Category, Metric, Priority, Ticket

if TYPE_CHECKING:
    from accounts.models import User


class SimulationState(models.TextChoices):
    UNDER_WAY = "under_way", _("Under way")
    DONE = "done", pgettext_lazy("a simulation", "Done")
    CANCELLED = "cancelled", pgettext_lazy("a simulation", "Cancelled")
    FAILED = "failed", pgettext_lazy("a simulation", "Failed")


class Trouble(models.TextChoices):
    """Why a simulation failed, and what to do."""

    TOO_LONG = "too_long", _("It took longer than seven minutes. Choose fewer days, or one team.")
    UNRECKONABLE = "unreckonable", _("The hours that were tried can't be reckoned with: it may never be open.")
    BROKEN = "broken", _("Something went wrong that should not. The worker's log has the details.")


class Outcome(models.TextChoices):
    """What became of a clock; NONE: these rules set no target for it."""

    MET = "met", pgettext_lazy("a clock", "In time")
    MISSED = "missed", pgettext_lazy("a clock", "Missed")
    OPEN = "open", pgettext_lazy("a clock", "Still open")
    VOID = "void", pgettext_lazy("a clock", "Ended without a result")
    NONE = "none", pgettext_lazy("a clock", "No target")


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def visible_to(self, user: "User") -> "SimulationQuerySet":
        """Return the simulations this person may see: auditors and admins all, leads their own."""
        if user.reads_all:
            return self
        return self.filter(requested_by=user) if user.is_lead else self.none()


class Simulation(models.Model):
    """One simulation of the tickets created from `first` to `last`, as far as who asked for it may see them.

    `tried` is a copy of the drafts and the roster (reports.trial says how it is written), so that what was
    simulated stays known. `result` is {"cells": [[metric, team, priority, three tallies, changes]], "days":
    [[day, missed today, missed with what was tried]]}: a tally is [in time, missed, open] by the rules of today,
    by those tried, and as it really happened; changes are [newly missed, no longer missed]. `changed` is their
    sum; the first of these clocks are the SimulatedClock rows.
    """

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    first = models.DateField(_("from"))
    last = models.DateField(_("to"))
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="+")
    tried = models.JSONField()
    state = models.CharField(max_length=10, choices=SimulationState, default=SimulationState.UNDER_WAY)
    trouble = models.CharField(max_length=20, choices=Trouble, blank=True)
    finished_at = models.DateTimeField(null=True)
    tickets = models.PositiveIntegerField()
    seconds = models.FloatField(null=True)
    result = models.JSONField(default=dict)
    changed = models.PositiveIntegerField(default=0)

    objects = SimulationQuerySet.as_manager()

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="simulation_forward"),
            models.CheckConstraint(
                condition=Q(state=SimulationState.UNDER_WAY, finished_at__isnull=True)
                | (~Q(state=SimulationState.UNDER_WAY) & Q(finished_at__isnull=False)),
                name="simulation_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state=SimulationState.FAILED) & ~Q(trouble="")
                | ~Q(state=SimulationState.FAILED) & Q(trouble=""),
                name="simulation_failed_says_why",
            ),
            models.UniqueConstraint(
                fields=["requested_by"],
                name="one_simulation_under_way",
                condition=Q(state=SimulationState.UNDER_WAY),
            ),
        ]
        indexes = [models.Index(fields=["requested_by", "-id"], name="simulation_of_person")]

    def __str__(self) -> str:
        return f"{self.first} – {self.last}, {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("simulation", args=[self.pk])


class SimulatedClock(models.Model):
    """A clock that the tried rules turn from in time to missed, or back.

    `due_before` and `due_after` are its deadlines by either rules (None: none), `stopped_at` when it stopped.
    """

    simulation = models.ForeignKey(Simulation, on_delete=models.CASCADE, related_name="clocks", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    metric = models.CharField(max_length=20, choices=Metric)
    cycle = models.PositiveIntegerField()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    before = models.CharField(max_length=10, choices=Outcome)
    after = models.CharField(max_length=10, choices=Outcome)
    due_before = models.DateTimeField(null=True)
    due_after = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["simulation", "ticket", "metric", "cycle"], name="simulated_clock_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.metric}: {self.before} → {self.after}"
