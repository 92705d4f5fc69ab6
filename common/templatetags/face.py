"""Marks and blocks that every page is made of. How to use each: frontend/README.md."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common import clock, differences, durations

register = template.Library()

DUE_SOON = timedelta(hours=1)

# Each browser also bears the names of those after it: the first that fits is right.
BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox",
    "Chrome": "Chrome", "CriOS": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS = {
    "Android": "Android", "iPhone": "iOS", "iPad": "iOS", "Windows": "Windows",
    "Mac OS": "macOS", "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip


@register.simple_tag
def relative_time(moment: datetime | None) -> str:
    """Return <time> that says "3 min ago", with the exact time on hover; an en dash for None."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(),
        durations.exact(moment),
        durations.relative(moment),
    )


@register.simple_tag
def exact_time(moment: datetime | None, pattern: str = "") -> str:
    """Return <time> in the reader's zone, which is named. `pattern` as of the filter `date`, translated."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{} {}</time>',
        moment.isoformat(),
        durations.exact(moment),
        date_format(local, pattern or _("j M Y, H:i")),
        durations.zone_name(local),
    )


@register.filter
def duration(span: timedelta | float | None) -> str:
    """Return a span in words, "2 h 05 min"; a bare number is seconds; an en dash for None."""
    return "–" if span is None or span == "" else durations.in_words(span)


@register.filter
def initials(name: object) -> str:
    """Return at most two capitals of a name: first and last word."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper()


@register.filter
def browser(user_agent: str) -> str:
    """Return "Firefox, Linux" for a browser's long name of itself, or the start of that name."""
    found = (
        next((name for mark, name in names.items() if mark in user_agent), "") for names in (BROWSERS, SYSTEMS)
    )
    return ", ".join(filter(None, found)) or user_agent[:60]


@register.inclusion_tag("components/deadline.html")
def deadline(
    due: datetime | None = None,
    *,
    state: str = "running",
    remaining: timedelta | float | None = None,
    label: str = "",
    zone: str = "",
    soon: timedelta = DUE_SOON,
    short: bool = False,
    business: bool = False,
    more: str = "",
) -> dict[str, Any]:
    """Show one deadline.

    `state`: running, overdue, paused, met or missed (soon and overdue follow from
    the time left too). `remaining`: business time left, when it is not simply `due` minus
    now (negative when over). `zone`: the name of the zone to show it in, the
    reader's by default. `short` leaves the clock time to the hover text.
    `business`: what is left is business time, told in hours. `more`: quiet
    words behind the clock time.
    """
    left = _as_span(remaining)
    if left is None and due is not None:
        left = due - clock.now()
    if state == "running" and left is not None:
        state = "overdue" if left < timedelta() else "soon" if left < soon else "running"
    local = timezone.localtime(due, ZoneInfo(zone) if zone else None) if due else None
    return {
        "state": state,
        "label": label,
        "text": _deadline_text(state, left, days=not business),
        "due": due,
        "refresh": remaining is None and due is not None and state in {"running", "soon", "overdue"},
        "soon_seconds": int(soon.total_seconds()),
        "when": _clock_time(local) if local and not short else "",
        "title": _deadline_title(due, zone, business=business) if due else "",
        "more": more,
    }


def _deadline_title(due: datetime, zone: str, *, business: bool) -> str:
    exact = durations.exact(due, ZoneInfo(zone) if zone else None)
    return _("%s, counted in business time") % exact if business else exact


def _as_span(value: timedelta | float | None) -> timedelta | None:
    return value if value is None or isinstance(value, timedelta) else timedelta(seconds=value)


def _deadline_text(state: str, left: timedelta | None, *, days: bool) -> str:
    words = durations.phrases()
    if state == "met":
        return _("Met")
    if state == "missed":
        return _("Missed")
    if state == "paused":
        if left is not None and left <= timedelta():
            return _("Paused, time is up")
        return (
            _("Paused")
            if left is None
            else _("Paused, {time} left").format(time=durations.in_words(left, days=days))
        )
    if left is None:
        return "–"
    phrase = words["over" if state == "overdue" or left < timedelta() else "left"]
    return phrase.format(time=durations.in_words(abs(left), days=days))


def _clock_time(local: datetime) -> str:
    """Return "15:40 Manila", with the day when it is not today's."""
    today = clock.now().astimezone(local.tzinfo).date()
    days_away = abs((local.date() - today).days)
    pattern = "H:i" if days_away == 0 else "D H:i" if days_away < 6 else _("j M, H:i")
    return f"{date_format(local, pattern)} {durations.zone_name(local)}"


@register.inclusion_tag("components/diff.html")
def text_diff(old: str, new: str) -> dict[str, Any]:
    """Show what changed between two texts, line by line, with three unchanged lines around."""
    return {"lines": differences.compare(old, new)}


@register.inclusion_tag("components/chart.html")
def chart(chart_id: str, title: str, data: Mapping[str, Any], *, note: str = "", size: str = "") -> dict[str, Any]:
    """Draw a chart with its table behind it. `data`: see frontend/README.md; `size`: small or tall."""
    return {
        "data_id": f"{chart_id}-data",
        "title": title,
        "data": data,
        "note": note,
        "size": size,
        "rows": _chart_rows(data),
    }


def _chart_rows(data: Mapping[str, Any]) -> list[tuple[str, list[tuple[Any, str | None]]]]:
    """Return the chart as table rows: a label, then (number, link) for each column."""
    series: list[Mapping[str, Any]] = list(data.get("series", ()))
    if data["type"] == "heat":
        cells = {(x, y): number for x, y, number in series[0]["values"]}
        return [
            (label, [(cells.get((x, y)), None) for x in range(len(data["x"]))])
            for y, label in enumerate(data["y"])
        ]
    columns = [list(itertools.zip_longest(one["values"], one.get("links") or ())) for one in series]
    if band := data.get("band"):
        columns += [[(number, None) for number in band[edge]] for edge in ("low", "high")]
    return [(label, [column[index] for column in columns]) for index, label in enumerate(data["x"])]


def _block(name: str, content: str, **context: Any) -> SafeString:
    return render_to_string(f"components/{name}.html", {"content": content, **context})


@register.simple_block_tag
def panel(content: str, title: str, *, anchor: str = "", count: int | None = None, fold: str = "") -> str:
    """Wrap content as a side panel. `fold`: "open" or "closed" makes it foldable."""
    return _block("panel", content, title=title, anchor=anchor, count=count, fold=fold)


@register.simple_block_tag
def dialog(content: str, anchor: str, title: str, *, wide: bool = False, shown: bool = False) -> str:
    """Wrap content as a <dialog id=ANCHOR>, opened by any [data-dialog=ANCHOR], or at once with `shown`."""
    return _block("dialog", content, anchor=anchor, title=title, wide=wide, shown=shown)


@register.simple_block_tag
def notice(content: str, tone: str = "info") -> str:
    """Wrap content as a notice. `tone`: info, success, warning or error."""
    return _block("notice", content, tone=tone)


@register.simple_block_tag
def timeline_item(
    content: str,
    line: str,
    at: datetime,
    *,
    person: object = None,
    icon: str = "",
    tone: str = "",
    audience: str = "",
    tag: str = "",
    anchor: str = "",
    href: str = "",
) -> str:
    """Put one event on a <ol class="timeline">. Content, if any, is what somebody wrote.

    `line` says what happened, and leads to `href` if there is more to it; `person` did it.
    `audience`: customer, l1 or partner colours the edge of what left the house; `tag` names it.
    """
    return _block(
        "timeline_item", content, line=line, at=at, person=person,
        icon=icon, tone=tone, audience=audience, tag=tag, anchor=anchor, href=href,
    )  # fmt: skip


@register.simple_tag
def face_phrases() -> dict[str, str]:
    """Return every phrase that the page's scripts say, in the reader's language."""
    return _face_phrases_in(get_language())


@cache
def _face_phrases_in(_language: str | None) -> dict[str, str]:
    return {
        **durations.phrases(),
        "saved_at": _("Saved {time}"),
        "not_saved": _("Not saved yet. Trying again with your next change."),
        "copied": _("Copied"),
        "no_connection": _("No connection. Nothing was changed; try again."),
        "server_error": _("That did not work on our side. Nothing was changed; try again."),
        "not_there": _("That is not there any more, or not for you to see. Reload the page."),
        "live_lost": _("Not live at the moment. Trying again."),
        "live_back": _("Live again."),
        "new_entries": _("The timeline has something new."),
        "no_passkey": _("No key answered. Try again, or use another way."),
        "idle_soon": _(
            "Nothing has happened here for a while. In {n} seconds you are signed out; drafts are kept."
        ),
        "idle_over": _(
            "You were signed out. What you wrote here stays while this page is open: sign in, then come back."
        ),
        "key_next": _("Next row"),
        "key_previous": _("Previous row"),
        "key_open": _("Open the row"),
        "key_tick": _("Tick the row"),
        "key_search": _("Search"),
        "key_menu": _("More actions"),
    }
