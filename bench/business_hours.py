"""Business-time arithmetic: calls per second, beside a loop that walks minute by minute.

Run from the repository's root: python -m bench.business_hours
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from common.business_hours import Calendar, Interval

EVENING = Calendar("America/New_York", [Interval(day, 16 * 60, 25 * 60) for day in range(5)])
ZONE = ZoneInfo(EVENING.zone)
MINUTE = timedelta(minutes=1)


def walk(start: datetime, seconds: int) -> datetime:
    """The naive way: step through the minutes, asking the wall clock of each."""
    at, left = start, seconds
    while left > 0:
        clock = at.astimezone(ZONE)
        minutes = clock.hour * 60 + clock.minute
        evening = clock.weekday() < 5 and minutes >= 16 * 60
        after_midnight = 1 <= clock.weekday() <= 5 and minutes < 60
        if evening or after_midnight:
            left -= 60
        at += MINUTE
    return at


def per_second(call: Callable[[datetime, int], object], cases: list[tuple[datetime, int]]) -> float:
    began = time.perf_counter()
    for start, seconds in cases:
        call(start, seconds)
    return len(cases) / (time.perf_counter() - began)


def main() -> None:
    chance = random.Random(1)
    year = datetime(2025, 1, 1, tzinfo=UTC)
    cases = [
        (year + timedelta(minutes=chance.randrange(500_000)), 60 * chance.randrange(1, 3000))
        for _ in range(200_000)
    ]
    EVENING.add(*cases[0])  # builds the spans
    add = per_second(EVENING.add, cases)
    between = per_second(lambda start, seconds: EVENING.between(start, start + timedelta(seconds=seconds)), cases)
    naive = per_second(walk, cases[:50])
    print(f"add      {add:>10,.0f} calls a second, {add / naive:,.0f} times the minute-stepping loop")
    print(f"between  {between:>10,.0f} calls a second")
    print(f"walk     {naive:>10,.0f} calls a second")


if __name__ == "__main__":
    main()
