"""What is wrong with a calendar's hours, in sentences. Nothing here searches without an end."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any, NamedTuple

import holidays
from django.utils.translation import gettext as _

from accounts.models.user import time_zones
from common import business_hours, clock, durations
from escalations import calendars
from escalations.calendar_words import shift_in_words
from escalations.models import CalendarVersion, HolidayRule
from escalations.service_levels import Fault

MOST_SHIFTS = 70
MOST_CLOSED_DAYS = 400
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: A calendar that is open less would put deadlines decades ahead, beyond what can be reckoned.
LEAST_HOURS_A_YEAR = 52

_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_DAY = 24 * 60
_WEEK = 7 * _DAY


class _Shift(NamedTuple):
    """A weekly shift in minutes since Monday's midnight."""

    opens: int
    closes: int
    row: dict[str, Any]


def faults(draft: CalendarVersion) -> list[Fault]:
    """Return everything that is wrong with these hours; none, if they can be saved and published."""
    found = [*_of_the_place(draft), *_of_the_week(draft.weekly), *_of_the_closed_days(draft.own_holidays)]
    return found or _of_the_whole(draft)


def minutes(text: Any) -> int | None:
    """Return a time of day such as "16:00" in minutes, up to "24:00"; None for what is no time."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    found = int(match[1]) * 60 + int(match[2]) if match else None
    return found if found is not None and found <= _DAY else None


def closed_day(text: str) -> date:
    """Return a date such as 2026-12-24. Raises ValueError with a sentence."""
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(_("“%s” is no date such as 2026-12-24.") % text) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            _("%(day)s lies outside the years from %(first)d to %(last)d.")
            % {"day": text, "first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return day


def _of_the_place(draft: CalendarVersion) -> Iterator[Fault]:
    if draft.zone not in time_zones():
        yield Fault("zone", _("“%s” is no time zone that this machine knows.") % draft.zone)
    if draft.holiday_country and draft.holiday_country not in holidays.list_supported_countries():
        yield Fault("holiday_country", _("No holidays are known for “%s”.") % draft.holiday_country)
    if draft.holiday_rule not in HolidayRule.values:
        yield Fault("holiday_rule", _("Say what a holiday closes."))


def _of_the_week(weekly: Any) -> Iterator[Fault]:
    if not isinstance(weekly, list) or not weekly:
        yield Fault(
            "weekly", _("Without opening hours this calendar would never be open. Add at least one shift.")
        )
        return
    if len(weekly) > MOST_SHIFTS:
        yield Fault("weekly", _("A week has at most %d shifts.") % MOST_SHIFTS)
        return
    shifts = []
    for row in weekly:
        shift = _shift(row)
        if isinstance(shift, str):
            yield Fault("weekly", shift)
        else:
            shifts.append(shift)
    for one, other in combinations(sorted(shifts, key=lambda shift: shift.opens), 2):
        if one.closes > other.opens or other.closes > one.opens + _WEEK:
            yield Fault(
                "weekly",
                _("%(one)s and %(other)s overlap. Shorten one, or make one shift of both.")
                % {"one": shift_in_words(one.row), "other": shift_in_words(other.row)},
            )


def _shift(row: Any) -> _Shift | str:
    """Return the shift of a row of `weekly`, or the sentence that says what is wrong with it."""
    if not isinstance(row, dict) or row.get("day") not in range(7):
        return _("A shift needs a day of the week.")
    opens, closes = minutes(row.get("opens")), minutes(row.get("closes"))
    if opens is None or closes is None or opens == _DAY:
        return _("%s: write times such as 09:00, the end up to 24:00.") % shift_in_words(row)
    if opens == closes:
        return _("%s is empty. Round the clock is 00:00 to 24:00.") % shift_in_words(row)
    start = row["day"] * _DAY
    return _Shift(start + opens, start + (closes if closes > opens else closes + _DAY), row)


def _of_the_closed_days(days: Any) -> Iterator[Fault]:
    if not isinstance(days, list):
        yield Fault("own_holidays", _("Write one date a line, such as 2026-12-24."))
        return
    if len(days) > MOST_CLOSED_DAYS:
        yield Fault("own_holidays", _("At most %d further closed days can be listed.") % MOST_CLOSED_DAYS)
        return
    for text in days:
        try:
            closed_day(text)
        except ValueError as wrong:
            yield Fault("own_holidays", str(wrong))


def _of_the_whole(draft: CalendarVersion) -> list[Fault]:
    now = clock.now()
    try:
        hours = calendars.hours(draft)
        hours.next_opening(now)
    except business_hours.NeverOpens:
        return [
            Fault(
                "weekly",
                _("This calendar would not open within ten years: every day that has hours is a closed one. "
                  "Add hours on other days, or keep another country's holidays."),
            )
        ]  # fmt: skip
    open_seconds = hours.between(now, now + timedelta(days=365))
    if open_seconds < LEAST_HOURS_A_YEAR * durations.HOUR:
        return [
            Fault(
                "weekly",
                _("This calendar would be open for %(open)s in the coming year. "
                  "Deadlines need at least %(least)d hours, about one a week.")
                % {"open": durations.in_words(open_seconds, days=False), "least": LEAST_HOURS_A_YEAR},
            )
        ]  # fmt: skip
    return []


def warnings(version: CalendarVersion) -> list[str]:
    """Return what a lead should know of these hours, though nothing is wrong with them."""
    if not version.holiday_country:
        return []
    last = version.holidays_until or calendars.HOLIDAY_YEARS[-1]
    if last > clock.now().year + 1:
        return []
    return [
        _("Public holidays are known only to the end of %d. Deadlines beyond it are reckoned without them; "
          "a newer release of Secondline knows more.") % last
    ]  # fmt: skip
