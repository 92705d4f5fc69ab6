"""The libraries that business hours are compared with, each asked in its own words.

A contender takes its own kind of instant (`instant`), and gives its own kind of answer (`due`, `used`), so
that only its arithmetic is measured. Those that know no zones are given local wall times, as their users do.
"""

from calendar import day_abbr, day_name
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np

from common.business_hours import DAY, Calendar, HolidayRule, Interval


class Unsupported(Exception):
    """The contender can't express this schedule; the text says why."""


class Schedule(NamedTuple):
    """The same shift on some days of the week, in minutes after midnight; it may end on the next day."""

    name: str
    zone: ZoneInfo
    opens: int
    closes: int
    days: tuple[int, ...]
    holidays: tuple[date, ...]

    @property
    def times(self) -> tuple[time, time]:
        opens, closes = (divmod(minutes % DAY, 60) for minutes in (self.opens, self.closes))
        return time(*opens), time(*closes)

    @property
    def days_off(self) -> list[int]:
        return [day for day in range(7) if day not in self.days]


class Contender:
    """One library. `add` takes whole hours, which is all that some can add."""

    name: str
    package: str
    modules: tuple[str, ...] = ()
    aware = True  # of time zones
    batch = False
    add: Callable[[Any, Any], Any] | None = None
    between: Callable[[Any, Any], Any] | None = None

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    @classmethod
    def load(cls) -> type[Self]:
        """Raises ImportError where the library is not installed."""
        for module in cls.modules:
            import_module(module)
        return cls

    def instant(self, at: datetime) -> Any:
        """What the library is asked about."""
        return at if self.aware else at.astimezone(self.schedule.zone).replace(tzinfo=None)

    def amount(self, hours: int) -> Any:
        return hours

    def due(self, answer: Any) -> datetime:
        if not self.aware:
            answer = answer.replace(tzinfo=self.schedule.zone)
        return answer.astimezone(UTC)

    def used(self, answer: Any) -> float:
        """The answer of `between` in seconds."""
        return float(answer)


class Ours(Contender):
    name, package = "Secondline, single calls", ""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.calendar = Calendar(
            schedule.zone.key,
            [Interval(day, schedule.opens, schedule.closes) for day in schedule.days],
            frozenset(schedule.holidays),
            HolidayRule.CALENDAR_DAY,
        )
        self.add, self.between = self.calendar.add, self.calendar.between

    def amount(self, hours: int) -> int:
        return hours * 3600


class OursInABatch(Ours):
    name, batch = "Secondline, batch", True

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.add, self.between = self.calendar.add_many, self.calendar.between_many

    def instant(self, at: datetime) -> int:
        return round(at.timestamp()) * 1_000_000

    def amount(self, hours: int) -> int:
        return hours * 3_600_000_000

    def due(self, answer: Any) -> datetime:
        return datetime.fromtimestamp(int(answer) / 1_000_000, UTC)

    def used(self, answer: Any) -> float:
        return int(answer) / 1_000_000


class BusinessTimeDelta(Contender):
    name, package, modules = "businesstimedelta", "businesstimedelta", ("businesstimedelta", "pytz")

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        import businesstimedelta
        import pytz

        zone = pytz.timezone(schedule.zone.key)
        start, end = schedule.times
        work = businesstimedelta.WorkDayRule(start, end, list(schedule.days), tz=zone)
        rules = [work]
        if schedule.holidays:
            rules.append(businesstimedelta.HolidayRule(list(schedule.holidays), tz=zone))
        rule = businesstimedelta.Rules(rules) if schedule.holidays else work
        self.add = lambda at, hours: at + businesstimedelta.BusinessTimeDelta(rule, hours=hours)
        self.between = rule.difference

    def used(self, answer: Any) -> float:
        return answer.timedelta.total_seconds()


class BusinessDuration(Contender):
    name, package, modules, aware = "business-duration", "business-duration", ("business_duration",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from business_duration import businessDuration

        start, end = schedule.times
        off, holidays = schedule.days_off, list(schedule.holidays)
        self.between = lambda a, b: businessDuration(a, b, start, end, off, holidays, "sec")


class CustomBusinessHour(Contender):
    name, package, modules = "pandas CustomBusinessHour", "pandas", ("pandas",)

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from pandas.tseries.offsets import CustomBusinessHour as Hour

        start, end = schedule.times
        days = " ".join(day_abbr[day] for day in schedule.days)
        self.hour = Hour(start=start, end=end, weekmask=days, holidays=list(schedule.holidays))
        self.add = lambda at, hours: at + hours

    def instant(self, at: datetime) -> Any:
        from pandas import Timestamp

        return Timestamp(at.astimezone(self.schedule.zone))

    def amount(self, hours: int) -> Any:
        return self.hour * hours


class BusinessTime(Contender):
    name, package, modules, aware = "businesstime", "businesstime", ("businesstime",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from businesstime import BusinessTime as Time

        if schedule.closes > DAY:
            raise Unsupported("a day's hours end before midnight")
        self.between = Time(schedule.times, tuple(schedule.days_off), list(schedule.holidays)).businesstime_hours

    def used(self, answer: Any) -> float:
        return answer.total_seconds()


class BizTime(Contender):
    name, package, modules, aware = "biztime", "biztime", ("biztime",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from biztime.biztime import BizTime as Time

        start, end = schedule.times
        if end < start:
            raise Unsupported("a day's hours end before midnight")
        self.between = Time(
            {"biz_start": start, "biz_end": end, "weekend": schedule.days_off, "holidays": schedule.holidays}
        ).date_diff

    def used(self, answer: Any) -> float:
        return answer.total_seconds()


class OfficeHours(Contender):
    name, package, modules, aware = "officehours", "officehours", ("officehours",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from officehours import Calculator

        if schedule.closes > DAY or schedule.days != (0, 1, 2, 3, 4):
            raise Unsupported("Monday to Friday within one day only")
        start, end = schedule.times
        calculator = Calculator(f"{start:%H:%M}", f"{end:%H:%M}", list(schedule.holidays))
        self.between = calculator.working_seconds
        self.add = lambda at, hours: calculator.due_date(hours, at)


class WorkTimeCalc(Contender):
    name, package, modules, aware = "worktimecalc", "worktimecalc", ("worktimecalc",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from worktimecalc.calc import WorkTimeCalculator

        if schedule.closes > DAY:
            raise Unsupported("a day's hours end before midnight")
        week = "".join("1" if day in schedule.days else "0" for day in range(7))
        self.between = WorkTimeCalculator(*schedule.times, week, list(schedule.holidays))

    def used(self, answer: Any) -> float:
        return float(answer.seconds)


class TimeGrid(Contender):
    name, package, modules, aware = "timegrid (Rust)", "timegrid", ("timegrid",), False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        from timegrid import DayOfWeek, TimeGridCalendar, hours

        calendar = TimeGridCalendar.create()
        for day in schedule.days:
            calendar.add_open_rule(getattr(DayOfWeek, day_name[day].upper()), *schedule.times)
        for holiday in schedule.holidays:
            calendar.add_holiday(holiday)
        first, last = datetime(2024, 12, 1), datetime(2026, 3, 1)  # noqa: DTZ001 - it knows no zones
        timeline = calendar.compile(first, last)
        self.hours = hours
        self.add = calendar.add_work_duration
        self.between = timeline.get_working_duration

    def amount(self, hours: int) -> Any:
        return self.hours(hours)

    def used(self, answer: Any) -> float:
        return answer.total_seconds()


class WorkClock(Contender):
    name, package, modules = "workclock (Rust), single calls", "workclock", ("workclock",)

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        import workclock

        rules = [
            workclock.WorkDay(*schedule.times, schedule.days),
            workclock.Holidays(schedule.holidays),
        ]
        self.engine = workclock.Schedule(rules, time_zone=schedule.zone)
        self.add = lambda at, amount: self.engine.add(at, amount)
        self.between = self.engine.between

    def amount(self, hours: int) -> Any:
        return timedelta(hours=hours)

    def used(self, answer: Any) -> float:
        return answer.total_seconds()


class WorkClockInABatch(WorkClock):
    name, batch = "workclock (Rust), batch", True

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.add, self.between = self.engine.add_many, self.engine.between_many

    def instant(self, at: datetime) -> Any:
        return np.datetime64(at.replace(tzinfo=None), "us")

    def amount(self, hours: int) -> Any:
        return np.timedelta64(hours * 3_600_000_000, "us")

    def due(self, answer: Any) -> datetime:
        return answer.astype(datetime).replace(tzinfo=UTC)

    def used(self, answer: Any) -> float:
        return answer.astype(timedelta).total_seconds()


CONTENDERS: tuple[type[Contender], ...] = (
    Ours,
    OursInABatch,
    BusinessTimeDelta,
    BusinessDuration,
    CustomBusinessHour,
    BusinessTime,
    BizTime,
    OfficeHours,
    WorkTimeCalc,
    TimeGrid,
    WorkClock,
    WorkClockInABatch,
)
