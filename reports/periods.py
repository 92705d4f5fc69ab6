"""Long spans of days are shown by week or by month."""

from datetime import date, timedelta
from enum import StrEnum

MOST_DAYS = 45
MOST_DAYS_BY_WEEK = 400


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"  # begins on Monday
    MONTH = "month"

    def start(self, day: date) -> date:
        """Return the first day of the period that `day` lies in."""
        match self:
            case Period.WEEK:
                return day - timedelta(days=day.weekday())
            case Period.MONTH:
                return day.replace(day=1)
        return day

    def next(self, start: date) -> date:
        """Return the first day of the period after the one that begins on `start`."""
        match self:
            case Period.WEEK:
                return start + timedelta(days=7)
            case Period.MONTH:
                return (start + timedelta(days=31)).replace(day=1)
        return start + timedelta(days=1)


def suited(first: date, last: date) -> Period:
    """Return the period that shows these days in a few dozen points."""
    length = (last - first).days + 1
    if length <= MOST_DAYS:
        return Period.DAY
    return Period.WEEK if length <= MOST_DAYS_BY_WEEK else Period.MONTH


def starts(period: Period, first: date, last: date) -> list[date]:
    """Return the first days of all periods that `first` to `last` touch."""
    found = [period.start(first)]
    while (following := period.next(found[-1])) <= last:
        found.append(following)
    return found
