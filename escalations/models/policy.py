"""Policies: which targets apply to which tickets, in versions that are never changed once published."""

from typing import NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from escalations.models.calendar import Calendar
from escalations.models.customer import Segment
from escalations.models.ticket import Channel, Priority, State


class Metric(models.TextChoices):
    """What a clock measures. docs/sla.md says when each starts, pauses and stops."""

    ACCEPT = "accept", _("Accept")
    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    UPDATE = "update", _("Promised update")
    FIRST_RESOLUTION = "first_resolution", _("First resolution")
    RESOLUTION = "resolution", _("Resolution")
    OWNERSHIP = "ownership", _("Team's work")
    HAND_OVER = "hand_over", _("Partner's work")
    REGULATORY = "regulatory", _("Regulatory deadline")


#: What teams and partners agreed among themselves (an OLA); the others are owed to the customer.
AMONG_US = frozenset({Metric.OWNERSHIP, Metric.HAND_OVER})


class PolicyKind(models.TextChoices):
    """A ticket goes by the first matching policy of each kind."""

    SERVICE = "service", _("Service levels")
    REGULATORY = "regulatory", _("Regulatory deadline")


class Policy(models.Model):
    """A named policy. The first one in use that matches a ticket, by its `current` version, wins."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=PolicyKind, default=PolicyKind.SERVICE)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("in use"), default=True)
    current = models.ForeignKey(
        "escalations.PolicyVersion", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Target(NamedTuple):
    """How long one metric may take at one priority, in open or in elapsed time."""

    minutes: int
    business_time: bool

    @property
    def seconds(self) -> int:
        return self.minutes * 60


class PolicyVersion(models.Model):
    """One version of a policy: a draft until it is published, immutable afterwards.

    An empty condition matches everything. `targets` is a list of {"metric", "priority", "minutes",
    "business_time"}, `ladder` one of steps (escalations.ladder documents them). With `own_calendars` the
    customer's, the segment's or the team's own calendar goes before `calendar`.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    calendar = models.ForeignKey(Calendar, verbose_name=_("calendar"), on_delete=models.PROTECT, related_name="+")
    own_calendars = models.BooleanField(
        _("prefer the customer's, the segment's or the team's calendar"), default=False
    )
    categories = ArrayField(
        models.PositiveBigIntegerField(), verbose_name=_("categories"), default=list, blank=True
    )
    teams = ArrayField(models.PositiveBigIntegerField(), verbose_name=_("teams"), default=list, blank=True)
    priorities = ArrayField(
        models.PositiveSmallIntegerField(choices=Priority), verbose_name=_("priorities"), default=list, blank=True
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
    targets = models.JSONField(_("targets"), default=list)
    ladder = models.JSONField(_("ladder"), default=list, blank=True)
    forgotten_after_minutes = models.PositiveIntegerField(
        _("open minutes without a touch after which a ticket counts as forgotten"), null=True, blank=True
    )
    raise_after_reopens = models.PositiveSmallIntegerField(
        _("reopenings after which the priority is raised"), null=True, blank=True
    )
    published_at = models.DateTimeField(null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = ["policy", "number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version"),
            models.UniqueConstraint(
                fields=["policy"], name="one_policy_draft", condition=Q(published_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | Q(published_at__isnull=False, published_by__isnull=False),
                name="policy_published_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"

    def target(self, metric: str, priority: int) -> Target | None:
        """Return the target of `metric` at `priority`, or None where this version sets none."""
        for row in self.targets:
            if row["metric"] == metric and row["priority"] == priority:
                return Target(row["minutes"], row["business_time"])
        return None
