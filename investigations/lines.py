"""The lines of logs: which of them were asked for, on one line of time, and how many there are when.

The index of a log is an array with a record for each line, and is read as a file is: nothing of a log is in memory
but what is asked for.
"""

import hashlib
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investigations.logs.analysis import NO_TIME, Analysis
from investigations.logs.layouts import LEVELS
from investigations.models import Log

#: `end` is where the line's \n ends, `instant` milliseconds since 1970, the rest are places in lists of the log.
RECORD = np.dtype([("end", "<u8"), ("instant", "<i8"), ("template", "<u4"), ("source", "<u2"), ("level", "u1")])
_LONGEST = 4000  # characters of a line that a page shows
BUCKETS = 60
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

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """Which lines: of a level or worse, of a source or template of a log, with a text, in a span of time."""

    level: str = ""
    source: str = ""
    template: int | None = None
    text: str = ""
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
    """The lines that were asked for, in order of time; those of one instant as the logs have them."""

    logs: Sequence[Log]
    of_log: Places  # place in `logs`
    places: Places  # place in the log's index
    instants: Places
    levels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.places)

    def page(self, start: int, size: int) -> list[Line]:
        """Return `size` lines from the `start`th on."""
        wanted = list(zip(self.of_log[start : start + size], self.places[start : start + size], strict=True))
        read: dict[tuple[int, int], Line] = {}
        for of in {int(log) for log, _place in wanted}:
            places = [int(place) for log, place in wanted if log == of]
            for place, line in zip(places, lines_at(self.logs[of], places), strict=True):
                read[of, place] = line
        return [read[int(log), int(place)] for log, place in wanted]


def index_of(found: Analysis, ends: list[int]) -> bytes:
    """Return the index of an analysed log."""
    records = np.empty(len(found), RECORD)
    for name, values in (
        ("end", ends), ("instant", found.instant), ("template", found.template), ("source", found.source),
        ("level", found.level),
    ):  # fmt: skip
        records[name] = values
    return records.tobytes()


def _index(log: Log) -> NDArray[Any]:
    if not log.lines:
        return np.empty(0, RECORD)
    return np.memmap(log.index.path, dtype=RECORD, mode="r")


def find(logs: Sequence[Log], asked: Asked) -> Found:
    """Return the lines of analysed logs that were asked for."""
    of_log, places, instants, levels = [], [], [], []
    for number, log in enumerate(logs):
        index = _index(log)
        here = _places(log, index, asked)
        places.append(here)
        of_log.append(np.full(len(here), number))
        instants.append(index["instant"][here])
        levels.append(index["level"][here])
    if not logs:
        nothing = np.empty(0, np.int64)
        return Found(logs, nothing, nothing, nothing, np.empty(0, np.uint8))
    all_instants = np.concatenate(instants)
    order = np.argsort(all_instants, kind="stable") if len(logs) > 1 or asked.since else slice(None)
    if len(logs) == 1:
        order = slice(None)  # one log stays as it was written
    return Found(
        logs,
        np.concatenate(of_log)[order],
        np.concatenate(places)[order],
        all_instants[order],
        np.concatenate(levels)[order],
    )


def _places(log: Log, index: NDArray[Any], asked: Asked) -> Places:
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
    if asked.text:
        chosen &= _with_text(log, index, asked.text)
    return np.flatnonzero(chosen)


def _with_text(log: Log, index: NDArray[Any], text: str) -> NDArray[np.bool_]:
    """Return which lines hold a text, whether its letters are small or not."""
    having = np.zeros(len(index), bool)
    if not log.size:
        return having
    needle = re.compile(re.escape(text.encode()), re.IGNORECASE)
    with open(log.text.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:  # noqa: PTH123
        at = np.fromiter((match.start() for match in needle.finditer(content)), np.int64)
    having[np.searchsorted(index["end"], at, side="right")] = True
    return having


def lines_at(log: Log, places: Sequence[int]) -> Iterator[Line]:
    """Yield the lines at these places of a log's index, as far as they can be shown."""
    index = _index(log)
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
    timed = found.instants != NO_TIME
    instants, levels = found.instants[timed], found.levels[timed]
    if not len(instants):
        return []
    least, most = int(instants.min()), int(instants.max())
    width = (most - least) // BUCKETS + 1
    step = next((step for step in _STEPS if step >= width), -(-width // _STEPS[-1]) * _STEPS[-1])
    first = least // step * step
    count = (most - first) // step + 1
    at = (instants - first) // step
    worst = LEVELS.index("error")
    kinds = np.where((levels > 0) & (levels <= worst), 0, np.where(levels == worst + 1, 1, 2))
    sums = [np.bincount(at[kinds == kind], minlength=count) for kind in range(3)]
    return [
        Bucket(
            datetime.fromtimestamp((first + place * step) / 1000, UTC),
            datetime.fromtimestamp((first + (place + 1) * step) / 1000, UTC),
            *(int(sums[kind][place]) for kind in range(3)),
        )
        for place in range(count)
    ]
