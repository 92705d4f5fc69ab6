"""Clocks, and the append-only ledger that says what each of them did."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.calendar import CalendarVersion
from escalations.models.policy import Metric, PolicyVersion
from escalations.models.ticket import Ticket
from events.models import Event


class ClockState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (ClockState.RUNNING, ClockState.PAUSED)


class Clock(models.Model):
    """One cycle of one metric on one ticket.

    What identifies it (ticket, metric, cycle, since when, whose) is its own; every other column is a cache
    of what its ledger says (escalations.clocks.read) and is checked against it every night. `used_seconds`
    and `paused_seconds` count up to `counted_to`, its last entry. `due_at` is set
    while it can still be missed. `breached_at` is the instant at which the target was used up, however late
    it was noticed. `breach_probability` is the forecast for an open one.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="clocks")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric)
    cycle = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+")
    calendar = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, null=True, related_name="+")
    target_seconds = models.PositiveIntegerField(null=True)
    fixed_due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=ClockState)
    counted_to = models.DateTimeField()
    used_seconds = models.PositiveIntegerField(default=0)
    paused_seconds = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    breach_probability = models.FloatField(null=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "metric", "cycle"], name="clock_cycle_once"),
            models.CheckConstraint(
                condition=Q(state="running", due_at__isnull=False)
                | (Q(state="paused") & (Q(due_at__isnull=True) | Q(fixed_due_at__isnull=False)))
                | Q(state__in=["stopped", "cancelled"], due_at__isnull=True),
                name="clock_due_while_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["stopped", "cancelled"], stopped_at__isnull=False)
                | (~Q(state__in=["stopped", "cancelled"]) & Q(stopped_at__isnull=True)),
                name="clock_stopped_has_time",
            ),
            models.CheckConstraint(
                condition=Q(target_seconds__isnull=False) | Q(fixed_due_at__isnull=False), name="clock_has_an_aim"
            ),
            models.CheckConstraint(
                condition=Q(breach_probability__isnull=True) | Q(breach_probability__range=(0, 1)),
                name="clock_probability_range",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="clock_may_breach",
                condition=Q(due_at__isnull=False, breached_at__isnull=True),
            ),
            models.Index(
                fields=["metric", "ticket"], name="clock_breached", condition=Q(breached_at__isnull=False)
            ),
            models.Index(
                fields=["ticket"], name="clock_open_ticket", condition=Q(state__in=["running", "paused"])
            ),
            models.Index(
                fields=["policy"], name="clock_open_policy", condition=Q(state__in=["running", "paused"])
            ),
            models.Index(
                fields=["calendar"], name="clock_open_calendar", condition=Q(state__in=["running", "paused"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.metric} · {self.state}"


class Does(models.TextChoices):
    """What a clock does from an entry on."""

    RUN = "run", _("runs")
    PAUSE = "pause", _("stands still")
    STOP = "stop", _("stops: its aim is reached")
    CANCEL = "cancel", _("ends without a result")


class ClockEntry(models.Model):
    """One line of a clock's ledger: what it does from `at` on, by which aim, and the event that caused it.

    A segment lasts from one entry to the next. The database refuses UPDATE, DELETE and TRUNCATE.
    """

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    does = models.CharField(max_length=10, choices=Does)
    reason = models.CharField(max_length=40)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+")
    calendar = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, null=True, related_name="+")
    target_seconds = models.PositiveIntegerField(null=True)
    fixed_due_at = models.DateTimeField(null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["clock", "number"]
        constraints = [
            models.UniqueConstraint(fields=["clock", "number"], name="clock_entry_number"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} · {self.number} · {self.does} · {self.at.isoformat()}"
