"""Stored calendars turned into business hours, with the holidays of their country."""

from functools import lru_cache

import holidays
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from common import business_hours
from escalations.models import Calendar

# Public holidays are reckoned for these years; beyond them only own dates close a calendar.
HOLIDAY_YEARS = range(2010, 2041)


def hours(calendar: Calendar) -> business_hours.Calendar:
    """Return the calendar's business hours, reckoned once per stored version."""
    return _hours(
        calendar.zone,
        tuple((row["day"], row["opens"], row["closes"]) for row in calendar.weekly),
        calendar.holiday_country,
        tuple(calendar.own_holidays),
    )


@lru_cache(maxsize=256)
def _hours(
    zone: str, weekly: tuple[tuple[int, str, str], ...], country: str, own: tuple[str, ...]
) -> business_hours.Calendar:
    public = holidays.country_holidays(country, years=HOLIDAY_YEARS) if country else {}
    return business_hours.Calendar.from_json(
        {
            "zone": zone,
            "weekly": [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in weekly],
            "holidays": sorted({*(day.isoformat() for day in public), *own}),
        }
    )


def validate(calendar: Calendar) -> None:
    """Raise ValidationError, naming the field, if the calendar can't be reckoned with."""
    if calendar.holiday_country and calendar.holiday_country not in holidays.list_supported_countries():
        raise ValidationError({"holiday_country": _("No holidays are known for “%s”.") % calendar.holiday_country})
    try:
        hours(calendar)
    except (business_hours.CalendarError, KeyError, TypeError, AttributeError) as error:
        raise ValidationError({"weekly": _("These hours can't be reckoned with: %s") % error}) from error
