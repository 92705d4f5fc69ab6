"""The dashboard's charts, in the form that {% chart %} draws."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from escalations.models import Metric
from reports.figures import Spread
from reports.measures import REPORTED
from reports.models import Measure, Trend
from reports.views import wording
from reports.views.tables import Board

Chart = dict[str, Any]

_HOUR = 3600


def flow(board: Board) -> Chart:
    """Created against resolved."""
    return _over_time(
        board,
        "bar",
        [
            {
                "name": str(measure.label),
                "values": board.figures.series(measure),
                "links": _links(board, measure),
                "tone": tone,
            }
            for measure, tone in ((Measure.CREATED, "grey"), (Measure.RESOLVED, "accent"))
        ],
    )


def backlog(board: Board) -> Chart:
    """What was open at the end of each period."""
    return _over_time(board, "area", [{"name": _("Backlog"), "values": board.figures.backlog}])


def attainment(board: Board) -> Chart:
    """How often each clock was met, in percent."""
    series = []
    for metric in REPORTED:
        shares = [reached.percent for reached in board.figures.attainments(metric)]
        series.append(
            {
                "name": str(metric.label),
                "values": [None if share is None else round(share, 1) for share in shares],
                "links": _links(board, Measure(f"breached:{metric}")),
            }
        )
    return _over_time(board, "line", series, unit="%")


def half(board: Board) -> Chart:
    """Within what time half of the first responses and resolutions came, in business hours."""
    return _times(board, lambda spread: spread.p50)


def most(board: Board) -> Chart:
    """Within what time nine of ten came, in business hours."""
    return _times(board, lambda spread: spread.p90)


def _times(board: Board, read: Callable[[Spread], float | None]) -> Chart:
    series = []
    for metric, tone in ((Metric.FIRST_RESPONSE, "teal"), (Metric.RESOLUTION, "accent")):
        measure = Measure(f"{metric}_business")
        values = [read(spread) for spread in board.figures.spreads(measure)]
        series.append(
            {
                "name": str(metric.label),
                "values": [None if value is None else round(value / _HOUR, 1) for value in values],
                "links": _links(board, measure),
                "tone": tone,
            }
        )
    return _over_time(board, "line", series, unit="h")


def trend(found: Trend) -> Chart:
    """The days around a rise, with what was to be expected."""
    kept = found.chart
    labels = [wording.iso_day(day) for day in kept["days"]]
    return {
        "type": "line",
        "x": labels,
        "series": [
            {"name": _("Seen"), "values": kept["seen"], "tone": "red"},
            {"name": _("Expected"), "values": kept["expected"], "tone": "grey", "dashed": True},
        ],
        "band": {
            "name": _("What chance explains"),
            "low": [0] * len(labels),
            "high": kept["threshold"],
        },
        "marks": [{"x": wording.iso_day(found.since.isoformat()), "label": _("since")}],
    }


def _over_time(board: Board, kind: str, series: list[Chart], **more: Any) -> Chart:
    labels = [wording.period(board.figures.period, start) for start in board.figures.starts]
    return {"type": kind, "x": labels, "series": series, **more}


def _links(board: Board, measure: Measure) -> list[str]:
    return [
        board.behind(measure, **wording.bounds(board.figures.period, start, board.selection))
        for start in board.figures.starts
    ]
