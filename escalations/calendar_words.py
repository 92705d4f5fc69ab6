"""A calendar's hours in words, for pages and for comparing versions."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays
from babel import Locale
from django.utils import translation
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common import clock
from escalations import calendars
from escalations.models import CalendarVersion, HolidayRule

_CHANGES_SHOWN = 4
_LANGUAGES = {"en": "en_US", "es": "es"}


class Day(NamedTuple):
    """One day of a calendar: its open hours in the calendar's zone, and why it is closed if it is a closed day."""

    day: date
    hours: list[str]
    closed: str


def shift_in_words(row: Any) -> str:
    """Return a shift such as "Monday 09:00–17:00"."""
    day = row.get("day") if isinstance(row, dict) else None
    name = str(WEEKDAYS[day]).capitalize() if day in WEEKDAYS else "?"
    opens, closes = (row.get("opens", "?"), row.get("closes", "?")) if isinstance(row, dict) else ("?", "?")
    return f"{name} {opens}–{closes}"


def weekly_in_words(weekly: Sequence[dict[str, Any]]) -> list[str]:
    """Return the week in lines such as "Mon–Fri 09:00–13:00, 14:00–18:00", days with the same hours together."""
    by_day = {
        day: ", ".join(_hours(row) for row in sorted(rows, key=lambda row: row["opens"].zfill(5)))
        for day, rows in groupby(sorted(weekly, key=lambda row: row["day"]), key=lambda row: row["day"])
    }
    same: dict[str, list[int]] = {}
    for day, hours in by_day.items():
        same.setdefault(hours, []).append(day)
    return [f"{_days(days)} {hours}" for hours, days in same.items()]


def _hours(row: dict[str, Any]) -> str:
    opens, closes = row["opens"], row["closes"]
    if closes.zfill(5) <= opens.zfill(5) and closes not in {"0:00", "00:00"}:
        return _("%(opens)s–%(closes)s of the next day") % {"opens": opens, "closes": closes}
    return f"{opens}–{closes}"


def _days(days: list[int]) -> str:
    """Return "Mon–Fri" or "Mon, Wed–Thu" for days in order."""
    if len(days) == 7:
        return _("Every day")
    parts = []
    for _gap, run in groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
        names = [_short(day) for _place, day in run]
        parts.append(names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}")
    return ", ".join(parts)


def _short(day: int) -> str:
    return str(WEEKDAYS_ABBR[day]).capitalize()


def country(code: str) -> str:
    """Return a country's name in the reader's language."""
    locale = Locale.parse((translation.get_language() or "en")[:2])
    return str(locale.territories.get(code, code)) if code else ""


def in_words(version: CalendarVersion) -> dict[str, str]:
    """Return what a version says, by what it is about; several lines where it says several things."""
    until = version.holidays_until if version.published_at is not None else calendars.HOLIDAY_YEARS[-1]
    return {
        _("Time zone"): version.zone,
        _("Weekly hours"): "\n".join(weekly_in_words(version.weekly)),
        _("Public holidays"): country(version.holiday_country) or _("None kept"),
        _("Further closed days"): "\n".join(_date(date.fromisoformat(day)) for day in version.own_holidays),
        _("A holiday closes"): str(HolidayRule(version.holiday_rule).label),
        _("The zone's clock"): "\n".join(_clock_changes(version)),
        _("Holidays known until"): str(until) if version.holiday_country else "",
    }


def as_text(version: CalendarVersion) -> str:
    """Return the version in lines, with the days of a year on which it is closed, to be compared with another."""
    said = in_words(version) | {_("Closed on"): "\n".join(_date(day) for day in _closed_from(version))}
    return "\n".join(f"{label}: {line}" for label, text in said.items() for line in text.splitlines())


def _from(version: CalendarVersion) -> datetime:
    return version.published_at or clock.now()


def closed_days(version: CalendarVersion) -> list[str]:
    """Return the days on which a version is closed: frozen ones, or a draft's as they are known today."""
    if version.published_at is not None:
        return list(version.holidays)
    return calendars.closed_days(version.holiday_country, version.own_holidays)


def _closed_from(version: CalendarVersion) -> list[date]:
    first = _from(version).date()
    last = first + timedelta(days=365)
    return [day for text in closed_days(version) if first <= (day := date.fromisoformat(text)) < last]


def _clock_changes(version: CalendarVersion) -> Iterable[str]:
    """Yield the offset then, and the next changes of it, as the version reckons with them."""
    offsets = version.offsets if version.published_at is not None else calendars.zone_offsets(version.zone)
    since = int(_from(version).timestamp())
    held = max((pair for pair in offsets if pair[0] <= since), default=offsets[0])
    yield offset_in_words(held[1])
    for at, offset in [pair for pair in offsets if pair[0] > since][:_CHANGES_SHOWN]:
        yield _("%(offset)s from %(day)s") % {
            "offset": offset_in_words(offset),
            "day": date_format(datetime.fromtimestamp(at, UTC), _("j M Y, H:i")) + " UTC",
        }


def offset_in_words(seconds: int) -> str:
    """Return an offset such as "UTC−03:00"."""
    hours, rest = divmod(abs(seconds) // 60, 60)
    return f"UTC{'−' if seconds < 0 else '+'}{hours:02d}:{rest:02d}"


def coming_days(version: CalendarVersion, count: int = 14) -> list[Day]:
    """Return the calendar's coming days, from today in its zone, with their open hours."""
    zone = ZoneInfo(version.zone)
    today = clock.now().astimezone(zone).date()
    midnights = [datetime.combine(today + timedelta(days=n), datetime.min.time(), zone) for n in range(count + 1)]
    spans = calendars.hours(version).spans(midnights[0], midnights[-1])
    closed = set(closed_days(version))
    return [
        Day(
            start.date(),
            [_span(max(a, start), min(b, end), zone, end) for a, b in spans if a < end and b > start],
            _why_closed(version, start.date()) if start.date().isoformat() in closed else "",
        )
        for start, end in pairwise(midnights)
    ]


def _span(opens: datetime, closes: datetime, zone: ZoneInfo, midnight: datetime) -> str:
    end = "24:00" if closes == midnight else f"{closes.astimezone(zone):%H:%M}"
    return f"{opens.astimezone(zone):%H:%M}–{end}"


def next_holidays(version: CalendarVersion, count: int = 6) -> list[tuple[date, str]]:
    """Return the next closed days, each with its name or with why it is closed."""
    today = clock.now().astimezone(ZoneInfo(version.zone)).date()
    coming = [day for text in closed_days(version) if (day := date.fromisoformat(text)) >= today]
    return [(day, _why_closed(version, day)) for day in coming[:count]]


def _why_closed(version: CalendarVersion, day: date) -> str:
    if version.holiday_country:
        name = _public_holidays(version.holiday_country, day.year).get(day)
        if name:
            return str(name)
    return _("own closed day") if day.isoformat() in version.own_holidays else _("public holiday")


def _public_holidays(code: str, year: int) -> Any:
    wanted = _LANGUAGES.get((translation.get_language() or "en")[:2], "")
    spoken = getattr(holidays.country_holidays(code), "supported_languages", ())
    return holidays.country_holidays(code, years=year, language=wanted if wanted in spoken else None)


def _date(day: date) -> str:
    return date_format(day, _("D j M Y"))
