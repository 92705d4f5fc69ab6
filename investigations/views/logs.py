"""A ticket's logs: add one, see how far it is, what is in it, and what of it is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common import progress
from common.errors import Refused
from escalations.access import works_on
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person
from investigations import analysing, fetching, keeping, recognising
from investigations.forms.logs import LogForm
from investigations.logs import signs
from investigations.logs.layouts import LEVELS
from investigations.models import Log, LogSource, LogState, LogTemplate
from investigations.views.asking import internal_ticket, log_of
from knowledgebase.models import KnownIssue

PAGE_SIZE = 50
MOST_SHOWN_IDS = 12


@require_http_methods(["GET", "HEAD", "POST"])
@forbidding
def logs(request: HttpRequest, reference: str) -> HttpResponseBase:
    """List the ticket's logs, and add one."""
    ticket, user = internal_ticket(request, reference), person(request)
    form = LogForm(
        request.POST or None, request.FILES or None, initial={"zone": timezone.get_current_timezone_name()}
    )
    if request.method == "POST" and form.is_valid():
        file, name = form.source()
        zone, service = form.cleaned_data["zone"], form.cleaned_data["service"]
        try:
            # Before the transaction of `once`: a large log takes minutes.
            with keeping.brought_in(ticket, file, name, by=user, zone=zone, service=service) as added:
                return _kept(request, ticket, added)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    context = {
        "ticket": ticket,
        "logs": _logs(ticket),
        "form": form if works_on(user, ticket) else None,
        "services": _services(user),
        "may_fetch": LogSource.objects.filter(is_active=True).exists(),
        "most_bytes": settings.LOG_MAX_BYTES,
        "limits": _("A log may have at most %d MB.") % (settings.LOG_MAX_BYTES // 1024**2),
    }
    return render(request, "investigations/logs.html", context, status=422 if form.errors else 200)


@once
def _kept(request: HttpRequest, ticket: Ticket, logs: list[Log]) -> HttpResponse:
    keeping.keep(ticket, logs, by=person(request))
    return redirect(logs[0] if len(logs) == 1 else request.path)


def _logs(ticket: Ticket) -> list[Log]:
    found = list(
        Log.objects.filter(ticket=ticket).select_related("added_by").defer("sources", "ids").order_by("-pk")
    )
    for log in found:
        log.ticket = ticket
    return found


def _services(user: User) -> list[str]:
    visible = Log.objects.exclude(service="").filter(ticket__in=Ticket.objects.visible_to(user).values("pk"))
    return list(visible.order_by("service").values_list("service", flat=True).distinct()[:50])


@require_safe
def log(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show one log: how far its analysis is, or its templates."""
    ticket, user = internal_ticket(request, reference), person(request)
    found = log_of(ticket, number)
    context: dict[str, Any] = {
        "ticket": ticket, "log": found, "works": works_on(user, ticket),
        "may_remove": found.state != LogState.REMOVED and keeping.may_remove(user, found),
    }  # fmt: skip
    if found.state == LogState.UNDER_WAY:
        context["progress"] = progress.of(analysing.job(found))
        context["fetched"] = None if context["progress"] else progress.of(fetching.job(found))
        part = "investigations/_progress.html"
        return render(request, part if request.headers.get("HX-Request") else "investigations/log.html", context)
    if found.state == LogState.DONE:
        context |= _result(request, found, user)
    return render(request, "investigations/log.html", context)


@dataclass(frozen=True)
class Row:
    """A template as the page shows it. `news` is None where nothing is known of the service's normal."""

    template: LogTemplate
    level: str
    meanings: list[tuple[str, int]]
    news: bool | None
    issues: list[KnownIssue]


@dataclass(frozen=True)
class _Judged:
    """What is known of all templates of a log. `new` is None where nothing is known of the service's normal."""

    places: list[int]
    new: set[int] | None
    issues: dict[int, list[KnownIssue]]


def _judged(found: Log, user: User) -> _Judged:
    texts = dict(found.templates.order_by("place").values_list("place", "text"))
    normal = recognising.normal_of(found)
    issues = recognising.issues_of(dict.fromkeys(texts.values()), user)
    new = {place for place, text in texts.items() if normal.covering(text) is None} if normal else None
    return _Judged(list(texts), new, {place: issues[text] for place, text in texts.items() if text in issues})


def _result(request: HttpRequest, found: Log, user: User) -> dict[str, Any]:
    judged = _judged(found, user)
    only = request.GET.get("only", "")
    chosen: dict[str, set[int]] = {"new": judged.new or set(), "known": set(judged.issues)}
    places = [place for place in judged.places if only not in chosen or place in chosen[only]]
    page = Paginator(places, PAGE_SIZE).get_page(request.GET.get("page"))
    kept = f"only={only}&" if only in chosen else ""
    return {
        "rows": list(_rows(found, list(page), judged)),
        "only": only if only in chosen else "",
        "new": len(judged.new or ()),
        "known": list(dict.fromkeys(issue for issues in judged.issues.values() for issue in issues)),
        "ids": found.ids[:MOST_SHOWN_IDS],
        "issues": KnownIssue.objects.visible_to(user).current().order_by("title")[:200],
        "previous_url": f"?{kept}page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?{kept}page={page.next_page_number()}" if page.has_next() else "",
        "page": page,
        "kept_templates": analysing.MOST_TEMPLATES,
    }


def _rows(found: Log, places: list[int], judged: _Judged) -> Iterator[Row]:
    for template in found.templates.filter(place__in=places).order_by("place"):
        yield Row(
            template,
            LEVELS[template.level],
            [(signs.sentence(kind, code), count) for kind, code, count in template.signs],
            None if judged.new is None else template.place in judged.new,
            judged.issues.get(template.place, []),
        )


@require_POST
@once
@forbidding
def cancel_log(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Stop an analysis that is under way."""
    found = log_of(internal_ticket(request, reference), number)
    keeping.cancel(found, by=person(request))
    return redirect(found)


@require_POST
@once
@forbidding
def read_log_again(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Have a log analysed once more, its times in another zone."""
    found = log_of(internal_ticket(request, reference), number)
    try:
        keeping.read_again(found, zone=request.POST.get("zone", "").strip(), by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
    return redirect(found)


@require_POST
@once
@forbidding
def set_log_normal(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Say that a log is, or is not, the normal of its service."""
    found = log_of(internal_ticket(request, reference), number)
    normal = request.POST.get("normal") == "yes"
    recognising.set_normal(found, by=person(request), normal=normal)
    if normal:
        done(request, _("What is in this log is normal for its service from now on."))
    return redirect(found)


@require_POST
@once
@forbidding
def link_log_template(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Say that a template is the sign of a known issue."""
    found, user = log_of(internal_ticket(request, reference), number), person(request)
    place, issue = request.POST.get("template", ""), request.POST.get("issue", "")
    if not (place.isdecimal() and issue.isdecimal() and len(place) < 10 and len(issue) < 19):
        raise Http404
    template = get_object_or_404(found.templates.select_related("log"), place=place)
    template.log = found
    recognising.link(template, get_object_or_404(KnownIssue.objects.visible_to(user), pk=issue), by=user)
    done(request, _("Logs with this template match the known issue from now on."))
    return redirect(found)
