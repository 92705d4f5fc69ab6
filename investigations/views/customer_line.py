"""A customer on one axis of time: a page with their escalations, and a part with what the back office knows."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from common import clock
from escalations.models import Customer
from escalations.views.parts import person
from investigations import customer_line
from investigations.customer_line import KINDS, Line, Moment

PERIODS = {"7": gettext_lazy("Week"), "30": gettext_lazy("30 days"), "90": gettext_lazy("90 days"),
           "": gettext_lazy("Everything")}  # fmt: skip
_BUCKETS = 60
_STEP, _LANE = 10, 20  # the axis' units: from bar to bar, and a lane's height
_MOST_SHOWN = 300


@require_safe
def customer_timeline(request: HttpRequest, number: int) -> HttpResponse:
    """Show the page, with what the back office knows where the address says `facts`; to htmx only this part."""
    user = person(request)
    customer = get_object_or_404(Customer.objects.visible_to(user), pk=number)
    tickets = customer_line.tickets_of(customer, user)
    if not tickets:
        raise Http404
    with_facts = request.GET.get("facts") == "1"
    line = customer_line.facts(customer, by=user) if with_facts else Line()
    line.moments += customer_line.moments_of(tickets)
    context = {"customer": customer, "with_facts": with_facts, **_shown(line, request.GET)}
    part = with_facts and bool(request.headers.get("HX-Request"))
    return render(request, f"investigations/{'_customer_line' if part else 'customer_line'}.html", context)


def _shown(line: Line, asked: QueryDict) -> dict[str, Any]:
    kinds = [kind for kind in asked.getlist("kind") if kind in KINDS] or list(KINDS)
    since, until = _period(asked)
    moments = sorted(
        (
            one
            for one in line.moments
            if one.kind in kinds and (since is None or one.at >= since) and (until is None or one.at < until)
        ),
        key=lambda one: one.at,
        reverse=True,
    )
    silent: dict[str, list[str]] = {}
    for kind, why in line.silent.items():
        if kind in kinds:
            silent.setdefault(why, []).append(str(KINDS[kind]))
    return {
        "kinds": [(kind, label, kind in kinds) for kind, label in KINDS.items()],
        "periods": [(days, label, _address(asked, days=days or None)) for days, label in PERIODS.items()],
        "days": "" if since and not asked.get("days") else asked.get("days", ""),
        "is_narrow": bool(asked.get("since") or asked.get("until")),
        "wide": _address(asked, days=None),
        "since": _day(asked.get("since")),
        "until": _day(asked.get("until")),
        "moments": [(one, KINDS[one.kind]) for one in moments[:_MOST_SHOWN]],
        "more": max(0, len(moments) - _MOST_SHOWN),
        "silent": [(why, ", ".join(names)) for why, names in silent.items()],
        "axis": _axis(moments, asked),
        "facts_url": _address(asked, facts="1", days=asked.get("days"), keep=True),
    }


def _period(asked: QueryDict) -> tuple[datetime | None, datetime | None]:
    days = asked.get("days", "")
    if days in PERIODS and days:
        return clock.now() - timedelta(days=int(days)), None
    return _moment(asked.get("since"), end=False), _moment(asked.get("until"), end=True)


def _moment(text: str | None, *, end: bool) -> datetime | None:
    """Return an instant: of a day its beginning, or its end."""
    if not text:
        return None
    try:
        if len(text) > 10:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else timezone.make_aware(at)
        day = parse_date(text)
        return timezone.make_aware(datetime.combine(day + timedelta(days=end), time())) if day else None
    except (ValueError, OverflowError):
        return None


def _day(text: str | None) -> str:
    return (text or "")[:10]


def _address(asked: QueryDict, *, keep: bool = False, **changed: str | None) -> str:
    address = asked.copy()
    for name in () if keep else ("since", "until"):
        address.pop(name, None)
    for name, value in changed.items():
        address.pop(name, None)
        if value:
            address[name] = value
    return f"?{address.urlencode()}"


@dataclass(frozen=True)
class Bar:
    """So much of a kind in one stretch of time, and where one sees it closer. Measured in the axis' own units."""

    x: int
    y: int
    height: int
    title: str
    url: str


@dataclass(frozen=True)
class Axis:
    """All kinds over one axis of time: (kind, label, count, bars) each, and the days along it."""

    lanes: list[tuple[str, str, int, list[Bar]]]
    marks: list[datetime]
    width: int


def _axis(moments: list[Moment], asked: QueryDict) -> Axis | None:
    """Return when how much of each kind happened; each bar leads to its own time."""
    if len(moments) < 2:
        return None
    first, last = moments[-1].at, moments[0].at
    width = max((last - first) / _BUCKETS, timedelta(minutes=1))
    counted: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for one in moments:
        counted[one.kind][int((one.at - first) / width)] += 1
    pattern = _("j M Y") if last - first > timedelta(days=3) else _("j M H:i")

    def bar(place: int, count: int) -> Bar:
        since, until = first + width * place, first + width * (place + 1)
        height = min(_LANE, _LANE // 4 * (count + 1))
        title = f"{date_format(timezone.localtime(since), pattern)}: {count}"
        url = _address(asked, since=_local(since), until=_local(until), days=None, facts="1")
        return Bar(place * _STEP, _LANE - height, height, title, url)

    lanes = [
        (kind, str(label), sum(counted[kind].values()), [bar(*one) for one in sorted(counted[kind].items())])
        for kind, label in KINDS.items()
        if counted[kind]
    ]
    return Axis(lanes, [first, first + (last - first) / 2, last], (_BUCKETS + 1) * _STEP)


def _local(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S.%f")
