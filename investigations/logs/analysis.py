"""One log, wholly: each line gets its instant, level, source and template; templates come failures and rare first.

Lines are held as numbers only (some 20 bytes each), so a log of millions of lines takes little memory.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import chain, islice

from investigations.logs import layouts, signs
from investigations.logs.layouts import LEVELS
from investigations.logs.signs import Sign
from investigations.logs.templates import Grouping
from investigations.logs.times import Times

#: A line without an instant of its own or before it.
NO_TIME = -(2**63)
EMPTY = "(empty line)"
#: So many sources, and values of ids, are told apart; lines of further sources are of OTHER.
MOST_SOURCES = 200
OTHER = "other"
MOST_IDS = 2000
_BAD_LEVELS = {LEVELS.index("fatal"), LEVELS.index("error")}
_WARNING = LEVELS.index("warning")
_REPORT_EVERY = 20_000  # lines
_EXAMPLES = 3


@dataclass
class Template:
    """A group of lines. `lines` are the numbers of some of them; `signs` what its lines say, with how many do."""

    text: str
    count: int = 0
    first: int = 0
    last: int = 0
    levels: Counter[int] = field(default_factory=Counter)
    signs: Counter[Sign] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        """Return whether its lines tell of failures."""
        return bool(self.levels.keys() & _BAD_LEVELS) or any(sign.bad for sign in self.signs)

    @property
    def severity(self) -> int:
        """Return 3 for failures by their level, 2 by what they say, 1 for warnings, 0 for all else."""
        if self.levels.keys() & _BAD_LEVELS:
            return 3
        if any(sign.bad for sign in self.signs):
            return 2
        return int(_WARNING in self.levels)


@dataclass
class Analysis:
    """What is known of a log. The arrays have a number for each line, in order; line 1 is at place 0."""

    layout: str
    templates: list[Template]
    sources: list[str]
    template: array[int]  # place in `templates`
    instant: array[int]  # milliseconds since 1970, or NO_TIME
    level: array[int]  # place in LEVELS
    source: array[int]  # place in `sources`
    ids: dict[tuple[str, str], list[int]]  # (what of, id) → lines that name it; of failures first
    with_zone: int
    without_zone: int

    def __len__(self) -> int:
        return len(self.template)


class Stopped(Exception):
    """The analysis is not wanted any more."""


def analyze(
    lines: Iterable[str],
    *,
    zone: tzinfo,
    now: datetime,
    name: str = "",
    day_first: bool = True,
    went_on: Callable[[int], None] = lambda _lines: None,
) -> Analysis:
    """Analyse a log's lines; times without a zone are of `zone`. `went_on` hears how many lines are done.

    Blank lines are a template of their own. A line that fits no layout, as of a stack trace, belongs to the
    instant of the line before, at its level and source.
    """
    reading = iter(lines)
    sample = list(islice(reading, layouts.SAMPLE))
    layout = layouts.told_by(sample, name)
    times = Times(zone, now, day_first=day_first)
    times.learn_order(line.time for line in map(layout.read, sample) if line.time)
    shapes, found = Grouping(), _Found()
    shape_of, instants = array("I"), array("q")
    level_of, source_of = array("B"), array("H")
    sources: dict[str, int] = {"": 0}
    instant, level, source = NO_TIME, 0, 0
    for number, text in enumerate(chain(sample, reading), 1):
        line = layout.read(text)
        if line.fits:
            seconds = times.read(line.time) if line.time else None
            instant = round(seconds * 1000) if seconds is not None else instant
            level = LEVELS.index(line.level) if line.level else 0
            source = _numbered(sources, line.source)
        elif not text.strip():
            level = source = 0
        shape = shapes.add(line.message if line.message.strip() else EMPTY)
        shape_of.append(shape)
        instants.append(instant)
        level_of.append(level)
        source_of.append(source)
        found.look(line.message, shape, number, level)
        if not number % _REPORT_EVERY:
            went_on(number)
    written = shapes.templates()
    templates, places = _templates(written, shape_of, level_of)
    for shape, counted in found.signs.items():
        templates[places[shape]].signs.update(counted)
    order = sorted(range(len(templates)), key=lambda place: _rank(templates[place]))
    rank = {place: at for at, place in enumerate(order)}
    by_shape = [rank[place] for place in places]
    return Analysis(
        layout=layout.name,
        templates=[templates[place] for place in order],
        sources=list(sources),
        template=array("I", (by_shape[shape] for shape in shape_of)),
        instant=instants,
        level=level_of,
        source=source_of,
        ids=found.in_order(),
        with_zone=times.with_zone,
        without_zone=times.without_zone,
    )


def _rank(template: Template) -> tuple[int, int, int]:
    """Failures first, and of these what is rare."""
    return -template.severity, template.count, template.first


def _numbered(known: dict[str, int], text: str) -> int:
    number = known.get(text)
    if number is None:
        name = text if len(known) < MOST_SOURCES else OTHER
        number = known.setdefault(name, len(known))
    return number


def _templates(
    written: list[str], shape_of: Iterable[int], level_of: Iterable[int]
) -> tuple[list[Template], list[int]]:
    """Return the templates, and for each shape the place of its own."""
    numbered: dict[str, int] = {}
    places = [numbered.setdefault(text, len(numbered)) for text in written]
    templates = [Template(text) for text in numbered]
    for number, (shape, level) in enumerate(zip(shape_of, level_of, strict=True), 1):
        template = templates[places[shape]]
        template.count += 1
        template.first = template.first or number
        template.last = number
        template.levels[level] += 1
        if len(template.lines) < _EXAMPLES:
            template.lines.append(number)
    return templates, places


class _Found:
    """Signs and ids as they come."""

    #: All signs are looked for in so many lines of a shape. Where none was found there are none; elsewhere lines
    #: of one shape differ only in their values, as codes are.
    _LOOKED_AT = 20

    def __init__(self) -> None:
        self.signs: dict[int, Counter[Sign]] = defaultdict(Counter)
        self._looked: Counter[int] = Counter()
        self._ids: dict[tuple[str, str], list[int]] = {}
        self._failed: set[tuple[str, str]] = set()

    def look(self, message: str, shape: int, number: int, level: int) -> None:
        looked = self._looked[shape]
        known = self.signs.get(shape) if looked >= self._LOOKED_AT else None
        if looked >= self._LOOKED_AT and known is None:
            return
        self._looked[shape] = looked + 1
        text = message[:2000]
        found = signs.found_in(text) if known is None else signs.found_again(text, known)
        if found:
            self.signs[shape].update(found)
        bad = any(sign.bad for sign in found)
        if known is not None and not bad:
            return
        for one in signs.ids_in(text):
            if level in _BAD_LEVELS or (not level and bad):
                self._failed.add(one)
            lines = self._ids.get(one)
            if lines is not None:
                if len(lines) < 200:
                    lines.append(number)
            elif len(self._ids) < 20 * MOST_IDS:
                self._ids[one] = [number]

    def in_order(self) -> dict[tuple[str, str], list[int]]:
        """Return the ids, those of failures first, then those that most lines name."""
        order = sorted(
            self._ids.items(), key=lambda item: (item[0] not in self._failed, -len(item[1]), item[1][0])
        )
        return dict(order[:MOST_IDS])
