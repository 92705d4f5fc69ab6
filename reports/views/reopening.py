"""The reopen rate of each root cause."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import csv_export
from reports import reopening
from reports.forms.figures import FigureFilter
from reports.models import Measure
from reports.reopening import Reopening
from reports.views import wording
from reports.views.asking import asked
from reports.views.tables import Entry, Table


@require_safe
def reopen_rates(request: HttpRequest) -> HttpResponse:
    """Show how often what was resolved for each root cause was reopened."""
    form = asked(request, FigureFilter)
    context: dict[str, object] = {"form": form}
    if not form.is_valid():
        return render(request, "reports/reopening.html", context, status=400)
    rows = reopening.by_root_cause(form.selection())
    resolved, reopened = sum(row.resolved for row in rows), sum(row.reopened for row in rows)
    context |= {
        "table": _table(rows, f"{reverse('reopen_rates_csv')}?{request.GET.urlencode()}"),
        "resolved": wording.whole(resolved),
        "reopened": wording.whole(reopened),
        "total": _all(resolved, reopened) if resolved else None,
    }
    return render(request, "reports/reopening.html", context)


@require_safe
def reopen_rates_csv(request: HttpRequest) -> HttpResponse:
    """Give the same table as CSV."""
    form = asked(request, FigureFilter)
    if not form.is_valid():
        said = "\n".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponse(said, status=400, content_type="text/plain; charset=utf-8")
    selection = form.selection()
    found = _table(reopening.by_root_cause(selection), "")
    text = csv_export.write(found.columns, ([entry.raw for entry in row] for row in found.rows))
    name = f"secondline-reopen-rates-{selection.first}-{selection.last}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _all(resolved: int, reopened: int) -> dict[str, str]:
    whole = Reopening(None, "", resolved, reopened)
    low, high = whole.interval
    note = _("95 %% interval %(low)s to %(high)s") % {"low": _percent(low), "high": _percent(high)}
    return {"value": _percent(whole.percent), "note": note}


def _percent(share: float) -> str:
    return wording.percent(round(share, 1))  # the format alone would cut it off


def _table(rows: list[Reopening], csv_url: str) -> Table:
    columns = [
        _("Root cause"), str(Measure.RESOLVED.label), str(Measure.REOPENED.label), _("Reopened, %"),
        _("Interval of 95 %, from"), _("to, %"),
    ]  # fmt: skip
    return Table(
        "reopening",
        _("Reopen rate by root cause"),
        columns,
        [_row(row) for row in rows],
        _("Nothing was resolved in these days."),
        csv_url,
        most=200,
    )


def _row(row: Reopening) -> list[Entry]:
    name = row.name or _("No root cause was recorded")
    shares = [Entry(_percent(share), round(share, 2)) for share in (row.percent, *row.interval)]
    counts = [Entry(wording.whole(count), count) for count in (row.resolved, row.reopened)]
    return [Entry(name, name), *counts, *shares]
