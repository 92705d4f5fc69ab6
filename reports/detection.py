"""Finding what rises more than chance explains, and keeping one trend for each rise.

Every series' count of a day is compared with what its own past lets expect;
of all series of that day only those count that survive the correction for
their number; and of those only what concerns enough customers.

A rise that goes on, or comes back within a week, is the same trend: it is
brought up to date and not flagged again. One that somebody dismissed stays
dismissed until it has been quiet for that week.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts import people
from common import clock
from common.errors import Refused
from events import recording
from reports import days, farrington, series
from reports.farrington import Expectation
from reports.models import Trend, TrendStatus
from reports.series import DailyCounts, Series
from reports.trends import SUBJECT

FLAGGED = "trend.flagged"

#: The share of false alarms among all alarms that is put up with (Benjamini–Hochberg).
FALSE_DISCOVERY_RATE = 0.01
#: Looking back from an alarm, a day belongs to the same rise while its own p-value is below this.
STILL_RISING = 0.05
LEAST_CUSTOMERS = 5
LEAST_COUNT = 5
QUIET_DAYS = 7
LONGEST_RISE_DAYS = 28
HISTORY_DAYS = farrington.GUARD_DAYS + farrington.LONGEST_BASELINE_DAYS
CHART_DAYS = 42
EXAMPLES = 10

#: One detection at a time: two would both see no trend and both flag it.
_LOCK = 7_301_455_201

Progress = Callable[[date], object]


@dataclass(frozen=True)
class Signal:
    """One series on one day, with more than chance explains."""

    series: Series
    day: date
    expectation: Expectation
    seen: int
    q_value: float


def detect(day: date) -> list[Trend]:
    """Look for rises on one desk day, keep them as trends, and return those. Safe to repeat."""
    return detect_days(day, day)


def detect_days(first: date, last: date, progress: Progress = lambda _day: None) -> list[Trend]:
    """Look for rises on each day in turn, as if it were today; return the trends that were kept.

    Raises Refused when `first` lies after `last`.
    """
    if first > last:
        raise Refused(_("The first day lies after the last."))
    past = Past.up_to(first, last)
    found: dict[int, Trend] = {}
    for day in days.each(first, last):
        found.update({trend.pk: trend for trend in _keep_day(past, day)})
        progress(day)
    return list(found.values())


@dataclass
class Past:
    """Every series' days, and what each day let expect (reckoned once)."""

    counts: DailyCounts
    began: date
    known: dict[tuple[Series, date], Expectation | None] = field(default_factory=dict)

    @classmethod
    def up_to(cls, first: date, last: date) -> "Past":
        """Read all that looking at the days from `first` to `last` needs."""
        earliest = first - timedelta(days=HISTORY_DAYS + LONGEST_RISE_DAYS + CHART_DAYS)
        began = max(series.began() or first, earliest)
        return cls(series.counts(began, last), began)

    def seen(self, which: Series, day: date) -> int:
        return self.counts.get(which, {}).get(day, 0)

    def expectation(self, which: Series, day: date) -> Expectation | None:
        """Return what the days before let expect of this one; None where there are too few."""
        if (which, day) not in self.known:
            first = max(self.began, day - timedelta(days=HISTORY_DAYS))
            history = [self.seen(which, earlier) for earlier in days.each(first, day - timedelta(days=1))]
            self.known[which, day] = farrington.expect(history, self.seen(which, day))
        return self.known[which, day]

    def rising_since(self, which: Series, day: date) -> date:
        """Return the first of the unusual days that lead up to `day` without a gap."""
        since = day
        while (day - since).days < LONGEST_RISE_DAYS:
            before = self.expectation(which, since - timedelta(days=1))
            if before is None or before.p_value > STILL_RISING:
                break
            since -= timedelta(days=1)
        return since


def signals(past: Past, day: date) -> list[Signal]:
    """Return the series whose count on `day` is more than chance explains, all of them considered."""
    tested = []
    for which in past.counts:
        seen = past.seen(which, day)
        # Nothing to see is as sure as can be; it counts among the series, and needs no model.
        expectation = past.expectation(which, day) if seen else None
        tested.append((which, seen, expectation))
    p_values = [expectation.p_value if expectation else 1.0 for _which, _seen, expectation in tested]
    found = []
    for (which, seen, expectation), q_value in zip(tested, farrington.benjamini_hochberg(p_values), strict=True):
        if expectation and q_value <= FALSE_DISCOVERY_RATE and seen >= LEAST_COUNT:
            found.append(Signal(which, day, expectation, seen, q_value))
    return found


@transaction.atomic
def _keep_day(past: Past, day: date) -> list[Trend]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    found = [trend for signal in signals(past, day) if (trend := _keep(past, signal))]
    Trend.objects.filter(status=TrendStatus.OPEN, last_day__lt=day - timedelta(days=QUIET_DAYS)).update(
        status=TrendStatus.OVER, updated_at=clock.now()
    )
    return found


def _keep(past: Past, signal: Signal) -> Trend | None:
    """Bring the trend of a signal up to date, or flag a new one; None while too few customers are in it."""
    near = timedelta(days=QUIET_DAYS)
    same = Trend.objects.select_for_update().filter(dimension=signal.series.dimension, value=signal.series.value)
    trend = (
        same.filter(since__lte=signal.day + near, last_day__gte=signal.day - near).order_by("-last_day").first()
    )
    if trend is None:
        trend = Trend(dimension=signal.series.dimension, value=signal.series.value)
        trend.since = past.rising_since(signal.series, signal.day)
        # Looking at the past, a later rise of the same series may be open already.
        later = same.filter(status=TrendStatus.OPEN).exists()
        trend.status = TrendStatus.OVER if later else TrendStatus.OPEN
    elif signal.day < trend.last_day:
        return trend  # looking again at the past: the trend knows later days already
    elif trend.status == TrendStatus.OVER and not same.filter(status=TrendStatus.OPEN).exists():
        trend.status = TrendStatus.OPEN
    is_new = trend.pk is None
    _describe(trend, past, signal)
    if is_new and trend.customers < LEAST_CUSTOMERS:
        return None
    trend.save()
    if is_new:
        recording.record(
            FLAGGED,
            subject=(SUBJECT, trend.pk),
            by=people.system(),
            data={"dimension": trend.dimension, "value": trend.value, "since": trend.since.isoformat()},
        )
    return trend


def _describe(trend: Trend, past: Past, signal: Signal) -> None:
    """Put the present figures, examples and chart on a trend."""
    which, day, now = signal.series, signal.day, clock.now()
    trend.last_day = day
    trend.expected, trend.threshold = signal.expectation.expected, signal.expectation.threshold
    trend.seen, trend.p_value, trend.q_value = signal.seen, signal.expectation.p_value, signal.q_value
    rise = list(days.each(trend.since, day))
    trend.total_seen = sum(past.seen(which, one) for one in rise)
    trend.total_expected = sum(
        expectation.expected for one in rise if (expectation := past.expectation(which, one))
    )
    tickets = series.tickets(which, trend.since, day)
    trend.customers = tickets.aggregate(count=Count("customer", distinct=True))["count"]
    trend.examples = list(tickets.order_by("-pk").values_list("pk", flat=True)[:EXAMPLES])
    trend.chart = _chart(past, which, trend.since, day)
    trend.updated_at = now
    trend.first_flagged_at = trend.first_flagged_at or now


def _chart(past: Past, which: Series, since: date, day: date) -> dict[str, Any]:
    shown = list(days.each(max(past.began, since - timedelta(days=CHART_DAYS)), day))
    expectations = [past.expectation(which, one) for one in shown]
    return {
        "days": [one.isoformat() for one in shown],
        "seen": [past.seen(which, one) for one in shown],
        "expected": [round(one.expected, 2) if one else None for one in expectations],
        "threshold": [round(one.threshold, 2) if one else None for one in expectations],
    }
