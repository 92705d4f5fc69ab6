"""Incidents: something stood where it must not, or the trail was tampered with; and the finds of each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from accounts.models import User


class Cause(models.TextChoices):
    FOUND = "found", _("Card or secret")
    TRAIL = "trail", _("Audit trail not intact")


class Way(models.TextChoices):
    """By which door something came in, or how it was found."""

    FORM = "form", _("Form")
    API = "api", pgettext_lazy("way in", "API")
    DRAFT = "draft", _("Draft")
    FILE = "file", _("Attached file")
    FILE_NAME = "file_name", _("Name of a file")
    ADDRESS = "address", _("Search or address")
    IMPORT = "import", _("Import")
    JOB = "job", _("Background job")
    LOG = "log", _("Log")
    SWEEP = "sweep", _("Sweep")
    CHECK = "check", _("Check of the trail")


class State(models.TextChoices):
    OPEN = "open", _("Open")
    HANDLED = "handled", _("Handled")


#: For objects that not everybody may see: of each type, the ids that exist for a person.
Visible = Callable[["User"], models.QuerySet[Any]]
_visible: dict[str, Visible] = {}


def guard_places(kind: str, visible: Visible) -> None:
    """Show incidents at objects of this type only to whom the object exists for; an app says so when it starts."""
    _visible[kind] = visible


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: "User") -> "IncidentQuerySet":
        """Return what exists for the person: all of it for auditors and admins, their own people's for leads.

        Nobody is shown one at an object that is absent for them.
        """
        if not (user.reads_all or user.is_lead):
            return self.none()
        found = self
        guarded = Q()
        for kind, visible in _visible.items():
            guarded |= Q(place_type=kind, place_id__in=visible(user))
            found = found.filter(~Q(place_type=kind) | Q(place_id__in=visible(user)))
        if user.reads_all:
            return found
        led = Q(person__memberships__team__in=user.teams_as("lead"))
        mine = self.model.objects.filter(guarded | led).values("pk") if guarded else self.filter(led).values("pk")
        return found.filter(pk__in=mine)


class Incident(models.Model):
    """What was found at one place, until somebody has dealt with it. It never holds what was found.

    The place is an object (`ticket` 1042), a page (`page.account_login`), a column or a file. `kinds` counts what
    was found by kind. `removed_at` is empty while something still stands there.
    """

    cause = models.CharField(max_length=10, choices=Cause)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    place_type = models.CharField(max_length=60)
    place_id = models.BigIntegerField(default=0)
    place = models.CharField(max_length=200, blank=True)
    way = models.CharField(max_length=12, choices=Way)
    kinds = models.JSONField(default=dict)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("security incident")
        verbose_name_plural = _("security incidents")
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "place_type", "place_id", "place"],
                name="incident_one_open_at_a_place",
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                condition=Q(state="open", handled_at=None, handled_by=None)
                | Q(state="handled", handled_at__isnull=False, handled_by__isnull=False) & ~Q(note=""),
                name="incident_handled_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["-last_at", "-id"], name="incident_last")]

    def __str__(self) -> str:
        return f"INC-{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN


class Find(models.Model):
    """What came in once, by one door, of one person; again within minutes, `times` counts it.

    `deed` is the kind of the event that it came with, if it came with a change. `rows` names the rows of a table
    in which a sweep found something. `is_stored` is whether the change that it came with was carried out.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="finds")
    way = models.CharField(max_length=12, choices=Way)
    deed = models.CharField(max_length=60, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kinds = models.JSONField()
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    removed_at = models.DateTimeField(null=True)
    is_stored = models.BooleanField(default=True)
    rows = models.JSONField(default=list)

    class Meta:
        verbose_name = _("find")
        verbose_name_plural = _("finds")
        ordering = ["-last_at", "-id"]

    def __str__(self) -> str:
        return f"{self.way} · {', '.join(sorted(self.kinds))}"
