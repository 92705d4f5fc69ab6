"""Spans of time in words: short, of one width in tables, in the reader's language.

The page's script (frontend/js/times.js) keeps these words true while a page
stays open, from the same phrases: change both together.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common import clock

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RELATIVE_WITHIN = timedelta(days=30)


def phrases() -> Mapping[str, str]:
    """Return the phrases in the language now active, with {n} and the like to be filled in."""
    return _phrases_in(get_language())


@cache
def _phrases_in(_language: str | None) -> Mapping[str, str]:
    """Look the phrases up once for each language: a page says dozens of spans of time."""
    return {
        "just_now": _("just now"),
        "minutes_ago": _("{n} min ago"),
        "hours_ago": _("{n} h ago"),
        "days_ago": _("{n} d ago"),
        "minutes_ahead": _("in {n} min"),
        "hours_ahead": _("in {n} h"),
        "days_ahead": _("in {n} d"),
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
        "hours": _("{n} h"),
        "hours_minutes": _("{h} h {m} min"),
        "days_hours": _("{d} d {h} h"),
        "left": _("{time} left"),
        "over": _("{time} over"),
    }


def in_words(span: timedelta | float, *, days: bool = True) -> str:
    """Return "45 s", "12 min", "2 h 05 min" or "3 d 4 h". `span` in seconds unless a timedelta.

    Without `days` it goes on in hours: a day of business time is no day of the calendar.
    """
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    seconds = max(0, seconds)
    words = phrases()
    if seconds < MINUTE:
        return words["seconds"].format(n=seconds)
    if seconds < HOUR:
        return words["minutes"].format(n=seconds // MINUTE)
    if seconds < DAY or not days:
        return words["hours_minutes"].format(h=seconds // HOUR, m=f"{seconds % HOUR // MINUTE:02d}")
    return words["days_hours"].format(d=seconds // DAY, h=seconds % DAY // HOUR)


def to_the_second(seconds: int) -> str:
    """Return "1 h 02 min 03 s", "12 min 00 s" or "9 s": a sum that can be checked."""
    if seconds < MINUTE:
        return phrases()["seconds"].format(n=seconds)
    minutes, rest = seconds % HOUR // MINUTE, f"{seconds % MINUTE:02d}"
    if seconds < HOUR:
        return _("{m} min {s} s").format(m=minutes, s=rest)
    return _("{h} h {m} min {s} s").format(h=seconds // HOUR, m=f"{minutes:02d}", s=rest)


def roughly(seconds: float) -> str:
    """Return "12 min", "2 h 05 min", and from ten hours on whole hours, "45 h": for tight places."""
    if seconds < 10 * HOUR:
        return in_words(seconds)
    return phrases()["hours"].format(n=int(seconds // HOUR))


def relative(moment: datetime) -> str:
    """Return "3 min ago" or "in 2 h"; a moment more than 30 days away as its date."""
    away = moment - clock.now()
    if abs(away) >= RELATIVE_WITHIN:
        return date_format(timezone.localtime(moment), _("j M Y"))
    words, seconds = phrases(), abs(int(away.total_seconds()))
    if seconds < MINUTE:
        return words["just_now"]
    tense = "ago" if away < timedelta() else "ahead"
    if seconds < HOUR:
        return words[f"minutes_{tense}"].format(n=seconds // MINUTE)
    if seconds < DAY:
        return words[f"hours_{tense}"].format(n=seconds // HOUR)
    return words[f"days_{tense}"].format(n=seconds // DAY)


def zone_name(moment: datetime) -> str:
    """Return the short name of an aware moment's zone: the city, since "PST" is Manila's and California's."""
    zone = moment.tzinfo
    key = zone.key if isinstance(zone, ZoneInfo) else moment.strftime("%Z")
    return key.rsplit("/", 1)[-1].replace("_", " ")


def on_the_second(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """Return "Mon 23 Nov 2026, 15:40:07". `zone`: the reader's unless given."""
    return date_format(timezone.localtime(moment, zone), _("D j M Y, H:i:s"))


def stretch(start: datetime, end: datetime, zone: ZoneInfo | None = None) -> str:
    """Return "Mon 23 Nov 2026, 15:00:00–15:40:07", with the second day where it is another one."""
    begins, ends = timezone.localtime(start, zone), timezone.localtime(end, zone)
    pattern = "H:i:s" if begins.date() == ends.date() else _("D j M Y, H:i:s")
    dash = "–" if begins.date() == ends.date() else " – "
    return f"{on_the_second(start, zone)}{dash}{date_format(ends, pattern)}"


def exact(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """Return "Mon 23 Nov 2026, 15:40:07 (Asia/Manila, UTC+08:00)". `zone`: the reader's unless given."""
    local = timezone.localtime(moment, zone)
    return _exact(local, str(local.tzinfo), get_language())


@lru_cache(maxsize=10_000)
def _exact(local: datetime, _zone: str, _language: str | None) -> str:
    """Say it in words: the moments of a timeline are the same for all who read it."""
    offset = local.strftime("%z")
    key = local.tzinfo.key if isinstance(local.tzinfo, ZoneInfo) else local.strftime("%Z")
    return f"{date_format(local, _('D j M Y, H:i:s'))} ({key}, UTC{offset[:3]}:{offset[3:]})"
