"""Calendars in versions: their business hours, their holidays, and what publishing freezes."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from common import business_hours, clock, zones
from escalations.models import Calendar, CalendarVersion
from events import recording

#: Public holidays are reckoned for these years; beyond them only own dates close a calendar.
HOLIDAY_YEARS = range(2010, 2041)

SUBJECT = "calendar"

#: The outside world has changed what publishing froze: the zone's clock, or the public holidays.
ZONE_CHANGED = "calendar.zone_changed"
HOLIDAYS_CHANGED = "calendar.holidays_changed"

_log = logging.getLogger(__name__)


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


def knows_holidays(version: CalendarVersion, at: datetime) -> bool:
    """Tell whether the public holidays of that instant's year are known; one that keeps none needs none."""
    if not version.holiday_country:
        return True
    until = HOLIDAY_YEARS[-1] if version.published_at is None else version.holidays_until
    return until is None or at.astimezone(ZoneInfo(version.zone)).year <= until


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
    draft.tz_version = zones.data_version()
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


def check_zones() -> list[CalendarVersion]:
    """Publish the next version of every calendar for which the outside world is not what was frozen any more.

    That is: from now on, the machine's tz data give its zone other offsets, or other public holidays are
    known. The hours stay the same, running clocks keep their version, and an event says what changed.
    Returns what was published. Doing it again does nothing.
    """
    zones.read_again()
    in_force = Calendar.objects.filter(current__isnull=False).select_related("current")
    outdated = [calendar for calendar in in_force if calendar.current and _changes_outside(calendar.current)]
    return [renewed for calendar in outdated if (renewed := _renew(calendar)) is not None]


@transaction.atomic
def _renew(calendar: Calendar) -> CalendarVersion | None:
    calendar = Calendar.objects.select_for_update(of=("self",)).select_related("current").get(pk=calendar.pk)
    former = calendar.current
    changes = _changes_outside(former) if former else []
    if former is None or not changes:
        return None
    # A draft that somebody is at keeps what they wrote and becomes the version after this one.
    calendar.versions.filter(published_at=None).update(number=former.number + 2)
    renewed = CalendarVersion(
        calendar=calendar,
        number=former.number + 1,
        zone=former.zone,
        weekly=former.weekly,
        holiday_country=former.holiday_country,
        own_holidays=former.own_holidays,
        holiday_rule=former.holiday_rule,
    )
    publish(renewed, by=people.system())
    for kind in changes:
        data = {"version": renewed.pk, "number": renewed.number, "tz_version": renewed.tz_version}
        recording.record(kind, subject=(SUBJECT, calendar.pk), by=people.system(), data=data)
    return renewed


def _changes_outside(version: CalendarVersion) -> list[str]:
    """Return the kinds of what has changed, from now on, since the version was published."""
    now = clock.now()
    try:
        offsets = zone_offsets(version.zone)
        closed = closed_days(version.holiday_country, version.own_holidays)
    except (zones.CalendarError, NotImplementedError):
        _log.warning("%s: its zone or country is not known here any more; it keeps what it has", version)
        return []
    today = now.astimezone(ZoneInfo(version.zone)).date().isoformat()
    changes = []
    if _from_now_on(version.offsets, now) != _from_now_on(offsets, now):
        changes.append(ZONE_CHANGED)
    until = HOLIDAY_YEARS[-1] if version.holiday_country else None
    if until != version.holidays_until or [d for d in version.holidays if d >= today] != [
        d for d in closed if d >= today
    ]:
        changes.append(HOLIDAYS_CHANGED)
    return changes


def _from_now_on(offsets: Sequence[Sequence[int]], now: datetime) -> list[tuple[int, ...]]:
    """Return the offset that holds now, and those to come with their instants."""
    at = int(now.timestamp())
    held = [offset for begins, offset in offsets if begins <= at] or [offsets[0][1]]
    return [(held[-1],), *(tuple(pair) for pair in offsets if pair[0] > at)]
