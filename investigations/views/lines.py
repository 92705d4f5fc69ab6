"""The lines of a ticket's logs on one line of time, and the choice of those that are evidence."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from common.errors import Refused
from escalations.access import works_on
from escalations.forms.evidence import EvidenceForm
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person
from investigations import evidence, lines
from investigations.forms.logs import LinesForm, ticked
from investigations.lines import Bucket, Found, Line
from investigations.logs import signs
from investigations.models import Log, LogState, LogTemplate
from investigations.views.asking import internal_ticket

PAGE_SIZE = 100
MOST_SAID = 60
_DAY = 86_400


@require_safe
def log_lines(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the lines that the address asks for, how they lie in time, and what they may be evidence of."""
    ticket = internal_ticket(request, reference)
    return render(request, "investigations/lines.html", *_page(request, ticket, request.GET))


def _page(
    request: HttpRequest, ticket: Ticket, asked: QueryDict, evidence_form: EvidenceForm | None = None
) -> tuple[dict[str, Any], None, int]:
    logs = Log.objects.filter(ticket=ticket, state=LogState.DONE).order_by("pk")
    form = LinesForm(asked, logs=logs, said=_said(logs))
    context: dict[str, Any] = {"ticket": ticket, "form": form, "works": works_on(person(request), ticket)}
    if not form.is_valid():
        return context, None, 400
    chosen = list(form.cleaned_data["log"] or logs)
    try:
        found = lines.find(chosen, form.asked())
    except FileNotFoundError:
        context["gone"] = True
        return context, None, 200
    wanted = asked.get("start") or ""
    start = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0
    shown = found.page(start, PAGE_SIZE)
    context |= {
        "lines": shown,
        "several": len(chosen) > 1,
        "count": len(found),
        "first": start + 1,
        "last": start + len(shown),
        "previous_url": _address(asked, start=max(0, start - PAGE_SIZE)) if start else "",
        "next_url": _address(asked, start=start + PAGE_SIZE) if start + PAGE_SIZE < len(found) else "",
        "chart": chart(found, asked),
        "template": _template(chosen, form.cleaned_data["template"]),
        "sources": sorted({source for log in chosen for source in log.sources if source})[:200],
        "without_template": _address(asked, template=None),
        "evidence_form": evidence_form or EvidenceForm(ticket=ticket),
        "query": asked.urlencode(),
    }
    return context, None, 200


def _said(logs: QuerySet[Log]) -> list[tuple[str, str]]:
    """Return what is recognised in the logs, as choices; what most templates say first."""
    counted: Counter[tuple[str, str]] = Counter()
    for found in LogTemplate.objects.filter(log__in=logs).exclude(signs=[]).values_list("signs", flat=True)[:5000]:
        counted.update((kind, code) for kind, code, _count in found)
    chosen = [one for one, _count in counted.most_common(MOST_SAID)]
    return [(f"{kind}:{code}", Truncator(signs.sentence(kind, code)).chars(80)) for kind, code in chosen]


def _template(logs: list[Log], place: int | None) -> LogTemplate | None:
    if place is None or len(logs) != 1:
        return None
    return LogTemplate.objects.filter(log=logs[0], place=place).first()


def _address(asked: QueryDict, **changed: Any) -> str:
    """Return the address with some of its parameters changed; None takes one away."""
    address = asked.copy()
    address.pop("start", None)
    for name, value in changed.items():
        address.pop(name, None)
        if value is not None:
            address[name] = str(value)
    return f"?{address.urlencode()}"


def chart(found: Found, asked: QueryDict) -> dict[str, Any] | None:
    """Return how many lines there are when; each bar leads to its own, and a span may be drawn across them."""
    buckets = lines.histogram(found)
    if not buckets:
        return None
    pattern = _pattern(buckets)
    links = [_address(asked, since=_local(one.since), until=_local(one.until)) for one in buckets]
    series = [
        {"name": name, "values": [getattr(one, kind) for one in buckets], "tone": tone, "links": links}
        for kind, name, tone in (
            ("failures", _("Failures"), "red"),
            ("warnings", _("Warnings"), "amber"),
            ("others", _("Other lines"), "grey"),
        )
    ]
    return {
        "type": "stacked",
        "x": [date_format(timezone.localtime(one.since), pattern) + _fraction(one, buckets) for one in buckets],
        "series": series,
        "brush": {
            "url": _address(asked, since=None, until=None),
            "since": [_local(one.since) for one in buckets],
            "until": [_local(one.until) for one in buckets],
        },
    }


def _pattern(buckets: list[Bucket]) -> str:
    span = (buckets[-1].until - buckets[0].since).total_seconds()
    if span > 3 * _DAY:
        return _("j M")
    return _("j M H:i") if span > _DAY / 2 else "H:i" if span > 3600 else "H:i:s"


def _fraction(one: Bucket, buckets: list[Bucket]) -> str:
    return (
        f".{one.since.microsecond // 1000:03}" if (buckets[0].until - buckets[0].since).total_seconds() < 1 else ""
    )


def _local(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S.%f")


@require_POST
@once
@forbidding
def log_evidence(request: HttpRequest, reference: str) -> HttpResponse:
    """Quote the ticked lines as evidence of a hypothesis of the ticket's diagnosis."""
    ticket, user = internal_ticket(request, reference), person(request)
    form = EvidenceForm(request.POST, ticket=ticket)
    if form.is_valid():
        try:
            evidence.add(ticket, _ticked(ticket, request.POST.getlist("line")), by=user, **form.place())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The lines are evidence in the diagnosis now."))
            return redirect(ticket)
    asked = QueryDict(request.POST.get("query", ""))
    context, _type, status = _page(request, ticket, asked, form)
    return render(request, "investigations/lines.html", context, status=422 if status == 200 else status)


def _ticked(ticket: Ticket, values: list[str]) -> list[Line]:
    """Return the ticked lines, log by log; what is not of the ticket's logs is left out."""
    wanted = ticked(values)
    logs = {log.pk: log for log in Log.objects.filter(ticket=ticket, state=LogState.DONE)}
    found: list[Line] = []
    for pk in dict.fromkeys(log for log, _number in wanted if log in logs):
        numbers = sorted(number for log, number in wanted if log == pk and 0 < number <= logs[pk].lines)
        found += lines.lines_at(logs[pk], [number - 1 for number in numbers[: evidence.MOST_LINES + 1]])
    return found
