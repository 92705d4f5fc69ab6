"""Business-time arithmetic on a plain description of a calendar. No Django, no clock, no I/O.

What the operations mean:

* A shift belongs to the day on which it starts: Friday 16:00 to 01:00 is Friday's, up to Saturday 01:00.
* What a holiday takes away is the calendar's holiday rule. By SHIFT_START a holiday on Friday takes all of
  that shift, and a holiday on Saturday nothing of it. By CALENDAR_DAY a holiday closes its own day, from
  midnight to midnight in the calendar's zone: on Friday it leaves Saturday's 00:00 to 01:00 open, on Saturday
  it takes just that.
* A wall time stands for the first instant at which the zone's clock shows it or a later time. So a time
  that summer time skips is the instant of the jump, and a time shown twice is the first of the two.
* Between opening and closing real elapsed time counts: 22:00 to 06:00 is nine hours long in the night
  when the clocks go back, seven when they go forward.
* Opening times are half open: at the second of closing it is closed.
* A due time is the earliest instant with that much open time behind it: with two hours to go at 22:00
  and a shift until 24:00 it is 24:00, not the opening of the next day.

* A calendar made with `offsets` of its own reckons with those, whatever the machine's tz data say by then.

How: the shifts of whole years become UTC spans in whole microseconds, with running totals, and a question
is one or two bisections in them. Years are added as questions reach them. A table is never changed, only
replaced by a longer one, so threads may share a calendar without a lock.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from common.zones import DAY_SECONDS, first_shown, offsets_in_order, zone_info
from common.zones import CalendarError as CalendarError
from common.zones import Offsets as Offsets
from common.zones import zone_offsets as zone_offsets

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

FIRST_YEAR, LAST_YEAR = 1971, 2199
LONGEST_CLOSURE_YEARS = 10
DAY = 24 * 60  # minutes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_WEEKDAYS = dict(enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")


class NeverOpens(CalendarError):
    """The calendar has no opening within the next ten years."""


class HolidayRule(StrEnum):
    """What a holiday takes away: the shifts that start on it, or the calendar day itself."""

    SHIFT_START = "shift_start"
    CALENDAR_DAY = "calendar_day"


class Interval(NamedTuple):
    """A weekly shift: weekday (Monday is 0), opening and closing in minutes after that day's midnight.

    `closes` beyond 1440 is on the next day: 16:00 to 01:00 is `Interval(day, 960, 1500)`.
    """

    day: int
    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_WEEKDAYS.get(self.day, f'day {self.day}')} {_clock(self.opens)}–{_clock(self.closes)}"


class _Table(NamedTuple):
    """Spans in microseconds since the epoch; `totals[i]` is the open time up to the end of span i.

    The first span is an empty one in the distant past, so that every instant has a span before it.
    """

    first_year: int
    last_year: int
    known_from: int
    known_to: int
    opens: list[int]
    closes: list[int]
    totals: list[int]


_UNKNOWN = _Table(0, -1, 0, 0, [], [], [])


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly shifts in a zone, less holidays. Raises CalendarError for one that cannot be.

    With `offsets` (see `common.zones`) the zone is but a name: the answers stay what they were when the
    offsets were read.
    """

    zone: str
    weekly: Sequence[Interval]
    holidays: frozenset[date] = frozenset()
    holiday_rule: HolidayRule = HolidayRule.SHIFT_START
    offsets: Offsets | None = field(default=None, repr=False)
    _table: _Table = field(default=_UNKNOWN, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.offsets is None:
            zone_info(self.zone)
        else:
            object.__setattr__(self, "offsets", offsets_in_order(self.offsets))
        object.__setattr__(self, "weekly", _checked(self.weekly))
        object.__setattr__(self, "holidays", frozenset(self.holidays))
        object.__setattr__(self, "holiday_rule", _rule(self.holiday_rule))

    @classmethod
    def always_open(cls, zone: str = "UTC") -> Self:
        return cls(zone, [Interval(day, 0, DAY) for day in range(7)])

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read `{"zone": …, "weekly": [{"day": 0, "opens": "16:00", "closes": "01:00"}], "holidays": […]}`.

        A closing time at or before the opening is on the next day; "24:00" up to "48:00" are understood.
        `"holiday_rule": "calendar_day"` and `"offsets": [[instant, offset], …]` may be there too.
        """
        try:
            weekly = [_interval(int(row["day"]), row["opens"], row["closes"]) for row in value["weekly"]]
            holidays = frozenset(date.fromisoformat(day) for day in value.get("holidays", []))
            rule = value.get("holiday_rule", HolidayRule.SHIFT_START)
            return cls(value["zone"], weekly, holidays, rule, value.get("offsets"))
        except CalendarError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CalendarError(f"not a calendar: {error!r}") from error

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "zone": self.zone,
            "weekly": [
                {"day": shift.day, "opens": _clock(shift.opens), "closes": _clock(shift.closes)}
                for shift in self.weekly
            ],
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "holiday_rule": self.holiday_rule.value,
        }
        if self.offsets is not None:
            value["offsets"] = [list(change) for change in self.offsets]
        return value

    def add(self, start: datetime, seconds: float) -> datetime:
        """The earliest instant with `seconds` of open time after `start`, in UTC; zero gives the start.

        Raises ValueError for a negative or infinite number, CalendarError where nothing opens in time.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"cannot add {seconds} seconds")
        wanted = round(seconds * _SECOND)
        if not wanted:
            return start.astimezone(UTC)
        return _moment(self.add_micros(_micros(start), wanted))

    def add_micros(self, start: int, wanted: int) -> int:
        """`add` in numbers: start and answer in microseconds since the epoch, open time in microseconds."""
        if wanted <= 0:
            if wanted:
                raise ValueError(f"cannot add {wanted} microseconds")
            return start
        table = self._covering(start, start)
        goal = _open_before(table, start) + wanted
        while goal > table.totals[-1]:
            table = self._longer(table)  # which has the same spans up to here
        span = bisect_left(table.totals, goal)
        return table.closes[span] - table.totals[span] + goal

    def add_many(self, starts: "NDArray[int64]", wanted: "NDArray[int64]") -> "NDArray[int64]":
        """`add_micros` for arrays: all three are microseconds (not seconds), in int64. Needs numpy."""
        from common import business_hours_batch

        return business_hours_batch.add_many(self, starts, wanted)

    def between(self, start: datetime, end: datetime) -> float:
        """Open seconds from `start` to `end`; negative when `end` comes first."""
        return self.between_micros(_micros(start), _micros(end)) / _SECOND

    def between_micros(self, start: int, end: int) -> int:
        """`between` in numbers: instants in microseconds since the epoch, the answer in microseconds."""
        table = self._covering(start, end) if start <= end else self._covering(end, start)
        return _open_before(table, end) - _open_before(table, start)

    def between_many(self, starts: "NDArray[int64]", ends: "NDArray[int64]") -> "NDArray[int64]":
        """`between_micros` for arrays: all three are microseconds, in int64. Needs numpy."""
        from common import business_hours_batch

        return business_hours_batch.between_many(self, starts, ends)

    def is_open(self, at: datetime) -> bool:
        instant = _micros(at)
        table = self._covering(instant, instant)
        return instant < table.closes[bisect_right(table.opens, instant) - 1]

    def next_opening(self, at: datetime) -> datetime:
        """The earliest open instant from `at` on, in UTC: `at` itself when open. May raise NeverOpens."""
        if self.is_open(at):
            return at.astimezone(UTC)
        instant = _micros(at)
        table = self._covering(instant, instant)
        while instant > table.opens[-1]:
            table = self._longer(table)
        return _moment(table.opens[bisect_left(table.opens, instant)])

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open intervals between `start` and `end`, cut to them, in UTC; shifts that touch are one."""
        a, b = _micros(start), _micros(end)
        if a >= b:
            return []
        table = self._covering(a, b)
        found = []
        for span in range(bisect_right(table.closes, a), bisect_left(table.opens, b)):
            opens, closes = max(a, table.opens[span]), min(b, table.closes[span])
            found.append((_moment(opens), _moment(closes)))
        return found

    def _covering(self, first: int, last: int) -> _Table:
        """The table, made long enough to answer for instants from `first` to `last`."""
        table = self._table
        if table.known_from <= first and last < table.known_to:
            return table
        if not _REACH[0] <= first <= last < _REACH[1]:
            raise _out_of_reach()
        from_year, to_year = _moment(first).year - 1, _moment(last).year + 1
        if table is not _UNKNOWN:
            from_year, to_year = min(from_year, table.first_year), max(to_year, table.last_year)
        return self._tabulate(from_year, to_year)

    def _longer(self, table: _Table) -> _Table:
        """A table reaching further into the future, with more open time than `table` has."""
        last_year = table.last_year
        while last_year < min(table.last_year + LONGEST_CLOSURE_YEARS, LAST_YEAR):
            last_year = min(2 * last_year - table.first_year, LAST_YEAR)
            longer = self._tabulate(table.first_year, last_year)
            if longer.totals[-1] > table.totals[-1]:
                return longer
        if last_year == LAST_YEAR:
            raise _out_of_reach()
        raise NeverOpens(f"closed for more than {LONGEST_CLOSURE_YEARS} years after {table.last_year}")

    def _tabulate(self, from_year: int, to_year: int) -> _Table:
        opens, closes, totals = [-(2**62)], [-(2**62)], [0]
        for start, end in self._shifts(date(from_year, 1, 1), date(to_year, 12, 31)):
            if start <= closes[-1]:
                totals[-1] += end - closes[-1]
                closes[-1] = end
            else:
                opens.append(start)
                closes.append(end)
                totals.append(totals[-1] + end - start)
        # A shift of the year before may last into 2 January anywhere on earth, and the next year's
        # first may begin on 31 December in UTC.
        known_from = _micros(datetime(from_year, 1, 3, tzinfo=UTC))
        known_to = _micros(datetime(to_year, 12, 31, tzinfo=UTC))
        table = _Table(from_year, to_year, known_from, known_to, opens, closes, totals)
        object.__setattr__(self, "_table", table)
        return table

    def _shifts(self, first: date, last: date) -> Iterable[tuple[int, int]]:
        """Every shift starting on a day from `first` to `last`, in order, in microseconds."""
        instant = first_shown(zone_offsets(self.zone) if self.offsets is None else self.offsets)
        for opens, closes in self._wall_times(first, last):
            start, end = instant(opens), instant(closes)
            if start < end:  # a shift that lies wholly in skipped time has no length
                yield start * _SECOND, end * _SECOND

    def _wall_times(self, first: date, last: date) -> Iterable[tuple[int, int]]:
        """What stays of every shift after the holidays, in seconds that the clocks of a zone would show."""
        cut = self.holiday_rule is HolidayRule.CALENDAR_DAY
        by_weekday = [[shift for shift in self.weekly if shift.day == day] for day in range(7)]
        closed = {day.toordinal() for day in self.holidays}
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            midnight = (ordinal - _EPOCH_ORDINAL) * DAY_SECONDS
            for _, opens, closes in by_weekday[(ordinal - 1) % 7]:
                if not cut or closes <= DAY:
                    if ordinal not in closed:
                        yield midnight + opens * 60, midnight + closes * 60
                    continue
                if ordinal not in closed:
                    yield midnight + opens * 60, midnight + DAY_SECONDS
                if ordinal + 1 not in closed:
                    yield midnight + DAY_SECONDS, midnight + closes * 60


def _out_of_reach() -> CalendarError:
    return CalendarError(f"calendars reach from {FIRST_YEAR + 1} to {LAST_YEAR - 1}")


def _open_before(table: _Table, at: int) -> int:
    span = bisect_right(table.opens, at) - 1
    closes = table.closes[span]
    return table.totals[span] if at >= closes else table.totals[span] - closes + at


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    since = at - _EPOCH
    return (since.days * DAY_SECONDS + since.seconds) * _SECOND + since.microseconds


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND  # exact, and half the time that timedelta(microseconds=…) takes


_EPOCH_ORDINAL = _EPOCH.toordinal()
_REACH = _micros(datetime(FIRST_YEAR + 1, 1, 1, tzinfo=UTC)), _micros(datetime(LAST_YEAR, 1, 1, tzinfo=UTC))


def _checked(weekly: Iterable[Interval]) -> tuple[Interval, ...]:
    shifts = tuple(sorted(Interval(*shift) for shift in weekly))
    if not shifts:
        raise NeverOpens("a calendar without opening hours")
    for shift in shifts:
        if not (0 <= shift.day <= 6 and 0 <= shift.opens < DAY and shift.closes <= 2 * DAY):
            raise CalendarError(f"not within a day and the next: {shift}")
        if shift.opens >= shift.closes:
            raise CalendarError(f"no time between opening and closing: {shift}")
    round_the_week = [*shifts, shifts[0]._replace(day=shifts[0].day + 7)]
    for one, other in pairwise(round_the_week):
        if one.day * DAY + one.closes > other.day * DAY + other.opens:
            raise CalendarError(f"overlapping hours: {one} and {other._replace(day=other.day % 7)}")
    return shifts


def _rule(name: str) -> HolidayRule:
    try:
        return HolidayRule(name)
    except ValueError as error:
        raise CalendarError(f"unknown holiday rule {name!r}") from error


def _interval(day: int, opens: str, closes: str) -> Interval:
    start, end = _minutes(opens), _minutes(closes)
    return Interval(day, start, end if end > start else end + DAY)


def _minutes(clock: str) -> int:
    match = _CLOCK.fullmatch(clock)
    if not match:
        raise CalendarError(f"not a time of day: {clock!r}")
    return int(match[1]) * 60 + int(match[2])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
