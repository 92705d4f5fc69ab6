"""A customer on one axis of time: a page with their escalations, and a part with what the back office knows."""

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
_TONES = {"tickets": "accent", "transactions": "green", "account": "red", "deliveries": "amber", "points": "grey"}
_BUCKETS = 45
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
        "chart": _chart(moments, asked),
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


def _chart(moments: list[Moment], asked: QueryDict) -> dict[str, Any] | None:
    """Return how much of each kind happened when; each bar leads to its own time, and a span may be drawn."""
    if len(moments) < 2:
        return None
    first, last = moments[-1].at, moments[0].at
    width = max((last - first) / _BUCKETS, timedelta(minutes=1))
    count = int((last - first) / width) + 1
    edges = [first + width * number for number in range(count + 1)]
    values = {kind: [0] * count for kind in KINDS}
    for one in moments:
        values[one.kind][int((one.at - first) / width)] += 1
    pattern = _("j M") if last - first > timedelta(days=3) else _("j M H:i")
    links = [
        _address(asked, since=_local(edges[place]), until=_local(edges[place + 1]), days=None)
        for place in range(count)
    ]
    return {
        "type": "stacked",
        "x": [date_format(timezone.localtime(edge), pattern) for edge in edges[:-1]],
        "series": [
            {"name": str(label), "values": values[kind], "tone": _TONES[kind], "links": links}
            for kind, label in KINDS.items()
            if any(values[kind])
        ],
        "brush": {
            "url": _address(asked, days=None),
            "since": [_local(edge) for edge in edges[:-1]],
            "until": [_local(edge) for edge in edges[1:]],
        },
    }


def _local(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S.%f")
