"""How partners answer what is handed to them, as a page and as CSV."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import csv_export
from reports import partners
from reports.forms.figures import FigureFilter
from reports.partners import Attainment
from reports.views import wording
from reports.views.asking import asked, reader
from reports.views.tables import Entry, Table


@require_safe
def partner_answers(request: HttpRequest) -> HttpResponse:
    """Show how often each partner answered in time."""
    form = asked(request, FigureFilter)
    context: dict[str, object] = {"form": form}
    if not form.is_valid():
        return render(request, "reports/partner_answers.html", context, status=400)
    rows = partners.attainment(form.selection(), reader(request))
    context["table"] = _table(rows, f"{reverse('partner_answers_csv')}?{request.GET.urlencode()}")
    return render(request, "reports/partner_answers.html", context)


@require_safe
def partner_answers_csv(request: HttpRequest) -> HttpResponse:
    """Give the same table as CSV."""
    form = asked(request, FigureFilter)
    if not form.is_valid():
        said = "\n".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponse(said, status=400, content_type="text/plain; charset=utf-8")
    selection = form.selection()
    found = _table(partners.attainment(selection, reader(request)))
    text = csv_export.write(found.columns, ([entry.raw for entry in row] for row in found.rows))
    name = f"secondline-partner-answers-{selection.first}-{selection.last}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _table(rows: list[Attainment], csv_url: str = "") -> Table:
    columns = [
        _("Partner"), _("Answered in time"), _("Answered late"), _("Answered, no time agreed"), _("Open"),
        _("Open and late"), _("In time, %"), _("Half are answered within"),
    ]  # fmt: skip
    return Table(
        "partners",
        _("Answers of partners"),
        columns,
        [_row(row) for row in rows],
        _("Nothing was handed over in these days."),
        csv_url,
        most=200,
    )


def _row(row: Attainment) -> list[Entry]:
    counts = (row.in_time, row.late, row.unaimed, row.open, row.open_late)
    percent = None if row.percent is None else round(row.percent, 1)
    return [
        Entry(row.partner, row.partner),
        *(Entry(wording.whole(count), count) for count in counts),
        Entry(wording.percent(percent), percent),
        Entry(wording.length(row.half), None if row.half is None else round(row.half)),
    ]
