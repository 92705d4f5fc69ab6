"""Calendars in versions: their business hours, their holidays, and what publishing freezes."""

from collections.abc import Iterable
from functools import lru_cache

import holidays
import tzdata
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import business_hours, clock
from escalations.models import Calendar, CalendarVersion
from events import recording

#: Public holidays are reckoned for these years; beyond them only own dates close a calendar.
HOLIDAY_YEARS = range(2010, 2041)

SUBJECT = "calendar"


@lru_cache(maxsize=512)
def version(pk: int) -> CalendarVersion:
    """Return a published version, read once per process: it never changes. Raises CalendarVersion.DoesNotExist."""
    return CalendarVersion.objects.select_related("calendar").get(pk=pk, published_at__isnull=False)


def current(name: str) -> CalendarVersion:
    """Return the current version of the calendar of that name. Raises Calendar.DoesNotExist."""
    return version(Calendar.objects.get(name=name, current__isnull=False).current_id or 0)


def hours(version: CalendarVersion) -> business_hours.Calendar:
    """Return the version's business hours; a draft's with the holidays and offsets of today."""
    found: business_hours.Calendar | None = version.__dict__.get("_hours")
    if found is None or version.published_at is None:
        found = version.__dict__["_hours"] = _hours(version)
    return found


def _hours(version: CalendarVersion) -> business_hours.Calendar:
    frozen = version.published_at is not None
    closed = version.holidays if frozen else closed_days(version.holiday_country, version.own_holidays)
    offsets = tuple((at, offset) for at, offset in version.offsets) if frozen else zone_offsets(version.zone)
    weekly = tuple((row["day"], row["opens"], row["closes"]) for row in version.weekly)
    return _reckoned(version.zone, weekly, tuple(closed), str(version.holiday_rule), offsets)


@lru_cache(maxsize=256)
def _reckoned(
    zone: str,
    weekly: tuple[tuple[int, str, str], ...],
    closed: tuple[str, ...],
    rule: str,
    offsets: business_hours.Offsets,
) -> business_hours.Calendar:
    return business_hours.Calendar.from_json(
        {
            "zone": zone,
            "weekly": [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in weekly],
            "holidays": closed,
            "holiday_rule": rule,
            "offsets": offsets,
        }
    )


def zone_offsets(zone: str) -> business_hours.Offsets:
    """Return the zone's UTC offsets as this machine's time zone data has them."""
    return business_hours.zone_offsets(zone)


def closed_days(country: str, own: Iterable[str]) -> list[str]:
    """Return the days on which a calendar is closed, in order: a country's public holidays and own ones."""
    return sorted({*_public_holidays(country), *own})


@lru_cache(maxsize=64)
def _public_holidays(country: str) -> tuple[str, ...]:
    if not country:
        return ()
    return tuple(day.isoformat() for day in holidays.country_holidays(country, years=HOLIDAY_YEARS))


def validate(version: CalendarVersion) -> None:
    """Raise ValidationError, naming the field, if the hours can't be reckoned with."""
    country = version.holiday_country
    if country and country not in holidays.list_supported_countries():
        raise ValidationError({"holiday_country": _("No holidays are known for “%s”.") % country})
    try:
        found = hours(version)
        found.next_opening(clock.now())
    except business_hours.NeverOpens as error:
        raise ValidationError({"weekly": _("This calendar would never be open: %s") % error}) from error
    except (business_hours.CalendarError, KeyError, TypeError, AttributeError) as error:
        raise ValidationError({"weekly": _("These hours can't be reckoned with: %s") % error}) from error


def freeze(draft: CalendarVersion) -> None:
    """Write into a draft, in memory, the holidays and offsets of today, which it keeps once it is published."""
    draft.holidays = closed_days(draft.holiday_country, draft.own_holidays)
    draft.holidays_until = HOLIDAY_YEARS[-1] if draft.holiday_country else None
    draft.offsets = [list(pair) for pair in zone_offsets(draft.zone)]
    draft.tz_version = tzdata.IANA_VERSION
    draft.__dict__.pop("_hours", None)


@transaction.atomic
def publish(draft: CalendarVersion, *, by: User) -> CalendarVersion:
    """Publish a draft: freeze its holidays and its zone's offsets, and make it the calendar's hours.

    Clocks that run keep their version. Raises ValidationError.
    """
    calendar = Calendar.objects.select_for_update().get(pk=draft.calendar_id)
    validate(draft)
    freeze(draft)
    draft.published_at, draft.published_by = clock.now(), by
    draft.save()
    calendar.current = draft
    calendar.save(update_fields=["current"])
    recording.record(
        "calendar.published",
        subject=(SUBJECT, calendar.pk),
        by=by,
        data={"version": draft.pk, "number": draft.number},
    )
    return draft
