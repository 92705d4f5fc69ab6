"""Figures in words: shares, lengths, days."""

from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from common import durations
from escalations.models import Metric
from reports.periods import Period
from reports.selection import Selection

NONE = "–"


def percent(share: float | None) -> str:
    """Return "93.4 %", or a dash where there is nothing to take a share of."""
    return NONE if share is None else f"{number_format(share, 1)} %"


def decimal(value: float | None, places: int = 1) -> str:
    return NONE if value is None else number_format(value, places)


def whole(value: int) -> str:
    """Return a count with its thousands grouped."""
    return number_format(value, force_grouping=True)


def points(difference: float | None) -> str:
    """Return a difference of two percentages with its sign, "+1.5"."""
    if difference is None:
        return NONE
    sign = "+" if difference > 0 else "−" if difference < 0 else "±"
    return f"{sign}{number_format(abs(difference), 1)}"


def length(seconds: float | None) -> str:
    """Return "2 h 05 min"."""
    return NONE if seconds is None else durations.in_words(seconds)


def period(kind: Period, start: date) -> str:
    """Return what an axis says of a period: "3 May", "week of 3 May" as "3 May", "May 2026"."""
    return date_format(start, _("M Y") if kind is Period.MONTH else _("j M"))


def iso_day(day: str) -> str:
    """Return a day written 2026-05-03 as "3 May"."""
    return date_format(date.fromisoformat(day), _("j M"))


def period_heading(kind: Period) -> str:
    return {Period.DAY: _("Day"), Period.WEEK: _("Week from"), Period.MONTH: _("Month")}[kind]


def bounds(kind: Period, start: date, selection: Selection) -> dict[str, Any]:
    """Return the days of a period that lie in the selection, as parameters of an address."""
    return {
        "since": max(start, selection.first),
        "until": min(kind.next(start) - timedelta(days=1), selection.last),
    }


def clock_name(metric: Metric) -> str:
    """Return how the time until a clock's aim is called."""
    return {
        Metric.ACCEPT: _("Time to accept"),
        Metric.FIRST_RESPONSE: _("Time to first response"),
        Metric.RESOLUTION: _("Time to resolve"),
    }[metric]


def age(youngest: int, oldest: int | None) -> str:
    """Return how old in days: "today", "1–2 days", "30 days and more"."""
    if oldest is None:
        return _("%d days and more") % youngest
    if oldest == 0:
        return _("Today")
    return _("%(from)d–%(to)d days") % {"from": youngest, "to": oldest}


def odds(probability: float) -> str:
    """Return a small probability as "1 in 5,000"; below one in a million it says no more."""
    if probability <= 1e-6:
        return _("below 1 in a million")
    return _("1 in %s") % whole(round(1 / probability))
