"""The reopen rate of each root cause, and the tickets behind it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import csv_export
from escalations.models import RootCause, Ticket
from reports import reopening
from reports.forms.figures import ReopeningFilter
from reports.models import Measure
from reports.reopening import Reopening, Share
from reports.views import wording
from reports.views.asking import asked, reader
from reports.views.tables import Entry, Table

PAGE_SIZE = 50


@require_safe
def reopen_rates(request: HttpRequest) -> HttpResponse:
    """Show how often what was resolved for each root cause was reopened."""
    form = asked(request, ReopeningFilter)
    context: dict[str, object] = {"form": form, "days": reopening.FOLLOW_UP.days}
    if not form.is_valid():
        return render(request, "reports/reopening.html", context, status=400)
    rows = reopening.by_root_cause(form.selection())
    query = request.GET.urlencode()
    table = _table(rows, f"{reverse('reopen_rates_csv')}?{query}", query)
    whole = sum((row.share for row in rows), Share())
    context |= {"table": table, **_figures(whole)}
    return render(request, "reports/reopening.html", context)


@require_safe
def reopen_rate(request: HttpRequest, cause: int) -> HttpResponse:
    """Show one root cause's rate and the tickets behind it, or what was resolved without one for 0."""
    form = asked(request, ReopeningFilter)
    name = get_object_or_404(RootCause, pk=cause).path if cause else _("No root cause was recorded")
    context: dict[str, object] = {"form": form, "days": reopening.FOLLOW_UP.days, "name": name}
    if not form.is_valid():
        return render(request, "reports/reopen_rate.html", context, status=400)
    selection, show = form.selection(), form.cleaned_data["show"]
    rows = [row for row in reopening.by_root_cause(selection) if (row.cause or 0) == cause]
    ids = reopening.tickets(selection, cause or None, reopened=bool(show))
    found = Ticket.objects.visible_to(reader(request)).filter(pk__in=ids)
    page = Paginator(found.select_related("customer", "category").order_by("-pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context |= {"page": page, "show": show, **_figures(rows[0].share if rows else Share())}
    return render(request, "reports/reopen_rate.html", context)


@require_safe
def reopen_rates_csv(request: HttpRequest) -> HttpResponse:
    """Give the same table as CSV."""
    form = asked(request, ReopeningFilter)
    if not form.is_valid():
        said = "\n".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponse(said, status=400, content_type="text/plain; charset=utf-8")
    selection = form.selection()
    found = _table(reopening.by_root_cause(selection))
    text = csv_export.write(found.columns, ([entry.raw for entry in row] for row in found.rows))
    name = f"secondline-reopen-rates-{selection.first}-{selection.last}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _figures(share: Share) -> dict[str, object]:
    """Return what the tiles say of a share; no `rate` where nothing was followed."""
    found: dict[str, object] = {
        "resolved": wording.whole(share.resolved),
        "reopened": wording.whole(share.reopened),
        "young": share.young,
    }
    if share.interval is not None:
        low, high = share.interval
        note = _("95 %% interval %(low)s to %(high)s") % {"low": _percent(low), "high": _percent(high)}
        found["rate"] = {"value": _percent(share.percent), "note": note}
    return found


def _percent(share: float | None) -> str:
    return wording.percent(None if share is None else round(share, 1))  # the format alone would cut it off


def _table(rows: list[Reopening], csv_url: str = "", query: str = "") -> Table:
    columns = [
        _("Root cause"), str(Measure.RESOLVED.label), str(Measure.REOPENED.label), _("Reopened, %"),
        _("Interval of 95 %, from"), _("to, %"), _("Before, %"), _("Change, points"), _("Too recent"),
    ]  # fmt: skip
    return Table(
        "reopening",
        _("Reopen rate by root cause"),
        columns,
        [_row(row, query) for row in rows],
        _("Nothing was resolved in these days."),
        csv_url,
        most=200,
    )


def _row(row: Reopening, query: str) -> list[Entry]:
    name, share = row.name or _("No root cause was recorded"), row.share
    page = f"{reverse('reopen_rate', args=[row.cause or 0])}?{query}"
    low, high = share.interval or (None, None)
    resolved = Entry(wording.whole(share.resolved), share.resolved, page)
    reopened = Entry(wording.whole(share.reopened), share.reopened, f"{page}&show=reopened")
    shares = [_share(one) for one in (share.percent, low, high, row.before.percent)]
    change = Entry(wording.points(row.difference), _rounded(row.difference))
    young = Entry(wording.whole(share.young), share.young)
    return [Entry(name, name), resolved, reopened, *shares, change, young]


def _share(percent: float | None) -> Entry:
    return Entry(_percent(percent), _rounded(percent))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
