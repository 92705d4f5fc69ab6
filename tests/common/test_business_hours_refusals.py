"""What the arithmetic refuses: impossible hours, unknown zones, and JSON that is no calendar."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from common.business_hours import DAY, Calendar, CalendarError, HolidayRule, Interval, NeverOpens
from tests.common.test_business_hours import AFTERNOON, manila, micros


@pytest.mark.parametrize(
    "weekly",
    [
        [],
        [Interval(0, 600, 600)],
        [Interval(0, 600, 500)],
        [Interval(7, 0, 60)],
        [Interval(0, -1, 60)],
        [Interval(0, 0, 2 * DAY + 1)],
        [Interval(0, 540, 720), Interval(0, 700, 800)],
        [Interval(6, 1200, 1600), Interval(0, 100, 200)],  # Sunday's night reaches into Monday
        [Interval(0, 0, 2 * DAY), Interval(1, 0, 60)],
    ],
)
def test_impossible_hours_are_refused(weekly: list[Interval]) -> None:
    with pytest.raises(CalendarError):
        Calendar("UTC", weekly)


@pytest.mark.parametrize(
    ("weekly", "message"),
    [
        ([Interval(0, 540, 720), Interval(0, 700, 800)], "Monday 09:00–12:00 and Monday 11:40–13:20"),
        ([Interval(6, 1200, 1600), Interval(0, 100, 200)], "Sunday 20:00–26:40 and Monday 01:40–03:20"),
        ([Interval(3, 600, 600)], "no time between opening and closing: Thursday 10:00–10:00"),
        ([Interval(7, 0, 60)], "day 7 00:00–01:00"),
    ],
)
def test_a_refusal_names_the_hours(weekly: list[Interval], message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        Calendar("UTC", weekly)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "America"])
def test_unknown_zones_are_refused(zone: str) -> None:
    with pytest.raises(CalendarError):
        Calendar(zone, [Interval(0, 0, 60)])


@pytest.mark.parametrize("rule", HolidayRule)
def test_a_calendar_closed_for_ever_says_so(rule: HolidayRule) -> None:
    mondays = frozenset(date(2024, 1, 1) + timedelta(weeks=n) for n in range(52 * 80))
    closed = Calendar("UTC", [Interval(0, 540, 1020)], mondays, rule)
    at = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(NeverOpens):
        closed.add(at, 1)
    with pytest.raises(NeverOpens):
        closed.add_many(np.array([micros(at)]), np.array([1]))
    with pytest.raises(NeverOpens):
        closed.next_opening(at)
    assert closed.between(at, datetime(2030, 1, 1, tzinfo=UTC)) == 0


def test_what_cannot_be_asked() -> None:
    at = manila(1, 16)
    for seconds in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="cannot add"):
            AFTERNOON.add(at, seconds)
    with pytest.raises(ValueError, match="without a zone"):
        AFTERNOON.is_open(at.replace(tzinfo=None))
    with pytest.raises(CalendarError):
        AFTERNOON.between(datetime(1, 1, 1, tzinfo=UTC), at)
    with pytest.raises(CalendarError):
        AFTERNOON.add(at, 1e15)
    with pytest.raises(CalendarError):
        AFTERNOON.add_micros(2**60, 1)
    with pytest.raises(ValueError, match="cannot add -1 microseconds"):
        AFTERNOON.add_micros(micros(at), -1)


def test_what_cannot_be_asked_of_a_batch() -> None:
    at = np.array([micros(manila(1, 16))])
    with pytest.raises(ValueError, match="cannot add -1 microseconds"):
        AFTERNOON.add_many(at, np.array([-1]))
    with pytest.raises(TypeError, match="whole numbers, not float64"):
        AFTERNOON.add_many(at, np.array([3600.0]))
    with pytest.raises(CalendarError):
        AFTERNOON.add_many(at, np.array([2**63 - 1]))
    with pytest.raises(CalendarError):
        AFTERNOON.between_many(np.array([-(2**60)]), at)


def test_a_batch_of_zeros_gives_the_starts_even_out_of_reach() -> None:
    starts = np.array([-(2**60), micros(manila(6, 3))])
    assert AFTERNOON.add_many(starts, np.zeros(2, np.int64)).tolist() == starts.tolist()
    assert AFTERNOON.add_micros(-(2**60), 0) == -(2**60)


def test_json_reads_shifts_across_midnight() -> None:
    calendar = Calendar.from_json(
        {
            "zone": "Asia/Manila",
            "weekly": [
                {"day": 0, "opens": "16:00", "closes": "01:00"},
                {"day": 3, "opens": "00:00", "closes": "24:00"},
            ],
            "holidays": ["2026-01-01"],
        }
    )
    assert calendar.weekly == (Interval(0, 960, 1500), Interval(3, 0, 1440))
    assert calendar.to_json()["weekly"][0] == {"day": 0, "opens": "16:00", "closes": "25:00"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"zone": "UTC"},
        {"zone": "UTC", "weekly": [{"day": 0}]},
        {"zone": "UTC", "weekly": [{"day": 0, "opens": "9", "closes": "17:00"}]},
        {"zone": "UTC", "weekly": [{"day": 0, "opens": 9, "closes": 17}]},
        {"zone": "UTC", "weekly": [{"day": 0, "opens": "09:00", "closes": "17:00"}], "holidays": ["soon"]},
        {"zone": 5, "weekly": [{"day": 0, "opens": "09:00", "closes": "17:00"}]},
    ],
)
def test_json_that_is_no_calendar_is_refused(value: object) -> None:
    with pytest.raises(CalendarError):
        Calendar.from_json(value)
