"""The list of trends, one trend, and its dismissal."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from common.errors import NotAllowed, Refused
from escalations.models import Ticket
from knowledgebase import access as knowledge
from reports import access, naming, trends
from reports.forms.figures import DismissForm
from reports.models import Trend, TrendStatus
from reports.views import charts, wording
from reports.views.asking import readable_teams, reader
from reports.views.dashboard import Tile

PAGE_SIZE = 50


@require_safe
def trend_list(request: HttpRequest) -> HttpResponse:
    """List the trends of one status, the latest first."""
    readable_teams(request)
    status = request.GET.get("status", TrendStatus.OPEN)
    if status not in TrendStatus.values:
        raise Http404
    found = trends.shown_to(reader(request)).filter(status=status).defer("chart", "examples")
    found = found.order_by("-last_day", "q_value", "pk")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    address = f"?status={status}&page="
    context = {
        "trends": naming.named(page.object_list),
        "tabs": [{"key": key, "label": label, "current": key == status} for key, label in TrendStatus.choices],
        "is_open": status == TrendStatus.OPEN,
        "previous_url": f"{address}{page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"{address}{page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "reports/trend_list.html", context)


@require_safe
def trend(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one trend: what was expected, what was seen, since when, with examples."""
    found = _visible(request, pk)
    return render(request, "reports/trend.html", _context(request, found, DismissForm()))


@require_POST
@once
def trend_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the reason and dismiss the trend."""
    found = _visible(request, pk)
    if not access.may_dismiss(reader(request)):
        raise Http404
    form = DismissForm(request.POST)
    if form.is_valid():
        try:
            trends.dismiss(found, by=reader(request), because=form.cleaned_data["reason"])
        except NotAllowed:
            raise Http404 from None
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            return redirect("trend", pk=found.pk)
    return render(request, "reports/trend.html", _context(request, found, form), status=422)


def _visible(request: HttpRequest, pk: int) -> Trend:
    readable_teams(request)
    return get_object_or_404(trends.shown_to(reader(request)).select_related("dismissed_by"), pk=pk)


def _context(request: HttpRequest, found: Trend, form: DismissForm) -> dict[str, Any]:
    user = reader(request)
    examples = Ticket.objects.visible_to(user).filter(pk__in=found.examples)
    may_dismiss = access.may_dismiss(user) and (found.status == TrendStatus.OPEN or form.is_bound)
    return {
        "trend": found,
        "shown": naming.named([found])[0],
        "tiles": _tiles(found),
        "chart": charts.trend(found),
        "examples": examples.select_related("customer", "category").order_by("-pk"),
        "dismiss_form": form if may_dismiss else None,
        "may_propose": knowledge.may_write(user),
    }


def _tiles(found: Trend) -> list[Tile]:
    begun, latest = date_format(found.since, _("j M")), date_format(found.last_day, _("j M Y"))
    return [
        Tile(
            _("Seen since it began"),
            wording.whole(found.total_seen),
            _("expected were %s") % wording.decimal(found.total_expected),
            tone="bad" if found.status == TrendStatus.OPEN else "",
        ),
        Tile(
            _("Seen on the last day"),
            wording.whole(found.seen),
            _("expected %(expected)s, chance explains up to %(threshold)s")
            % {
                "expected": wording.decimal(found.expected),
                "threshold": wording.decimal(found.threshold, 0),
            },
        ),
        Tile(_("Customers"), wording.whole(found.customers)),
        Tile(_("Since"), begun, _("last unusual day %s") % latest),
        Tile(_("Chance of a false alarm"), wording.odds(found.q_value), _("corrected for all series")),
    ]
