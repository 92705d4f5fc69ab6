"""A time as a log's writer wrote it, into an instant: in its zone, or in the one that the log is said to be of.

A year that is missing is the latest that does not lead into the future; day and month as numbers are told apart by
the log's order (`learn_order`). Of the hour that comes twice when summer time ends, the second is taken where the
first would run back.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise

#: Zones by the names that logs use. Ambiguous ones (IST, CST of China) are left out: their times are as without.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "JST": 540,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan ene", "feb", "mar", "apr abr", "may", "jun", "jul", "aug ago", "sep set", "oct", "nov", "dec dic"), 1
    )
    for name in names.split()
}

_CLOCK = r"(?P<H>\d\d?)[:.](?P<M>\d\d)[:.](?P<S>\d\d)"
_PARTS = re.compile(
    r"(?P<whole>.*?(?<!\d)\d\d?[:.]\d\d[:.]\d\d)(?!\d)(?:[.,:](?P<fraction>\d{1,9}))?(?P<after>.*)\Z", re.DOTALL
)
_ZONE = re.compile(r"[ ]?(?:(?P<name>[A-Z]{1,4})|(?P<sign>[+-])(?P<h>\d\d):?(?P<m>\d\d)?)\b")
_DATES = [
    re.compile(pattern)
    for pattern in (
        rf"(?P<Y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)[T\s_-]+{_CLOCK}",
        rf"(?P<Y>\d{{4}})(?P<m>\d\d)(?P<d>\d\d)[T\s-]{_CLOCK}",
        rf"(?P<a>\d\d?)[/.](?P<b>\d\d?)[/.](?P<Y>\d{{4}})[T\s,]+{_CLOCK}",
        rf"(?P<y>\d\d)[/-](?P<m>\d\d)[/-](?P<d>\d\d)\s+{_CLOCK}",
        rf"(?P<d>\d\d?)[/\s-](?P<b3>[A-Za-z]{{3}})[a-z]*\.?[/\s-](?P<Y>\d{{4}})[:\s]+{_CLOCK}",
        rf"(?:[A-Z][a-z]{{2}},?\s+)?(?P<b3>[A-Za-z]{{3}})\s+(?P<d>\d\d?),?(?:\s+(?P<Y>\d{{4}}))?\s+{_CLOCK}",
        rf"(?P<m>\d\d)[-.](?P<d>\d\d)\s+{_CLOCK}",
        rf"[IWEF](?P<m>\d\d)(?P<d>\d\d)\s+{_CLOCK}",
    )
]
_SHORT = re.compile(r"(\d\d)(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)\Z")
_EPOCH = re.compile(r"(\d{10})(?:\.(\d{1,9}))?\Z|(\d{13})\Z|(\d{16})\Z|(\d{19})\Z")
_NUMBERED = re.compile(r"(?<!\d)(?P<a>\d\d?)[/.](?P<b>\d\d?)[/.]\d{4}[T\s,]+\d")
_MOST_KEPT = 50_000
#: Lines may be out of order by so many seconds; further back in the hour that comes twice is its second one.
_BACK = 60.0
_FIRST, _LAST = 0.0, 4102444800.0  # 1970 to 2100


class Times:
    """Reads the times of one log. `now` is when it came, `zone` what is meant by a time that names none."""

    def __init__(self, zone: tzinfo, now: datetime, *, day_first: bool = True) -> None:
        self.zone, self.now, self.day_first = zone, now, day_first
        self._last = 0.0
        #: How many times named their zone, and how many did not.
        self.with_zone = self.without_zone = 0
        self._known: dict[str, tuple[float, bool, float | None] | None] = {}

    def read(self, text: str) -> float | None:
        """Return the instant in seconds since 1970, or None where there is none."""
        parts = _PARTS.match(text)
        if parts is None:
            return self._number(text)
        whole, fraction, after = parts.groups()
        key = whole + after if after else whole
        found = self._known.get(key, self)
        if isinstance(found, Times):
            if len(self._known) > _MOST_KEPT:
                self._known.clear()
            found = self._known[key] = self._calendar(whole, after)
        if found is None:
            return None
        seconds, named, again = found
        if named:
            self.with_zone += 1
        else:
            self.without_zone += 1
        if again is not None and seconds < self._last - _BACK:
            seconds = again
        self._last = seconds
        return seconds + int(fraction) / 10 ** len(fraction) if fraction else seconds

    def _number(self, text: str) -> float | None:
        if short := _SHORT.match(text):
            year, *rest = (int(part) for part in short.groups())
            self.without_zone += 1
            return self._instant(lambda: datetime(2000 + year, *rest, tzinfo=self.zone))  # type: ignore[arg-type,misc]
        epoch = _EPOCH.match(text)
        if epoch is None:
            return None
        seconds, fraction, milli, micro, nano = epoch.groups()
        self.with_zone += 1
        if seconds:
            return float(f"{seconds}.{fraction or 0}")
        digits, scale = next((d, s) for d, s in ((milli, 1e3), (micro, 1e6), (nano, 1e9)) if d)
        value = int(digits) / scale
        return value if value < _LAST else None

    def learn_order(self, texts: Iterable[str]) -> None:
        """Learn from times of the log whether the day or the month stands first: once, and so for all of them.

        A number above twelve is a day. Where there is none, an order that leads into the future is wrong, then the
        one by which time runs back more often; then it is as `day_first` has it.
        """
        pairs = [
            (int(match["a"]), int(match["b"]), text)
            for text in texts
            if (match := _NUMBERED.search(text)) is not None
        ]
        for first, second, _text in pairs:
            if (first > 12) != (second > 12):
                self.day_first = first > 12
                return
        if pairs:
            orders = (self.day_first, not self.day_first)
            self.day_first = min(orders, key=lambda order: self._wrong([text for *_numbers, text in pairs], order))

    def _wrong(self, texts: list[str], day_first: bool) -> tuple[int, int]:
        times = Times(self.zone, self.now, day_first=day_first)
        read = [at for at in map(times.read, texts) if at is not None]
        latest = (self.now + timedelta(days=1)).timestamp()
        return sum(at > latest for at in read), sum(later < at for at, later in pairwise(read))

    def _calendar(self, whole: str, after: str) -> tuple[float, bool, float | None] | None:
        """Return the instant, whether its zone was named, and the other one that the same time can mean."""
        for pattern in _DATES:
            if match := pattern.search(whole):
                break
        else:
            return None
        got = match.groupdict()
        year_after = re.match(r" (\d{4})\b", after)
        zone = _zone(after[year_after.end() :] if year_after else after)
        year = got.get("Y") or (year_after and year_after[1])
        month, day = self._month_and_day(got)
        if got.get("y"):
            year = f"20{got['y']}"
        clock = int(got["H"]), int(got["M"]), min(int(got["S"]), 59)
        used = zone or self.zone

        def build(of: int, fold: int = 0) -> Callable[[], datetime]:
            return lambda: datetime(of, month, day, *clock, tzinfo=used, fold=fold)

        of = int(year) if year else self.now.year
        instant = self._instant(build(of))
        if not year and (instant is None or instant > (self.now + timedelta(days=1)).timestamp()):
            before = self._instant(build(of - 1))
            of, instant = (of - 1, before) if before else (of, instant)
        if instant is None:
            return None
        again = None if zone else self._instant(build(of, 1))
        # In the hour that is left out in spring the other one is earlier.
        return instant, zone is not None, again if again is not None and again > instant else None

    def _month_and_day(self, got: dict[str, str | None]) -> tuple[int, int]:
        if name := got.get("b3"):
            return _MONTHS.get(name.lower(), 0), int(got["d"] or 0)
        if got.get("a"):
            first, second = int(got["a"] or 0), int(got["b"] or 0)
            day_first = self.day_first if first <= 12 and second <= 12 else first > 12
            return (second, first) if day_first else (first, second)
        return int(got["m"] or 0), int(got["d"] or 0)

    @staticmethod
    def _instant(build: Callable[[], datetime]) -> float | None:
        try:
            instant = build().timestamp()
        except (ValueError, OverflowError):
            return None
        return instant if _FIRST <= instant < _LAST else None


def _zone(text: str) -> tzinfo | None:
    match = _ZONE.match(text)
    if match is None:
        return None
    if name := match["name"]:
        minutes = _ZONES.get(name)
        return None if minutes is None else UTC if not minutes else timezone(timedelta(minutes=minutes))
    minutes = int(match["h"]) * 60 + int(match["m"] or 0)
    if minutes > 14 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes))
