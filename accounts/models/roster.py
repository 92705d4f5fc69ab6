"""Rosters: who works when. Weekly shifts in versions, dated exceptions, and who is on duty at present."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.team import Team
from accounts.models.user import validate_time_zone
from common.business_hours import DAY, Interval


class Roster(models.Model):
    """One version of a team's weekly shifts; a draft until it is published.

    A published version is in force from `published_at` until the next one is published. The database refuses
    to change or delete it, and to add, change or take away its shifts.
    """

    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT, related_name="rosters")
    number = models.PositiveIntegerField(_("version"))
    zone = models.CharField(_("time zone"), max_length=60, validators=[validate_time_zone])
    saved_at = models.DateTimeField(_("saved"))
    saved_count = models.PositiveIntegerField(default=1)  # of a draft: what a stale edit is told from
    published_at = models.DateTimeField(_("published"), null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("published by"), on_delete=models.PROTECT, null=True,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
        ordering = ["team", "number"]
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="roster_version"),
            models.UniqueConstraint(fields=["team"], name="roster_one_draft", condition=Q(published_at=None)),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None)
                | Q(published_at__isnull=False, published_by__isnull=False),
                name="roster_published_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} · {self.number}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


class Shift(models.Model):
    """One person's weekly shift, in wall time of the roster's zone.

    `opens` and `closes` are minutes after midnight of `day` (Monday is 0); beyond 1440 is on the next day.
    """

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="shifts")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT, related_name="shifts"
    )
    day = models.PositiveSmallIntegerField(_("day"))
    opens = models.PositiveSmallIntegerField(_("from"))
    closes = models.PositiveSmallIntegerField(_("until"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["roster", "day", "opens", "person"]
        constraints = [
            models.CheckConstraint(
                condition=Q(day__range=(0, 6), opens__lt=DAY, closes__gt=F("opens"), closes__lte=F("opens") + DAY),
                name="shift_within_a_day",
            ),
            models.UniqueConstraint(fields=["roster", "person", "day", "opens"], name="shift_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.interval}"

    @property
    def interval(self) -> Interval:
        return Interval(self.day, self.opens, self.closes)


class ExceptionKind(models.TextChoices):
    LEAVE = "leave", _("Leave")
    SICK = "sick", _("Sick")
    EXTRA = "extra", _("Extra shift")


OFF_KINDS = (ExceptionKind.LEAVE, ExceptionKind.SICK)


class RosterException(models.Model):
    """A dated deviation from the weekly shifts, which outlives the version it was entered under.

    Leave and sickness take away every shift that starts on a day from `first_day` to `last_day`, whatever team
    it is for. An extra shift is for `team`, from one instant to another. What was undone stays, and counts no
    more.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT,
        related_name="roster_exceptions",
    )  # fmt: skip
    team = models.ForeignKey(
        Team, verbose_name=_("team"), on_delete=models.PROTECT, related_name="roster_exceptions"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ExceptionKind)
    first_day = models.DateField(_("first day"), null=True)
    last_day = models.DateField(_("last day"), null=True)
    starts_at = models.DateTimeField(_("from"), null=True)
    ends_at = models.DateTimeField(_("until"), null=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["first_day", "starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind=ExceptionKind.EXTRA, first_day=None, last_day=None,
                    starts_at__isnull=False, ends_at__gt=F("starts_at"),
                )
                | Q(
                    kind__in=OFF_KINDS, starts_at=None, ends_at=None,
                    first_day__isnull=False, last_day__gte=F("first_day"),
                ),
                name="roster_exception_days_or_times",
            )
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "last_day"], name="roster_off_of_person", condition=Q(undone_at=None)),
            models.Index(fields=["team", "ends_at"], name="roster_extra_of_team", condition=Q(undone_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_kind_display()}"

    @property
    def is_off(self) -> bool:
        return self.kind in OFF_KINDS


class Attendance(models.Model):
    """Whether a person is on duty for a team, as last noted, and when that changes next.

    Computed when a shift begins or ends and whenever the roster changes; the beat asks for what is due.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attendance")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    on_duty = models.BooleanField()
    next_change_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "team"], name="attendance_once")]
        indexes = [
            models.Index(
                fields=["next_change_at"], name="attendance_due", condition=Q(next_change_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} for {self.team_id}: {'on' if self.on_duty else 'off'}"
