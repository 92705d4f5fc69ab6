"""The lines of logs: which of them were asked for, on one line of time, and how many there are when.

The index of a log is an array with a record for each line, and is read as a file is: nothing of a log is in memory
but what is asked for.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investigations import searching
from investigations.logs.analysis import NO_TIME, Analysis
from investigations.logs.layouts import LEVELS
from investigations.models import Log

#: `end` is where the line's \n ends, `instant` milliseconds since 1970, the rest are places in lists of the log.
RECORD = np.dtype([("end", "<u8"), ("instant", "<i8"), ("template", "<u4"), ("source", "<u2"), ("level", "u1")])
_LONGEST = 4000  # characters of a line that a page shows
BUCKETS = 60
#: Into so many spans of time the lines of several logs are counted to find those of a page.
_SPANS = 4096
_STEPS = (
    1,
    10,
    100,
    1000,
    5000,
    10_000,
    30_000,
    60_000,
    300_000,
    600_000,
    1_800_000,
    3_600_000,
    21_600_000,
    86_400_000,
)

Places = NDArray[np.uint32]


@dataclass(frozen=True)
class Asked:
    """Which lines: of a level or worse, of a source or template, with a text, a field's value, a sign, in a time.

    `field` is (name, value); `sign` is (kind, code) of investigations.logs.signs.
    """

    level: str = ""
    source: str = ""
    template: int | None = None
    text: str = ""
    field: tuple[str, str] | None = None
    sign: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None


class Line(NamedTuple):
    """A line as it is shown. `sha256` is of its text as it is kept, without its end."""

    log: Log
    number: int
    at: datetime | None
    level: str
    source: str
    template: int
    text: str
    sha256: str


@dataclass
class Found:
    """The lines that were asked for: of one log as it has them, of several in order of time.

    Nothing is held for a log of which all lines were asked for, else the places of those that were.
    """

    logs: Sequence[Log]
    places: list[Places | None]

    def __len__(self) -> int:
        return sum(self._count(of) for of in range(len(self.logs)))

    def _count(self, of: int) -> int:
        places = self.places[of]
        return self.logs[of].lines if places is None else len(places)

    def column(self, of: int, name: str) -> NDArray[Any]:
        """Return what the index of one of the logs has of the lines."""
        values: NDArray[Any] = index_in(self.logs[of])[name]
        places = self.places[of]
        return values if places is None else values[places]

    def page(self, start: int, size: int) -> list[Line]:
        """Return `size` lines from the `start`th on."""
        wanted = self._wanted(start, size)
        read: dict[tuple[int, int], Line] = {}
        for of in {log for log, _place in wanted}:
            places = [place for log, place in wanted if log == of]
            for place, line in zip(places, lines_at(self.logs[of], places), strict=True):
                read[of, place] = line
        return [read[one] for one in wanted]

    def _wanted(self, start: int, size: int) -> list[tuple[int, int]]:
        """Return (place of the log, place in its index) of a page's lines."""
        if len(self.logs) == 1:
            places = self.places[0]
            if places is None:
                return [(0, place) for place in range(start, min(start + size, self.logs[0].lines))]
            return [(0, int(place)) for place in places[start : start + size]]
        least, most, before = self._span(start, size)
        near = []
        for of in range(len(self.logs)):
            instants = self.column(of, "instant")
            at = np.flatnonzero((instants >= least) & (instants <= most))
            places = self.places[of]
            near.append((np.full(len(at), of), at if places is None else places[at], instants[at]))
        if not near:
            return []
        of_log, all_places, instants = (np.concatenate(parts) for parts in zip(*near, strict=True))
        order = np.argsort(instants, kind="stable")[start - before : start - before + size]
        return [(int(of_log[one]), int(all_places[one])) for one in order]

    def _span(self, start: int, size: int) -> tuple[int, int, int]:
        """Return the span of time that a page lies in, and how many lines lie before it: it alone is sorted."""
        spans = [(int(timed.min()), int(timed.max())) for timed in self._timed() if len(timed)]
        untimed = len(self) - sum(len(timed) for timed in self._timed())
        if not spans or start + size <= untimed:
            return NO_TIME, NO_TIME, 0
        least, most = min(first for first, _last in spans), max(last for _first, last in spans)
        width = (most - least) // _SPANS + 1
        counts = sum(np.bincount((timed - least) // width, minlength=_SPANS) for timed in self._timed())
        ends = untimed + np.cumsum(counts)
        first = int(np.searchsorted(ends, start, side="right"))
        last = int(np.searchsorted(ends, start + size, side="left"))
        if start < untimed:
            return NO_TIME, least + (last + 1) * width - 1, 0
        return least + first * width, least + (last + 1) * width - 1, int(ends[first - 1]) if first else untimed

    def _timed(self) -> Iterator[NDArray[np.int64]]:
        for of in range(len(self.logs)):
            instants = self.column(of, "instant")
            yield instants[instants != NO_TIME]


def index_of(found: Analysis, ends: list[int]) -> bytes:
    """Return the index of an analysed log."""
    records = np.empty(len(found), RECORD)
    for name, values in (
        ("end", ends), ("instant", found.instant), ("template", found.template), ("source", found.source),
        ("level", found.level),
    ):  # fmt: skip
        records[name] = values
    return records.tobytes()


def index_in(log: Log) -> NDArray[Any]:
    """Return a log's index, read as a file is."""
    if not log.lines:
        return np.empty(0, RECORD)
    return np.memmap(log.index.path, dtype=RECORD, mode="r")


def find(logs: Sequence[Log], asked: Asked) -> Found:
    """Return the lines of analysed logs that were asked for."""
    return Found(logs, [_places(log, index_in(log), asked) for log in logs])


def _places(log: Log, index: NDArray[Any], asked: Asked) -> Places | None:
    if asked == Asked():
        return None
    chosen = np.ones(len(index), bool)
    if asked.level:
        chosen &= (index["level"] > 0) & (index["level"] <= LEVELS.index(asked.level))
    if asked.source:
        known = asked.source in log.sources
        chosen &= index["source"] == log.sources.index(asked.source) if known else False
    if asked.template is not None:
        chosen &= index["template"] == asked.template
    if asked.since:
        chosen &= index["instant"] >= int(asked.since.timestamp() * 1000)
    if asked.until:
        chosen &= (index["instant"] < int(asked.until.timestamp() * 1000)) & (index["instant"] != NO_TIME)
    if asked.text and chosen.any():
        chosen &= searching.with_text(log, index, asked.text)
    if asked.field and chosen.any():
        chosen &= searching.with_field(log, index, *asked.field)
    if asked.sign and chosen.any():
        chosen &= searching.with_sign(log, index, chosen, *asked.sign)
    return np.flatnonzero(chosen).astype(np.uint32)


def lines_at(log: Log, places: Sequence[int]) -> Iterator[Line]:
    """Yield the lines at these places of a log's index, as far as they can be shown."""
    index = index_in(log)
    with log.text.open("rb") as file:
        for place in places:
            record = index[place]
            start = int(index[place - 1]["end"]) if place else 0
            file.seek(start)
            raw = file.read(int(record["end"]) - start).removesuffix(b"\n")
            instant = int(record["instant"])
            source = int(record["source"])
            yield Line(
                log=log,
                number=place + 1,
                at=None if instant == NO_TIME else datetime.fromtimestamp(instant / 1000, UTC),
                level=LEVELS[int(record["level"])],
                source=log.sources[source] if source < len(log.sources) else "",
                template=int(record["template"]),
                text=raw.decode("utf-8", "replace")[:_LONGEST],
                sha256=hashlib.sha256(raw).hexdigest(),
            )


class Bucket(NamedTuple):
    """How many failures, warnings and other lines there are from an instant to the next."""

    since: datetime
    until: datetime
    failures: int
    warnings: int
    others: int


def histogram(found: Found) -> list[Bucket]:
    """Return how the lines that have an instant lie in time: at most some 60 spans of one length."""
    spans = [(int(timed.min()), int(timed.max())) for timed, _levels in _timed(found) if len(timed)]
    if not spans:
        return []
    least, most = min(first for first, _last in spans), max(last for _first, last in spans)
    width = (most - least) // BUCKETS + 1
    step = next((step for step in _STEPS if step >= width), -(-width // _STEPS[-1]) * _STEPS[-1])
    first = least // step * step
    count = (most - first) // step + 1
    worst = LEVELS.index("error")
    sums = np.zeros((3, count), np.int64)
    for timed, levels in _timed(found):
        at = (timed - first) // step
        kinds = np.where((levels > 0) & (levels <= worst), 0, np.where(levels == worst + 1, 1, 2))
        for kind in range(3):
            sums[kind] += np.bincount(at[kinds == kind], minlength=count)
    return [
        Bucket(
            datetime.fromtimestamp((first + place * step) / 1000, UTC),
            datetime.fromtimestamp((first + (place + 1) * step) / 1000, UTC),
            *(int(sums[kind][place]) for kind in range(3)),
        )
        for place in range(count)
    ]


def _timed(found: Found) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield, log by log, the instants and levels of the lines that have an instant."""
    for of in range(len(found.logs)):
        instants = found.column(of, "instant")
        timed = instants != NO_TIME
        yield instants[timed], found.column(of, "level")[timed]
