"""Service levels: calendars, policies with their targets, and the clocks that run."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from accounts.models.user import validate_time_zone
from escalations.models.catalogue import Category
from escalations.models.customer import Segment
from escalations.models.ticket import Channel, Priority, State, Ticket


class Metric(models.TextChoices):
    ACCEPT = "accept", _("Accept")
    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")


class Calendar(models.Model):
    """Open hours in a zone, with holidays.

    `weekly` is a list of {"day": 0–6 (Monday is 0), "opens": "15:00", "closes":
    "24:00"}; a closing time at or before the opening one lies on the next day.
    A holiday closes every shift that starts on it.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    zone = models.CharField(_("time zone"), max_length=60, validators=[validate_time_zone])
    weekly = models.JSONField(_("weekly hours"))
    holiday_country = models.CharField(_("country whose holidays are kept"), max_length=2, blank=True)
    own_holidays = models.JSONField(_("further holidays"), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """Which targets apply to which tickets. The first active policy that matches wins.

    An empty condition matches everything.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("in use"), default=True)
    calendar = models.ForeignKey(Calendar, verbose_name=_("calendar"), on_delete=models.PROTECT)
    categories = models.ManyToManyField(Category, verbose_name=_("categories"), blank=True)
    teams = models.ManyToManyField(Team, verbose_name=_("teams"), blank=True)
    priorities = ArrayField(
        models.PositiveSmallIntegerField(choices=Priority),
        verbose_name=_("priorities"),
        default=list,
        blank=True,
    )
    segments = ArrayField(
        models.CharField(max_length=12, choices=Segment), verbose_name=_("segments"), default=list, blank=True
    )
    channels = ArrayField(
        models.CharField(max_length=12, choices=Channel), verbose_name=_("channels"), default=list, blank=True
    )
    pauses_in = ArrayField(
        models.CharField(max_length=20, choices=State), verbose_name=_("states that pause the clocks"),
        default=list, blank=True,
    )  # fmt: skip

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Target(models.Model):
    """How long one metric may take at one priority, in open or in calendar time."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="targets")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority)
    minutes = models.PositiveIntegerField(_("minutes"))
    business_time = models.BooleanField(_("count open hours only"), default=True)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["policy", "metric", "priority"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "metric", "priority"], name="one_target"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="target_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} · {self.get_metric_display()} · P{self.priority}"


class ClockState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    CANCELLED = "cancelled", _("Cancelled")


class Clock(models.Model):
    """One metric's clock on one ticket. Its segments are the truth; the rest is derived.

    `due_at` is set only while the clock runs. `breached_at` is the instant at
    which the target was used up, however late it was noticed.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="clocks")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, related_name="+")
    target_seconds = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ClockState)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "metric"], name="one_clock_per_metric"),
            models.CheckConstraint(
                condition=(Q(state="running") & Q(due_at__isnull=False))
                | (~Q(state="running") & Q(due_at__isnull=True)),
                name="clock_due_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["stopped", "cancelled"], stopped_at__isnull=False)
                | (~Q(state__in=["stopped", "cancelled"]) & Q(stopped_at__isnull=True)),
                name="clock_stopped_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="clock_may_breach",
                condition=Q(state="running", breached_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.metric} · {self.state}"


class ClockSegment(models.Model):
    """A stretch in which a clock ran or stood still, and what made it begin.

    `used_seconds` is the time counted against the target, by the calendar that
    was in force; it is written when the segment ends.
    """

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="segments")
    is_running = models.BooleanField()
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    used_seconds = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["clock"], name="one_open_segment", condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="segment_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} · {'run' if self.is_running else 'pause'} · {self.started_at.isoformat()}"
