"""The UTC offsets of a zone as numbers: read from the machine's tz data once, kept, and reckoned with.

A wall time is a number here, too: the seconds since the epoch that a clock set to UTC would need to show it.
"""

import zoneinfo
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

DAY_SECONDS = 86_400

# A zone's offsets in order: (the instant in seconds since the epoch from which it holds, seconds ahead of UTC).
# The first holds for all time before, too, and the last for all time after.
Offsets = tuple[tuple[int, int], ...]

# No offset on record since 1971 held for less than six days; the shortest, a week, was Brazil's in 2000.
_SAMPLING = 2 * DAY_SECONDS


class CalendarError(ValueError):
    """A calendar or zone that cannot be, or a question that it cannot answer; the text says which."""


def zone_info(name: str) -> ZoneInfo:
    """The zone by the machine's tz data. Raises CalendarError if it is unknown there."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise CalendarError(f"unknown zone {name!r}") from error


@lru_cache(maxsize=128)
def zone_offsets(zone: str, first_year: int = 1971, last_year: int = 2199) -> Offsets:
    """The UTC offsets of a zone in these years, by the machine's tz data. CalendarError if it is unknown."""
    info = zone_info(zone)

    def offset(instant: int) -> int:
        return int(datetime.fromtimestamp(instant, info).utcoffset().total_seconds())  # type: ignore[union-attr]

    at = int(datetime(first_year, 1, 1, tzinfo=UTC).timestamp()) - DAY_SECONDS
    end = int(datetime(last_year, 12, 31, tzinfo=UTC).timestamp()) + 2 * DAY_SECONDS
    found = [(at, offset(at))]
    while at < end:
        after = min(at + _SAMPLING, end)
        while (held := found[-1][1]) != offset(after):
            low, high = at, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == held else (low, middle)
            at = high
            found.append((at, offset(at)))
        at = after
    return tuple(found)


def read_again() -> None:
    """Forget what was read of the machine's tz data, which may have been replaced since."""
    ZoneInfo.clear_cache()
    zone_offsets.cache_clear()


def data_version() -> str:
    """The release of the tz data that answers here, such as "2026f"; "" if it does not say.

    Python asks the system's files first, and the package tzdata where there are none.
    """
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "UTC").exists():
            return _release(folder / "tzdata.zi") or _release(folder / "+VERSION")
    try:
        import tzdata
    except ImportError:
        return ""
    return str(tzdata.IANA_VERSION)


def _release(file: Path) -> str:
    """The release named in the first line of a file of tz data: "# version 2025b", or just "2025b"."""
    try:
        with file.open() as lines:
            return lines.readline().removeprefix("# version ").strip()[:20]
    except OSError:
        return ""


def offsets_in_order(offsets: Iterable[Sequence[int]]) -> Offsets:
    """What was read from JSON as Offsets. Raises CalendarError unless it can be a zone's."""
    try:
        changes = tuple((instant, offset) for instant, offset in offsets)
    except (TypeError, ValueError) as error:
        raise CalendarError("not the UTC offsets of a zone") from error
    whole = all(type(number) is int for change in changes for number in change)
    if not changes or not whole or any(abs(offset) >= DAY_SECONDS for _, offset in changes):
        raise CalendarError("not the UTC offsets of a zone")
    if any(one[0] >= other[0] for one, other in pairwise(changes)):
        raise CalendarError("UTC offsets out of order")
    return changes


def first_shown(offsets: Offsets) -> Callable[[int], int]:
    """What finds for a wall time, in seconds, the first instant at which a clock shows it or a later one."""
    begins = [instant for instant, _ in offsets]
    begins[0] = -(2**62)
    # The furthest that the clock has got when each offset ends.
    reached = list(accumulate((end + offset for end, (_, offset) in zip(begins[1:], offsets, strict=False)), max))

    def instant(wall: int) -> int:
        held = bisect_right(reached, wall)
        return max(begins[held], wall - offsets[held][1])

    return instant
