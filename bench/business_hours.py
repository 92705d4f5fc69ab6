"""Business-time arithmetic beside the libraries of PyPI: how fast, and how often wrong.

    python -m bench.business_hours [--json FILE] [--seconds 1]

Speed is measured on one schedule that all can express; answers are compared with a slow, obvious model on
four. bench/README.md says what counts as wrong and how to install the libraries.
"""

import argparse
import json
import platform
import random
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from bench.contenders import CONTENDERS, Contender, Schedule, Unsupported

NEW_YORK = ZoneInfo("America/New_York")
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
# Years ahead, too, since businesstimedelta fails when it runs out of them.
HOLIDAYS = tuple(
    date(year, month, day)
    for year in range(2024, 2031)
    for month, day in ((1, 1), (1, 20), (2, 17), (5, 26), (6, 19), (7, 4), (9, 1), (11, 27), (12, 25), (12, 26))
)
PLAIN = Schedule("plain", NEW_YORK, 9 * 60, 17 * 60, MONDAY_TO_FRIDAY, ())
MIDNIGHT = Schedule("midnight", NEW_YORK, 16 * 60, 25 * 60, MONDAY_TO_FRIDAY, ())
CLOCK_CHANGE = Schedule("clock change", NEW_YORK, 22 * 60, 30 * 60, EVERY_DAY, ())
HOLIDAY = Schedule("holidays", NEW_YORK, 9 * 60, 17 * 60, MONDAY_TO_FRIDAY, HOLIDAYS)
SCHEDULES = (PLAIN, MIDNIGHT, CLOCK_CHANGE, HOLIDAY)
QUESTIONS = 300  # whose answers are checked, in each schedule
TIMED, TIMED_IN_A_BATCH = 2_000, 100_000  # different ones; asked again until the time is up
MINUTE = timedelta(minutes=1)
PATIENCE = 1.0  # seconds for one answer: one library may look for ever


class Question(NamedTuple):
    start: datetime
    hours: int
    end: datetime


def questions(schedule: Schedule, count: int) -> list[Question]:
    """To the second; around the two changes of 2025 where the clocks are the matter, else all over the year."""
    chance = random.Random(schedule.name)
    days = [datetime(2025, 1, 2, tzinfo=UTC) + timedelta(days=n) for n in range(330)]
    if schedule is CLOCK_CHANGE:
        days = [datetime(2025, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 9), (11, 1), (11, 2))]
    elif schedule is HOLIDAY:
        days = [day for day in days if any(abs((day.date() - off).days) < 4 for off in HOLIDAYS)]
    found = []
    for _ in range(count):
        start = chance.choice(days) + timedelta(seconds=chance.randrange(86_400))
        end = start + timedelta(seconds=chance.randrange(10 * 86_400))
        found.append(Question(start, chance.randrange(1, 41), end))
    return found


class Oracle:
    """Walks minute by minute, having asked the zone's clock in each minute whether its time is in a shift."""

    def __init__(self, schedule: Schedule) -> None:
        self.open: set[datetime] = set()
        at = datetime(2024, 12, 15, tzinfo=UTC)
        while at < datetime(2026, 2, 1, tzinfo=UTC):
            clock = at.astimezone(schedule.zone)
            if self._in_a_shift(clock, schedule):
                self.open.add(at)
            at += MINUTE

    @staticmethod
    def _in_a_shift(clock: datetime, schedule: Schedule) -> bool:
        if clock.date() in schedule.holidays:
            return False
        minutes = clock.hour * 60 + clock.minute
        today = clock.weekday() in schedule.days and schedule.opens <= minutes < schedule.closes
        of_yesterday = (clock.weekday() - 1) % 7 in schedule.days and minutes + 24 * 60 < schedule.closes
        return today or of_yesterday

    def due(self, start: datetime, hours: int) -> set[datetime]:
        """The earliest instant with that much open time behind it; and the next opening, if it is a closing."""
        left = timedelta(hours=hours)
        minute = start.replace(second=0)
        while True:
            if minute in self.open:
                available = minute + MINUTE - max(start, minute)
                if available >= left:
                    break
                left -= available
            minute += MINUTE
        due = opening = max(start, minute) + left
        if due == minute + MINUTE:
            while opening not in self.open:
                opening += MINUTE
        return {due, opening}

    def used(self, start: datetime, end: datetime) -> float:
        total = timedelta()
        minute = start.replace(second=0)
        while minute < end:
            if minute in self.open:
                total += min(end, minute + MINUTE) - max(start, minute)
            minute += MINUTE
        return total.total_seconds()


@contextmanager
def patience() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def answers(call: Callable[[Any, Any], Any], rows: list[tuple[Any, Any]], batch: bool) -> list[Any]:
    """What is answered to each row; None where the library raised, or would not come to an end."""
    if batch:
        return list(call(*columns(rows)))
    found = []
    for row in rows:
        try:
            with patience():
                found.append(call(*row))
        except Exception:  # noqa: BLE001 - whatever it is, it is no answer
            found.append(None)
    return found


def columns(rows: list[tuple[Any, Any]]) -> list[Any]:
    return [np.array(column) for column in zip(*rows, strict=True)]


def per_second(contender: Contender, verb: str, asked: list[Question], seconds: float) -> float:
    """Answers a second on one core, in rounds of growing size until the time is up."""
    call = getattr(contender, verb)
    rows = [row(contender, verb, question) for question in asked]
    if contender.batch:
        arrays = columns(rows)
        size = len(rows)
    else:
        rows = [each for each, answer in zip(rows, answers(call, rows, False), strict=True) if answer is not None]
        size = 1
    done = 0
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        if contender.batch:
            call(*arrays)
        else:
            deque(starmap(call, rows[:size]), maxlen=0)
        done += size
        size = min(2 * size, len(rows))
    return done / passed


def row(contender: Contender, verb: str, question: Question) -> tuple[Any, Any]:
    """The question as the contender takes it."""
    start = contender.instant(question.start)
    return start, contender.amount(question.hours) if verb == "add" else contender.instant(question.end)


def measure(
    kind: type[Contender],
    asked: dict[str, list[Question]],
    truths: dict[str, dict[str, list[Any]]],
    seconds: float,
) -> dict[str, Any]:
    """Speed of additions and differences, and the share of wrong answers in each schedule."""
    found: dict[str, Any] = {"name": kind.name, "batch": kind.batch, "wrong": {}, "unsupported": {}}
    found["version"] = version(kind.package) if kind.package else ""
    for schedule in SCHEDULES:
        try:
            contender = kind(schedule)
        except Unsupported as reason:
            found["unsupported"][schedule.name] = str(reason)
            continue
        wrong = found["wrong"][schedule.name] = {}
        for verb in ("add", "between"):
            call = getattr(contender, verb)
            if call is None:
                continue
            given = answers(
                call, [row(contender, verb, question) for question in asked[schedule.name]], kind.batch
            )
            judged = [
                answer is not None and _is_right(contender, verb, answer, truth)
                for answer, truth in zip(given, truths[schedule.name][verb], strict=True)
            ]
            wrong[verb] = 1 - sum(judged) / len(judged)
            if schedule is HOLIDAY:
                timed = questions(PLAIN, TIMED_IN_A_BATCH if kind.batch else TIMED)
                found[verb] = per_second(contender, verb, timed, seconds)
    return found


def _is_right(contender: Contender, verb: str, answer: Any, truth: Any) -> bool:
    if verb == "add":
        return contender.due(answer) in truth
    return round(contender.used(answer), 6) == truth


def report(results: list[dict[str, Any]], missing: list[str]) -> None:
    ours = {result["batch"]: result for result in results[:2]}
    print(
        "\nAnswers a second on one core (Monday to Friday, 09:00-17:00 in New York, with holidays), and how many"
    )
    print("times as fast ours are: a batch beside a batch, single calls beside single calls.\n")
    print(f"{'':42}{'additions':>13}{'ours':>9}{'differences':>13}{'ours':>9}")
    for result in results:
        cells = ""
        for verb in ("add", "between"):
            rate = result.get(verb)
            times = f"{ours[result['batch']][verb] / rate:,.1f}×" if rate else ""
            cells += f"{f'{rate:,.0f}' if rate else '–':>13}{times:>9}"
        print(f"{result['name']:30}{result['version']:>12}{cells}")

    print(f"\nWrong answers, additions and differences, of {QUESTIONS} each (– is not offered).\n")
    print(f"{'':42}" + "".join(f"{schedule.name:>16}" for schedule in SCHEDULES))
    for result in results:
        cells = ""
        for schedule in SCHEDULES:
            wrong = result["wrong"].get(schedule.name, {})
            shares = [f"{wrong[verb]:.1%}" if verb in wrong else "–" for verb in ("add", "between")]
            cells += f"{' '.join(f'{share:>7}' for share in shares):>16}"
        print(f"{result['name']:30}{result['version']:>12}{cells}")
    for name in missing:
        print(f"SKIPPED, not installed: {name}")
    print()
    for text in verdicts(results):
        print(text)


def verdicts(results: list[dict[str, Any]]) -> list[str]:
    """The targets, and whether this run met them."""
    single, batch = results[:2]
    right = not any(
        share for ours in (single, batch) for kind in ours["wrong"].values() for share in kind.values()
    )
    lines = [
        _verdict("400,000 single calls a second", min(single["add"], single["between"]) >= 400_000),
        _verdict("3,000,000 a second in a batch", min(batch["add"], batch["between"]) >= 3_000_000),
        _verdict("no answer of ours wrong", right),
    ]
    for result in results[2:]:
        ours = batch if result["batch"] else single
        least = min(ours[verb] / result[verb] for verb in ("add", "between") if result.get(verb))
        lines.append(_verdict(f"100 times {result['name']}: {least:,.1f}", least >= 100))
    return lines


def _verdict(target: str, met: bool) -> str:
    return f"{'met    ' if met else 'NOT MET'}  {target}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each measurement lasts")
    options = parser.parse_args()

    asked = {schedule.name: questions(schedule, QUESTIONS) for schedule in SCHEDULES}
    truths = {}
    for schedule in SCHEDULES:
        print(f"walking minute by minute: {schedule.name}", file=sys.stderr)
        oracle = Oracle(schedule)
        truths[schedule.name] = {
            "add": [oracle.due(q.start, q.hours) for q in asked[schedule.name]],
            "between": [oracle.used(q.start, q.end) for q in asked[schedule.name]],
        }
    results, missing = [], []
    for kind in CONTENDERS:
        try:
            kind.load()
        except ImportError:
            missing.append(kind.name)
            continue
        print(f"measuring: {kind.name}", file=sys.stderr)
        results.append(measure(kind, asked, truths, options.seconds))
    report(results, missing)
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "questions": QUESTIONS}
        figures = {**machine, "results": results, "skipped": missing}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
