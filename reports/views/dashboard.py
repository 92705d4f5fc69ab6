"""The lead's dashboard, and its tables as CSV."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from common import clock, csv_export, durations
from escalations.models import Metric, Reason, ReasonKind
from reports import access, days, figures, links, live
from reports.forms.figures import PRESETS, FigureFilter
from reports.models import Measure, Trend, TrendStatus
from reports.naming import named
from reports.views import charts, tables, wording
from reports.views.asking import asked, reader
from reports.views.tables import Board

#: How long one person's dashboard is kept: looked at again, or shown on a wall, it need not be added up anew.
KEPT_SECONDS = 30
#: As many rises as the dashboard names; the list has all.
TRENDS_SHOWN = 5

#: Above this share a service level is kept, below that one it is in trouble.
GOOD_PERCENT, BAD_PERCENT = 95, 80


@dataclass(frozen=True)
class Tile:
    """One large figure."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    tone: str = ""


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the figures of the chosen days, and how things stand now, as they were at most KEPT_SECONDS ago."""
    user = reader(request)
    key = _key(request, user)
    content = cache.get(key)
    if content is None:
        form = asked(request, FigureFilter)
        if not form.is_valid():
            content = render_to_string("reports/_dashboard.html", {"form": form}, request)
            return render(request, "reports/dashboard.html", {"content": content}, status=400)
        content = render_to_string("reports/_dashboard.html", _context(request, form, user), request)
        cache.set(key, content, KEPT_SECONDS)
    return render(request, "reports/dashboard.html", {"content": mark_safe(content)})  # noqa: S308  our own template


def _key(request: HttpRequest, user: User) -> str:
    """Return a key of all that decides what somebody sees: the address, who reads it, in which words and zone."""
    rights = (sorted(user.roles.items()), user.is_superuser, user.is_auditor)
    seen_by = (user.pk, rights, get_language(), get_current_timezone_name())
    return "dashboard:" + hashlib.sha256(repr((request.GET.urlencode(), seen_by)).encode()).hexdigest()


def _context(request: HttpRequest, form: FigureFilter, user: User) -> dict[str, object]:
    board = _board(request, form)
    rises = Trend.objects.filter(status=TrendStatus.OPEN).defer("chart", "examples")
    return {
        "form": form,
        "board": board,
        "tiles": _tiles(board),
        "tables": {name: tables.build(name, board) for name in tables.TABLES},
        "charts": {
            "flow": charts.flow(board),
            "backlog": charts.backlog(board),
            "attainment": charts.attainment(board),
            "half": charts.half(board),
            "most": charts.most(board),
        },
        "presets": _presets(board),
        # Whoever reads figures sees all trends: reports.trends.shown_to.
        "trends": named(rises.order_by("-last_day", "q_value")[:TRENDS_SHOWN]),
        "reads_forecast": access.reads_forecast(user),
        "zone": durations.zone_name(clock.now().astimezone(days.zone())),
        "now": clock.now(),
    }


@require_safe
def dashboard_csv(request: HttpRequest, table: str) -> HttpResponse:
    """Give one of the dashboard's tables as CSV, for the same selection."""
    if table not in tables.TABLES:
        raise Http404
    form = asked(request, FigureFilter)
    if not form.is_valid():
        return HttpResponse(
            "\n".join(str(error) for errors in form.errors.values() for error in errors),
            status=400,
            content_type="text/plain; charset=utf-8",
        )
    found = tables.build(table, _board(request, form))
    text = csv_export.write(found.columns, ([entry.raw for entry in row] for row in found.rows))
    selection = form.selection()
    name = f"secondline-{table}-{selection.first}-{selection.last}.csv"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _board(request: HttpRequest, form: FigureFilter) -> Board:
    selection = form.selection()
    return Board(
        selection=selection,
        figures=figures.of(selection),
        standing=live.now(selection, reader(request)),
        agents=form.agents,
        categories={pk: str(category) for pk, category in form.categories.items()},
        category_keys={pk: category.key for pk, category in form.categories.items()},
        reasons={reason.pk: str(reason) for reason in Reason.objects.filter(kind=ReasonKind.RETURN)},
    )


def _presets(board: Board) -> list[dict[str, object]]:
    """Return the usual spans of days up to today, with the other filters kept."""
    today = days.today()
    selection = board.selection
    found: list[dict[str, object]] = []
    for length, label in PRESETS:
        first = today - timedelta(days=length - 1)
        found.append(
            {
                "label": label,
                "url": links.dashboard(selection, since=first, until=today),
                "current": (selection.first, selection.last) == (first, today),
            }
        )
    return found


def _tiles(board: Board) -> list[list[Tile]]:
    """Return two rows of figures: how much there is, and how well it went."""
    return [[*_tiles_now(board), *_tiles_of_flow(board)], _tiles_of_quality(board)]


def _tiles_now(board: Board) -> list[Tile]:
    standing = board.standing
    return [
        Tile(
            _("Open now"),
            wording.whole(standing.open),
            _("%s without an owner") % wording.whole(standing.unowned),
            board.queue(),
        ),
        Tile(
            _("Overdue now"),
            wording.whole(standing.overdue),
            _("a deadline has passed"),
            board.queue(due="overdue"),
            "bad" if standing.overdue else "good",
        ),
        _expected(board),
    ]


def _expected(board: Board) -> Tile:
    known, expected = board.standing.outlook
    return Tile(
        _("Expected to be missed"),
        wording.decimal(expected, 0 if expected is None or expected >= 10 else 1),
        _("of %s open deadlines") % wording.whole(known) if known else _("no forecast yet"),
        board.queue(order="risk"),
    )


def _tiles_of_flow(board: Board) -> list[Tile]:
    created, resolved, returned, reopened, cancelled = (
        board.figures.amount(measure).count
        for measure in (
            Measure.CREATED, Measure.RESOLVED, Measure.RETURNED, Measure.REOPENED, Measure.CANCELLED
        )
    )  # fmt: skip
    share = wording.percent(100 * returned / created if created else None)
    return [
        Tile(
            _("Created"),
            wording.whole(created),
            _("%s cancelled") % wording.whole(cancelled),
            board.behind(Measure.CREATED),
        ),
        Tile(
            str(Measure.RESOLVED.label),
            wording.whole(resolved),
            _("%s reopened") % wording.whole(reopened),
            board.behind(Measure.RESOLVED),
        ),
        Tile(
            str(Measure.RETURNED.label),
            wording.whole(returned),
            _("%s of what was created") % share,
            board.behind(Measure.RETURNED),
        ),
    ]


def _tiles_of_quality(board: Board) -> list[Tile]:
    rated = board.figures.amount(Measure.RATED)
    response, resolution = (
        board.figures.spread(f"{metric}_business") for metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION)
    )
    return [
        _attained(board, Metric.FIRST_RESPONSE, _("Answered first in time")),
        _attained(board, Metric.RESOLUTION, _("Resolved in time")),
        Tile(
            _("First response"),
            wording.length(response.p50),
            _("90 %% within %s") % wording.length(response.p90),
            board.behind(Measure.FIRST_RESPONSE_BUSINESS),
        ),
        Tile(
            _("Resolution"),
            wording.length(resolution.p50),
            _("90 %% within %s") % wording.length(resolution.p90),
            board.behind(Measure.RESOLUTION_BUSINESS),
        ),
        Tile(
            _("Rating"),
            wording.decimal(figures.mean(rated), 2),
            _("of 5, by %s customers") % wording.whole(rated.count),
            board.behind(Measure.RATED),
        ),
    ]


def _attained(board: Board, metric: Metric, label: str) -> Tile:
    reached = board.figures.attainment(metric)
    return Tile(
        label,
        wording.percent(reached.percent),
        _("%s missed") % wording.whole(reached.breached),
        board.behind(f"breached:{metric}"),
        _tone(reached.percent),
    )


def _tone(percent: float | None) -> str:
    if percent is None or BAD_PERCENT <= percent < GOOD_PERCENT:
        return ""
    return "good" if percent >= GOOD_PERCENT else "bad"
