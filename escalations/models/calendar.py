"""Calendars: open hours in a zone, with holidays, in versions that are never changed once published."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from accounts.models.user import validate_time_zone
from escalations.models.customer import Customer, Segment


class HolidayRule(models.TextChoices):
    """What a holiday closes. The values are those of common.business_hours.HolidayRule."""

    SHIFT_START = "shift_start", _("every shift that starts on it, to its end")
    CALENDAR_DAY = "calendar_day", _("the day itself, from midnight to midnight")


class Calendar(models.Model):
    """A named calendar. Its hours are those of its newest published version, `current`."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    current = models.ForeignKey(
        "escalations.CalendarVersion", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """One version of a calendar's hours: a draft until it is published, immutable afterwards.

    `weekly` is a list of {"day": 0–6 (Monday is 0), "opens": "15:00", "closes": "24:00"}; a closing time at
    or before the opening one lies on the next day. Publishing freezes what the outside world may change
    later: `holidays`, the days on which it is closed, known up to the end of `holidays_until`, and
    `offsets`, the zone's UTC offsets as time zone data `tz_version` had them.
    """

    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    zone = models.CharField(_("time zone"), max_length=60, validators=[validate_time_zone])
    weekly = models.JSONField(_("weekly hours"))
    holiday_country = models.CharField(_("country whose holidays are kept"), max_length=2, blank=True)
    own_holidays = models.JSONField(_("further holidays"), default=list, blank=True)
    holiday_rule = models.CharField(
        _("a holiday closes"), max_length=16, choices=HolidayRule, default=HolidayRule.SHIFT_START
    )
    holidays = models.JSONField(default=list, editable=False)
    holidays_until = models.PositiveSmallIntegerField(null=True, editable=False)
    offsets = models.JSONField(default=list, editable=False)
    tz_version = models.CharField(max_length=20, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        ordering = ["calendar", "number"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="calendar_version"),
            models.UniqueConstraint(
                fields=["calendar"], name="one_calendar_draft", condition=Q(published_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | Q(published_at__isnull=False, published_by__isnull=False),
                name="calendar_published_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} v{self.number}"


class CalendarChoice(models.Model):
    """Whose own calendar it is: a team's, a customer segment's or one customer's."""

    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="choices")
    team = models.OneToOneField(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    segment = models.CharField(max_length=12, choices=Segment, blank=True)
    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(team__isnull=False, segment="", customer__isnull=True)
                | (Q(team__isnull=True, customer__isnull=True) & ~Q(segment=""))
                | Q(team__isnull=True, segment="", customer__isnull=False),
                name="calendar_of_one_thing",
            ),
            models.UniqueConstraint(fields=["segment"], name="one_calendar_per_segment", condition=~Q(segment="")),
        ]

    def __str__(self) -> str:
        return f"{self.team or self.segment or self.customer}: {self.calendar}"
