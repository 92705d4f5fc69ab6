"""The arithmetic against a slow, obvious model that walks minute by minute."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from common import business_hours, zones
from common.business_hours import DAY, Calendar, CalendarError, HolidayRule, Interval, zone_offsets

MINUTE = timedelta(minutes=1)
AFTERNOON = Calendar("Asia/Manila", [Interval(day, 15 * 60, 24 * 60) for day in range(5)])
EVENING = Calendar("Asia/Manila", [Interval(day, 16 * 60, 25 * 60) for day in range(5)])

# Days around which these zones change their clocks (Lord Howe by half an hour, Santiago at midnight,
# Apia by skipping a whole day, Pyongyang by decree to the half hour and back, Casablanca for Ramadan,
# São Paulo for the last time), and leap days.
ZONES_AND_DAYS = [
    ("America/New_York", date(2024, 3, 10)),
    ("America/New_York", date(2024, 11, 3)),
    ("Europe/London", date(2025, 3, 30)),
    ("Europe/London", date(2025, 10, 26)),
    ("America/Santiago", date(2024, 4, 7)),
    ("America/Santiago", date(2024, 9, 8)),
    ("Australia/Lord_Howe", date(2024, 4, 7)),
    ("Australia/Lord_Howe", date(2024, 10, 6)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Pyongyang", date(2015, 8, 15)),
    ("Asia/Pyongyang", date(2018, 5, 5)),
    ("Africa/Casablanca", date(2024, 3, 10)),
    ("Africa/Casablanca", date(2024, 4, 14)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2019, 2, 17)),
    ("America/Sao_Paulo", date(2019, 11, 3)),
    ("Asia/Manila", date(2024, 2, 29)),
    ("Europe/London", date(2100, 2, 28)),  # which is not followed by a 29th
    ("Asia/Kolkata", date(2024, 12, 31)),
    ("UTC", date(2025, 1, 1)),
]


@lru_cache(maxsize=64)
def furthest_readings(zone: str, around: date) -> tuple[tuple[datetime, datetime], ...]:
    """For each UTC minute of two weeks: the furthest that the zone's clock has got by then."""
    zone_info = ZoneInfo(zone)
    at = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=4)
    furthest = datetime(1, 1, 1)
    readings = []
    for _ in range(14 * DAY):
        furthest = max(furthest, at.astimezone(zone_info).replace(tzinfo=None))
        readings.append((at, furthest))
        at += MINUTE
    return tuple(readings)


def open_minutes(calendar: Calendar, around: date) -> list[datetime]:
    """The oracle: a minute is open when the clock shows a minute of some day's shift."""
    shown: set[datetime] = set()
    for offset in range(-7, 14):
        day = around + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day)
        for shift in calendar.weekly:
            if shift.day != day.weekday():
                continue
            times = [midnight + n * MINUTE for n in range(shift.opens, shift.closes)]
            if calendar.holiday_rule is HolidayRule.CALENDAR_DAY:
                shown.update(time for time in times if time.date() not in calendar.holidays)
            elif day not in calendar.holidays:
                shown.update(times)
    return [at for at, clock in furthest_readings(calendar.zone, around) if clock in shown]


def slow_between(minutes: list[datetime], start: datetime, end: datetime) -> float:
    near = (minute for minute in minutes if start - MINUTE < minute < end)
    overlaps = (min(end, minute + MINUTE) - max(start, minute) for minute in near)
    return sum(overlaps, timedelta()).total_seconds()


def slow_add(minutes: list[datetime], start: datetime, seconds: float) -> datetime | None:
    left = timedelta(seconds=seconds)
    if not left:
        return start
    for minute in minutes[max(0, bisect_left(minutes, start) - 1) :]:
        available = minute + MINUTE - max(start, minute)
        if available >= left:
            return max(start, minute) + left
        left -= max(available, timedelta())
    return None


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, date]:
    zone, around = draw(st.sampled_from(ZONES_AND_DAYS))
    weekly = []
    free_from = 0
    first_opening = 7 * DAY
    for day in range(7):
        for _ in range(draw(st.integers(0, 3))):
            opens = draw(st.integers(0, DAY - 1))
            if day * DAY + opens < free_from:
                continue
            closes = draw(st.integers(opens + 1, min(2 * DAY, (7 - day) * DAY + first_opening)))
            first_opening = min(first_opening, day * DAY + opens)
            free_from = day * DAY + closes
            weekly.append(Interval(day, opens, closes))
    assume(weekly)
    holidays = draw(st.frozensets(st.integers(-6, 13).map(lambda n: around + timedelta(days=n)), max_size=4))
    rule = draw(st.sampled_from(HolidayRule))
    offsets = draw(st.sampled_from([None, zone_offsets(zone)]))
    try:
        return Calendar(zone, weekly, holidays, rule, offsets), around
    except CalendarError:
        assume(False)
        raise


def instants(around: date) -> st.SearchStrategy[datetime]:
    """Ragged instants, to the microsecond, within a few days of `around`."""
    start = datetime(around.year, around.month, around.day, tzinfo=UTC)
    return st.timedeltas(timedelta(days=-3), timedelta(days=6)).map(lambda offset: start + offset)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_agrees_with_the_minute_stepping_model(data: st.DataObject) -> None:
    calendar, around = data.draw(cases())
    minutes = open_minutes(calendar, around)
    start, end = sorted((data.draw(instants(around)), data.draw(instants(around))))
    seconds = data.draw(st.one_of(st.integers(0, 72 * 3600), st.integers(0, 10**9).map(lambda n: n / 10**6)))

    assert calendar.between(start, end) == slow_between(minutes, start, end)
    due = slow_add(minutes, start, seconds)
    if due is not None:
        assert calendar.add(start, seconds) == due
    assert calendar.is_open(start) == (start.replace(second=0, microsecond=0) in minutes)
    later = [minute for minute in minutes if minute + MINUTE > start]
    if later:
        assert calendar.next_opening(start) == max(start, later[0])


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_laws(data: st.DataObject) -> None:
    calendar, around = data.draw(cases())
    a, b, c = sorted(data.draw(instants(around)) for _ in range(3))
    seconds = data.draw(st.integers(1, 10 * 86_400))

    due = calendar.add(a, seconds)
    assert calendar.between(a, due) == seconds
    assert calendar.between(a, due - timedelta(microseconds=1)) < seconds
    assert calendar.between(a, b) == -calendar.between(b, a)
    assert calendar.between(a, c) == pytest.approx(calendar.between(a, b) + calendar.between(b, c), abs=1e-6)
    spans = calendar.spans(a, c)
    total = sum((end - start for start, end in spans), timedelta())
    assert total.total_seconds() == calendar.between(a, c)
    assert all(start < end for start, end in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    assert Calendar.from_json(calendar.to_json()) == calendar


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_batch_answers_as_single_questions_do(data: st.DataObject) -> None:
    calendar, around = data.draw(cases())
    starts = [micros(at) for at in data.draw(st.lists(instants(around), max_size=8))]
    ends = [micros(data.draw(instants(around))) for _ in starts]
    wanted = [data.draw(st.integers(0, 30 * 86_400 * 10**6)) for _ in starts]

    due = calendar.add_many(np.array(starts, np.int64), np.array(wanted, np.int64))
    assert due.tolist() == [calendar.add_micros(*case) for case in zip(starts, wanted, strict=True)]
    used = calendar.between_many(np.array(starts, np.int64), np.array(ends, np.int64))
    assert used.tolist() == [calendar.between_micros(*case) for case in zip(starts, ends, strict=True)]
    assert due.dtype == used.dtype == np.int64


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def manila(day: int, hour: int, minute: int = 0) -> datetime:
    """September 2025: the 1st is a Monday."""
    return datetime(2025, 9, day, hour, minute, tzinfo=ZoneInfo("Asia/Manila"))


def test_afternoon_shift_in_manila() -> None:
    assert AFTERNOON.add(manila(1, 16), 3600) == manila(1, 17)
    assert AFTERNOON.add(manila(1, 9), 3600) == manila(1, 16)
    assert AFTERNOON.add(manila(1, 22), 2 * 3600) == manila(2, 0)  # the last second of the shift
    assert AFTERNOON.add(manila(1, 22), 2 * 3600 + 1) == manila(2, 15) + timedelta(seconds=1)
    assert AFTERNOON.add(manila(5, 23), 2 * 3600) == manila(8, 16)  # Friday to Monday
    assert not AFTERNOON.is_open(manila(6, 0))


def test_evening_shift_in_manila_ends_on_saturday() -> None:
    assert EVENING.is_open(manila(6, 0, 59))
    assert not EVENING.is_open(manila(6, 1))
    assert not EVENING.is_open(manila(7, 16))
    assert not EVENING.is_open(manila(8, 0, 30))
    assert EVENING.between(manila(1, 0), manila(8, 0)) == 5 * 9 * 3600
    assert EVENING.next_opening(manila(6, 1)) == manila(8, 16)
    assert EVENING.spans(manila(5, 2), manila(7, 0)) == [(manila(5, 16), manila(6, 1))]


def test_a_holiday_takes_the_shifts_that_start_on_it() -> None:
    friday_off = Calendar("Asia/Manila", EVENING.weekly, frozenset({date(2025, 9, 5)}))
    assert friday_off.is_open(manila(5, 0, 30))  # still Thursday's shift
    assert not friday_off.is_open(manila(6, 0, 30))
    saturday_off = Calendar("Asia/Manila", EVENING.weekly, frozenset({date(2025, 9, 6)}))
    assert saturday_off.is_open(manila(6, 0, 30))


def test_a_holiday_may_close_its_calendar_day_alone() -> None:
    def with_holidays(*days: int) -> Calendar:
        dates = frozenset(date(2025, 9, day) for day in days)
        return Calendar("Asia/Manila", EVENING.weekly, dates, HolidayRule.CALENDAR_DAY)

    friday_off = with_holidays(5)
    assert not friday_off.is_open(manila(5, 0, 30))  # Thursday's shift is cut at midnight
    assert not friday_off.is_open(manila(5, 20))
    assert friday_off.spans(manila(4, 12), manila(6, 12)) == [
        (manila(4, 16), manila(5, 0)),
        (manila(6, 0), manila(6, 1)),  # and what Friday's shift has on Saturday stays
    ]
    assert with_holidays(6).spans(manila(5, 12), manila(7, 0)) == [(manila(5, 16), manila(6, 0))]
    assert with_holidays(5, 6).spans(manila(4, 12), manila(7, 0)) == [(manila(4, 16), manila(5, 0))]
    assert friday_off.add(manila(4, 23), 2 * 3600) == manila(6, 1)


def test_lunch_and_split_shifts() -> None:
    split = Calendar("Asia/Manila", [Interval(0, 540, 720), Interval(0, 780, 1080), Interval(0, 1200, 1500)])
    assert split.between(manila(1, 0), manila(3, 0)) == (3 + 5 + 5) * 3600
    assert split.add(manila(1, 11, 30), 3600) == manila(1, 13, 30)
    assert split.add(manila(1, 9), 3 * 3600) == manila(1, 12)  # when lunch begins, not when it ends
    assert split.next_opening(manila(1, 12)) == manila(1, 13)
    assert split.add(manila(1, 17), 6 * 3600) == manila(2, 1)


def test_real_time_counts_in_ramadan() -> None:
    """Morocco puts its clocks back for Ramadan and forward again five weeks later."""
    zone = ZoneInfo("Africa/Casablanca")
    days = Calendar("Africa/Casablanca", [Interval(day, 540, 1020) for day in range(7)])
    for day, utc_opening in ((date(2024, 3, 9), 8), (date(2024, 3, 11), 9), (date(2024, 4, 15), 8)):
        opening = days.next_opening(datetime(day.year, day.month, day.day, tzinfo=zone))
        assert opening == datetime(day.year, day.month, day.day, utc_opening, tzinfo=UTC)


def test_frozen_offsets_outlive_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine learns that New York keeps to winter time for ever: a published calendar stays as it was."""
    weekly = [Interval(day, 540, 1020) for day in range(7)]
    stored = Calendar("America/New_York", weekly, offsets=zone_offsets("America/New_York")).to_json()
    july = datetime(2026, 7, 1, 4, tzinfo=UTC)
    winter_time = ((0, -5 * 3600),)
    monkeypatch.setattr(business_hours, "zone_offsets", lambda zone: winter_time)

    published = Calendar.from_json(stored)
    assert published.next_opening(july) == july.replace(hour=13)
    assert Calendar("America/New_York", weekly).next_opening(july) == july.replace(hour=14)
    assert Calendar("America/New_York", weekly, offsets=winter_time) != published


def test_frozen_offsets_need_no_tz_data(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets = zone_offsets("Europe/London")
    monkeypatch.setattr(zones, "ZoneInfo", None)
    monkeypatch.setattr(business_hours, "zone_offsets", None)
    nights = Calendar("A zone no longer known", [Interval(day, 1320, 1800) for day in range(7)], offsets=offsets)
    assert nights.between(*_day(2025, 3, 29)) == 7 * 3600
    assert nights.between(*_day(2025, 10, 25)) == 9 * 3600


@pytest.mark.parametrize(
    "offsets", [[], [[0]], [[0, "3600"]], [[0, 90_000]], [[0, 0.5]], [[5, 0], [5, 60]], [[9, 0], [5, 60]], 7]
)
def test_impossible_offsets_are_refused(offsets: object) -> None:
    with pytest.raises(CalendarError):
        Calendar.from_json({**AFTERNOON.to_json(), "offsets": offsets})


def test_unknown_holiday_rules_are_refused() -> None:
    with pytest.raises(CalendarError, match="unknown holiday rule 'never'"):
        Calendar.from_json({**AFTERNOON.to_json(), "holiday_rule": "never"})
    old = AFTERNOON.to_json()
    del old["holiday_rule"]
    assert Calendar.from_json(old).holiday_rule is HolidayRule.SHIFT_START


def test_round_the_clock_is_plain_time() -> None:
    always = Calendar.always_open("America/New_York")
    start = datetime(2024, 2, 28, 12, 0, 1, 5, tzinfo=UTC)
    assert always.add(start, 400 * 86_400) == start + timedelta(days=400)
    assert always.between(start, start + timedelta(days=4000)) == 4000 * 86_400
    assert always.next_opening(start) == start


def test_real_time_counts_when_clocks_change() -> None:
    nights = Calendar("Europe/London", [Interval(day, 22 * 60, 30 * 60) for day in range(7)])
    assert nights.between(*_day(2025, 3, 29)) == 7 * 3600
    assert nights.between(*_day(2025, 10, 25)) == 9 * 3600


def _day(year: int, month: int, day: int) -> tuple[datetime, datetime]:
    noon = datetime(year, month, day, 12, tzinfo=ZoneInfo("Europe/London"))
    return noon, noon + timedelta(days=1)


def test_zero_gives_the_start_even_when_closed() -> None:
    assert AFTERNOON.add(manila(6, 3), 0) == manila(6, 3)
