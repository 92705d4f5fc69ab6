"""The figures of a dashboard, read from the facts in a few set-based questions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from typing import Any

from django.db.models import DateField, F, Sum
from django.db.models.functions import Trunc

from escalations.models import Metric
from reports import durations
from reports.measures import NOTHING, Amount, add
from reports.models import Measure
from reports.periods import Period, starts, suited
from reports.selection import Selection

_DURATIONS = [measure for measure in Measure if measure.endswith(("_business", "_calendar"))]
_SPREAD = [*_DURATIONS, Measure.RETURNED, Measure.RATED]
_COUNTED = [measure for measure in Measure if measure not in _DURATIONS]
_PER_AGENT = [
    Measure.TAKEN,
    Measure.ACCEPTED,
    Measure.RETURNED,
    Measure.RESOLVED,
    Measure.REOPENED,
    Measure.MET_RESOLUTION,
    Measure.BREACHED_RESOLUTION,
    Measure.RATED,
]
_PER_CATEGORY = [Measure.CREATED, *_PER_AGENT]

Amounts = Mapping[str, Amount]


@dataclass(frozen=True)
class Attainment:
    """How often a clock reached its aim in time."""

    met: int
    breached: int

    @property
    def percent(self) -> float | None:
        """The share met in percent, or None where no clock ended."""
        ended = self.met + self.breached
        return 100 * self.met / ended if ended else None


@dataclass(frozen=True)
class Spread:
    """How long something took, in seconds: how many, the median, the ninth decile, the mean."""

    count: int
    p50: float | None
    p90: float | None
    mean: float | None


@dataclass(frozen=True)
class Figures:
    """Everything a dashboard shows of one selection, except what is true only now."""

    period: Period
    starts: list[date]
    by_period: Mapping[date, Amounts]
    backlog: list[int]
    buckets: Mapping[tuple[date, str], Mapping[int, Amount]]
    by_agent: Mapping[int | None, Amounts]
    by_category: Mapping[int, Amounts]
    sums: Amounts = field(default_factory=dict)

    def amount(self, measure: str) -> Amount:
        """Return the sum of a measure over all the days."""
        return self.sums.get(measure, NOTHING)

    def series(self, measure: str) -> list[int]:
        """Return a measure's counts, period by period."""
        return [self.by_period[start].get(measure, NOTHING).count for start in self.starts]

    def attainment(self, metric: Metric) -> Attainment:
        """Return how often this clock was met over all the days."""
        return attainment(self.sums, metric)

    def attainments(self, metric: Metric) -> list[Attainment]:
        """Return how often this clock was met, period by period."""
        return [attainment(self.by_period[start], metric) for start in self.starts]

    def spread(self, measure: str) -> Spread:
        """Return how long a measured duration took, over all the days."""
        return _spread(self.by_bucket(measure))

    def spreads(self, measure: str) -> list[Spread]:
        """Return how long it took, period by period."""
        return [_spread(self.buckets.get((start, measure), {})) for start in self.starts]

    def by_bucket(self, measure: str) -> dict[int, Amount]:
        """Return a measure's amounts by bucket (reason, score, length) over all the days."""
        merged: defaultdict[int, Amount] = defaultdict(lambda: NOTHING)
        for start in self.starts:
            for bucket, amount in self.buckets.get((start, measure), {}).items():
                merged[bucket] = add(merged[bucket], amount)
        return dict(merged)


def attainment(amounts: Amounts, metric: Metric) -> Attainment:
    """Return how often a clock was met, out of any group's amounts."""
    met, breached = (amounts.get(f"{outcome}:{metric}", NOTHING).count for outcome in ("met", "breached"))
    return Attainment(met, breached)


def mean(amount: Amount) -> float | None:
    """Return the mean of what was measured, or None where nothing was."""
    return amount.total / amount.count if amount.count else None


def of(selection: Selection) -> Figures:
    """Read all figures of a selection, in five questions to the database."""
    period = suited(selection.first, selection.last)
    first_days = starts(period, selection.first, selection.last)
    by_period = _by_period(selection, period)
    by_period = {start: by_period.get(start, {}) for start in first_days}
    sums: defaultdict[str, Amount] = defaultdict(lambda: NOTHING)
    for amounts in by_period.values():
        for measure, amount in amounts.items():
            sums[measure] = add(sums[measure], amount)
    return Figures(
        period=period,
        starts=first_days,
        by_period=by_period,
        backlog=_backlog(selection, by_period.values()),
        buckets=_buckets(selection, period),
        by_agent=_grouped(selection, "agent_id", _PER_AGENT),
        by_category=_grouped(selection, "category_id", _PER_CATEGORY),
        sums=dict(sums),
    )


def _by_period(selection: Selection, period: Period) -> dict[date, dict[str, Amount]]:
    found: defaultdict[date, dict[str, Amount]] = defaultdict(dict)
    for start, measure, *amount in _summed(selection.facts(_COUNTED), _start(period), "measure"):
        found[start][measure] = Amount(*amount)
    return found


def _buckets(selection: Selection, period: Period) -> dict[tuple[date, str], dict[int, Amount]]:
    found: defaultdict[tuple[date, str], dict[int, Amount]] = defaultdict(dict)
    spread = selection.facts(_SPREAD).filter(bucket__isnull=False)
    for start, measure, bucket, *amount in _summed(spread, _start(period), "measure", "bucket"):
        found[start, measure][bucket] = Amount(*amount)
    return found


def _grouped(selection: Selection, column: str, measures: Iterable[str]) -> dict[Any, dict[str, Amount]]:
    found: defaultdict[Any, dict[str, Amount]] = defaultdict(dict)
    for group, measure, *amount in _summed(selection.facts(measures), F(column), "measure"):
        found[group][measure] = Amount(*amount)
    return found


def _backlog(selection: Selection, periods: Iterable[Amounts]) -> list[int]:
    """Return the backlog at the end of each period."""
    level = selection.facts_before(Measure.BACKLOG).aggregate(sum=Sum("count"))["sum"] or 0
    changes = (amounts.get(Measure.BACKLOG, NOTHING).count for amounts in periods)
    return list(accumulate(changes, initial=level))[1:]


def _start(period: Period) -> Any:
    return F("day") if period is Period.DAY else Trunc("day", period.value, output_field=DateField())


def _summed(facts: Any, group: Any, *columns: str) -> Any:
    return (
        facts.annotate(group=group)
        .values("group", *columns)
        .annotate(count_sum=Sum("count"), total_sum=Sum("total"))
        .values_list("group", *columns, "count_sum", "total_sum")
    )


def _spread(buckets: Mapping[int, Amount]) -> Spread:
    counts = {bucket: amount.count for bucket, amount in buckets.items()}
    count = sum(counts.values())
    if not count:
        return Spread(0, None, None, None)
    seconds = sum(amount.total for amount in buckets.values())
    return Spread(count, durations.percentile(counts, 0.5), durations.percentile(counts, 0.9), seconds / count)
