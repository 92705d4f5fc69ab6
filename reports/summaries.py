"""Figures for other programs: any measures, grouped as they ask."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import DateField, F, Sum
from django.db.models.functions import Trunc

from reports import durations
from reports.behind import DURATIONS
from reports.models import Measure
from reports.selection import Selection

#: What figures can be grouped by, and how that is called among the facts.
GROUPS: dict[str, Any] = {
    "day": F("day"),
    "week": Trunc("day", "week", output_field=DateField()),
    "month": Trunc("day", "month", output_field=DateField()),
    "team": F("team_id"),
    "agent": F("agent_id"),
    "category": F("category_id"),
    "channel": F("channel"),
    "priority": F("priority"),
}

#: More rows than this are refused: ask for fewer days, measures or groups.
MOST_ROWS = 20_000


class TooMuch(Exception):
    """The question would be answered with more than MOST_ROWS rows."""


@dataclass(frozen=True)
class Row:
    """One measure in one group. `p50` and `p90` are in seconds, for durations; `mean` is of what was measured."""

    group: dict[str, Any]
    measure: str
    count: int
    total: int
    mean: float | None
    p50: float | None
    p90: float | None


def summary(selection: Selection, measures: Iterable[Measure], by: Sequence[str]) -> list[Row]:
    """Return the chosen measures of a selection, one row for each group that has any. Raises TooMuch."""
    asked = list(measures)
    plain = [measure for measure in asked if measure not in DURATIONS]
    lengths = [measure for measure in asked if measure in DURATIONS]
    return [*_plain(selection, plain, by), *_lengths(selection, lengths, by)]


def _plain(selection: Selection, measures: list[Measure], by: Sequence[str]) -> list[Row]:
    return [
        Row(dict(zip(by, group, strict=True)), measure, count, total, _mean(count, total), None, None)
        for measure, *group, count, total in _rows(selection, measures, by)
    ]


def _lengths(selection: Selection, measures: list[Measure], by: Sequence[str]) -> list[Row]:
    buckets: defaultdict[tuple[Any, ...], dict[int, int]] = defaultdict(dict)
    totals: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    for measure, *group, bucket, count, total in _rows(selection, measures, by, "bucket"):
        buckets[measure, *group][bucket] = count
        totals[measure, *group] += total
    return [
        Row(
            group=dict(zip(by, group, strict=True)),
            measure=measure,
            count=sum(counts.values()),
            total=totals[measure, *group],
            mean=_mean(sum(counts.values()), totals[measure, *group]),
            p50=durations.percentile(counts, 0.5),
            p90=durations.percentile(counts, 0.9),
        )
        for (measure, *group), counts in buckets.items()
    ]


def _rows(selection: Selection, measures: list[Measure], by: Sequence[str], *more: str) -> list[Any]:
    if not measures:
        return []
    names = [f"by_{name}" for name in by]
    columns = ["measure", *names, *more]
    rows = (
        selection.facts(measures)
        .annotate(**{f"by_{name}": GROUPS[name] for name in by})
        .values(*columns)
        .annotate(count_sum=Sum("count"), total_sum=Sum("total"))
        .values_list(*columns, "count_sum", "total_sum")
        .order_by(*columns)
    )
    found = list(rows[: MOST_ROWS + 1])
    if len(found) > MOST_ROWS:
        raise TooMuch
    return found


def _mean(count: int, total: int) -> float | None:
    return total / count if total and count > 0 else None
