"""A team's week as a table: who works when on which day, in the roster's zone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR

from accounts import roster
from accounts.models import Roster, RosterException, Team, User
from accounts.roster import Duty, Plan
from accounts.rostering import WeeklyShift
from common.business_hours import DAY

FIRST, LAST = date(2000, 1, 3), date(2099, 12, 21)


@dataclass
class Cell:
    """One person's day: the shifts that start on it, in words; or why they fall away."""

    day: date
    shifts: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    off: RosterException | None = None


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday, and a row for everybody who is on the roster then."""

    team: Team
    monday: date
    zone: str
    rows: list[tuple[User, list[Cell]]]

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=number) for number in range(7)]

    @property
    def before(self) -> str:
        return _name(self.monday - timedelta(days=7))

    @property
    def after(self) -> str:
        return _name(self.monday + timedelta(days=7))


def clock_time(minutes: int) -> str:
    """Return minutes after midnight as a time of day: 24:00 for the day's end, 01:00 for what is past it."""
    within = minutes if minutes <= DAY else minutes - DAY
    return f"{within // 60:02}:{within % 60:02}"


def as_shifts(version: Roster) -> list[WeeklyShift]:
    """Return the shifts of a stored version."""
    return [WeeklyShift(shift.person, shift.interval) for shift in version.shifts.select_related("person")]


def in_words(shifts: Iterable[WeeklyShift]) -> dict[str, str]:
    """Return each person's week in a few lines, by name, for comparing two versions."""
    found: dict[str, list[str]] = {}
    for person, interval in sorted(shifts, key=lambda shift: shift.interval):
        line = f"{WEEKDAYS_ABBR[interval.day]} {clock_time(interval.opens)}–{clock_time(interval.closes)}"
        found.setdefault(str(person), []).append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def monday_of(name: str, today: date) -> date:
    """Return the Monday of a week named 2026-W23; of the present one for what names none within reach."""
    try:
        monday = datetime.strptime(f"{name}-1", "%G-W%V-%u").date()  # noqa: DTZ007  a date only
    except ValueError:
        monday = FIRST - timedelta(days=1)
    return monday if FIRST <= monday <= LAST else today - timedelta(days=today.weekday())


def week_of(team: Team, monday: date, zone: str) -> Week:
    """Return the week from `monday` on, by the version in force at its end."""
    first = datetime.combine(monday, time(), tzinfo=ZoneInfo(zone))
    last = datetime.combine(monday + timedelta(days=7), time(), tzinfo=ZoneInfo(zone))
    duties = roster.duties(teams=[team], since=first)
    rows = [(duty.person, _cells(duty, monday, zone, first, last)) for duty in duties]
    kept = [row for row in rows if any(cell.shifts or cell.extras or cell.off for cell in row[1])]
    return Week(team, monday, zone, kept)


def _cells(duty: Duty, monday: date, zone: str, first: datetime, last: datetime) -> list[Cell]:
    plan = _plan(duty, last)
    cells = [Cell(monday + timedelta(days=number)) for number in range(7)]
    for cell in cells:
        weekly = [shift for shift in (plan.weekly if plan else ()) if shift.day == cell.day.weekday()]
        cell.off = duty.off_on(cell.day)
        if cell.off is None:
            cell.shifts = [f"{clock_time(shift.opens)}–{clock_time(shift.closes)}" for shift in sorted(weekly)]
    for extra in duty.extras:
        if extra.starts_at and extra.ends_at and first <= extra.starts_at < last:
            starts, ends = (timezone.localtime(at, ZoneInfo(zone)) for at in (extra.starts_at, extra.ends_at))
            until = "24:00" if ends.time() == time() else f"{ends:%H:%M}"
            cells[starts.weekday()].extras.append(f"{starts:%H:%M}–{until}")
    return cells


def _plan(duty: Duty, end: datetime) -> Plan | None:
    """Return the person's shifts in the version in force when the week ends, if they are in it."""
    held = (plan for plan in duty.plans if plan.since < end and (plan.until is None or plan.until >= end))
    return next(held, None)


def _name(monday: date) -> str:
    return monday.strftime("%G-W%V")
