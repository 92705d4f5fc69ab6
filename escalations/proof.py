"""Why a clock stands where it stands: its ledger written out, interval by interval. No database.

`prove` does by addition what `clocks.read` answers by two bisections: it goes through every open interval of
every segment, adds them up to the second, and finds the instant at which the target was used up. That both
come to the same is held by tests.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from common import business_hours
from escalations import calendars
from escalations.clocks import Aim, Entry, Ledger, due_after, whole_second
from escalations.custody import Holder, Stretch, within
from escalations.models import CalendarVersion, Does
from events.models import Event

_OVER = {Does.STOP, Does.CANCEL}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Interval:
    """Open time that was counted without a break, in one pair of hands. `total` is the sum so far."""

    start: datetime
    end: datetime
    total: int
    holder: Holder | None

    @property
    def seconds(self) -> int:
        return _seconds(self.start, self.end)


@dataclass(frozen=True)
class Segment:
    """What the clock did from one entry of its ledger to the next. `end` is None once it is over for good.

    `seconds` is the time counted in it, `total` what was used by its end, `out_at` the instant at which the
    deadline passed, if that was in it, `days_off` the holidays on which it did not count for that.
    """

    entry: Entry
    cause: Event
    end: datetime | None
    intervals: list[Interval]
    total: int
    out_at: datetime | None
    days_off: list[date]

    @property
    def start(self) -> datetime:
        return self.entry.at

    @property
    def aim(self) -> Aim:
        return self.entry.aim

    @property
    def lasts(self) -> int:
        """Seconds from its beginning to its end, open or not."""
        return _seconds(self.start, self.end) if self.end is not None else 0

    @property
    def seconds(self) -> int:
        return sum(interval.seconds for interval in self.intervals)


@dataclass(frozen=True)
class Proof:
    """A clock's whole reckoning up to `until`.

    `ahead` are the intervals that are still to come until the target is used up, if nothing happens.
    """

    ledger: Ledger
    until: datetime
    segments: list[Segment]
    ahead: list[Interval]
    due_at: datetime | None

    @property
    def used(self) -> int:
        return self.segments[-1].total

    @property
    def stood_still(self) -> int:
        return sum(segment.lasts for segment in self.segments if segment.entry.does != Does.RUN)

    @property
    def breached_at(self) -> datetime | None:
        return next((segment.out_at for segment in self.segments if segment.out_at is not None), None)

    @property
    def breaking(self) -> Segment | None:
        """The segment in which the deadline passed."""
        return next((segment for segment in self.segments if segment.out_at is not None), None)

    @property
    def stopped_at(self) -> datetime | None:
        last = self.segments[-1]
        return last.start if last.end is None else None

    @property
    def aim(self) -> Aim:
        return self.segments[-1].aim

    @property
    def calendars(self) -> list[CalendarVersion]:
        """The versions that it was counted by, the first first."""
        used = (segment.aim.calendar for segment in self.segments)
        return list({version.pk: version for version in used if version is not None}.values())

    @property
    def used_by(self) -> dict[Holder | None, int]:
        """The seconds used in whose hands; together `used`."""
        found: dict[Holder | None, int] = {}
        for segment in self.segments:
            for interval in segment.intervals:
                found[interval.holder] = found.get(interval.holder, 0) + interval.seconds
        return found


def prove(ledger: Ledger, causes: Sequence[Event], *, until: datetime, held: Sequence[Stretch] = ()) -> Proof:
    """Write out a ledger that has begun; `causes` are its entries' events, `held` who had the ticket when."""
    until = whole_second(until)
    segments: list[Segment] = []
    used, missed = 0, False
    entries = ledger.entries
    for number, (entry, cause) in enumerate(zip(entries, causes, strict=True)):
        last = number == len(entries) - 1
        end = None if last and entry.does in _OVER else max(until, entry.at) if last else entries[number + 1].at
        segment = _segment(entry, cause, end, used, held, may_pass=not missed)
        missed = missed or segment.out_at is not None
        used = segment.total
        segments.append(segment)
    due_at, ahead = (None, []) if missed else _ahead(segments[-1], until)
    return Proof(ledger, until, segments, ahead, due_at)


def _segment(
    entry: Entry, cause: Event, end: datetime | None, used: int, held: Sequence[Stretch], *, may_pass: bool
) -> Segment:
    if end is None:
        return Segment(entry, cause, None, [], used, None, [])
    spans = _spans(entry.aim.calendar, entry.at, end) if entry.does == Does.RUN else []
    out_at = _passed(entry, spans, used, end) if may_pass else None
    cuts = [out_at] if out_at is not None else []
    intervals = list(_counted(spans, used, held, cuts))
    days_off = _days_off(entry.aim.calendar, entry.at, end) if entry.does == Does.RUN else []
    return Segment(entry, cause, end, intervals, intervals[-1].total if intervals else used, out_at, days_off)


def _passed(entry: Entry, spans: Sequence[tuple[datetime, datetime]], used: int, end: datetime) -> datetime | None:
    """Return when the deadline passed within a segment: before its end, since in time is in time."""
    aim, passed = entry.aim, None
    if entry.does in _OVER:
        return None  # resolved, then reopened: in between nothing was owed
    if aim.due_at is not None:
        passed = max(aim.due_at, entry.at)
    elif entry.does == Does.RUN and aim.seconds is not None:
        left = aim.seconds - used
        if left <= 0:
            passed = entry.at
        for start, close in spans:
            if passed is not None:
                break
            if _seconds(start, close) >= left:
                passed = start + timedelta(seconds=left)
            left -= _seconds(start, close)
    return passed if passed is not None and passed < end else None


def _ahead(last: Segment, until: datetime) -> tuple[datetime | None, list[Interval]]:
    """Return when an open clock falls due if nothing happens, and the intervals until then."""
    aim = last.aim
    if last.end is None:
        return None, []
    if aim.due_at is not None:
        return max(aim.due_at, last.start), []
    if last.entry.does != Does.RUN or aim.seconds is None:
        return None, []
    start = max(until, last.start)
    due_at = due_after(aim.calendar, start, max(0, aim.seconds - last.total))
    if due_at < start:
        return due_at, []
    return due_at, list(_counted(_spans(aim.calendar, start, due_at), last.total, (), ()))


def _spans(calendar: CalendarVersion | None, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    if calendar is None:
        return [(start, end)] if start < end else []
    return calendars.hours(calendar).spans(start, end)


def _counted(
    spans: Sequence[tuple[datetime, datetime]], used: int, held: Sequence[Stretch], cuts: Sequence[datetime]
) -> Iterator[Interval]:
    """Yield the spans with the running total, cut where the ticket changed hands and at `cuts`."""
    for opens, closes in spans:
        start = opens
        hands = within(held, opens, closes)
        inner = {stretch.end for stretch in hands} | set(cuts)
        for end in [*sorted(at for at in inner if opens < at < closes), closes]:
            used += _seconds(start, end)
            holder = next((one.holder for one in hands if one.start <= start < one.end), None)
            yield Interval(start, end, used, holder)
            start = end


def _days_off(calendar: CalendarVersion | None, start: datetime, end: datetime) -> list[date]:
    """Return the calendar's holidays between two instants that took open time away."""
    if calendar is None:
        return []
    hours, zone = calendars.hours(calendar), ZoneInfo(calendar.zone)
    first, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    days = sorted(day for day in hours.holidays if first <= day <= last)
    return [day for day in days if _takes_away(hours, day, start, end)]


def _takes_away(hours: business_hours.Calendar, day: date, start: datetime, end: datetime) -> bool:
    without = business_hours.Calendar(
        hours.zone, hours.weekly, hours.holidays - {day}, hours.holiday_rule, hours.offsets
    )
    zone = ZoneInfo(hours.zone)
    opens = max(start, datetime(day.year, day.month, day.day, tzinfo=zone))
    closes = min(end, datetime(day.year, day.month, day.day, tzinfo=zone) + 2 * _DAY)
    return opens < closes and without.between(opens, closes) > hours.between(opens, closes)


def _seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())
