"""The desk's own days: figures are counted from midnight to midnight in DESK_TIME_ZONE."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from common import clock


def zone() -> ZoneInfo:
    """Return the zone in which the desk's days begin and end."""
    return ZoneInfo(settings.DESK_TIME_ZONE)


def day_of(moment: datetime) -> date:
    """Return the desk's day that an aware moment lies in."""
    return moment.astimezone(zone()).date()


def today() -> date:
    """Return the desk's present day."""
    return day_of(clock.now())


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments at which the days from `first` to `last` begin and end (the end excluded)."""
    return _midnight(first), _midnight(last + timedelta(days=1))


def each(first: date, last: date) -> Iterator[date]:
    """Yield every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone())
