"""A line into time, level, source and message, by the layout that most lines of the log have.

A layout says where the parts stand; it knows nothing of what a system says. Lines that fit none (stack traces,
banners) are messages as a whole, and belong to the time of the line before.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from common.texts import storable

#: So many lines are looked at to tell the layout.
SAMPLE = 1000


class Line(NamedTuple):
    """The parts of a line; "" for what it does not say. `fits` is False for a line that no layout fits."""

    time: str
    level: str
    source: str
    message: str
    fits: bool = True


Reader = Callable[[str], "Line | None"]

_LEVELS = {
    name: level
    for level, names in {
        "fatal": "fatal emerg emergency alert crit critical panic severe f",
        "error": "error err e failure",
        "warning": "warning warn w",
        "info": "info information informational notice note i audit",
        "debug": "debug d config fine",
        "trace": "trace verbose v finer finest t",
    }.items()
    for name in names.split()
}
LEVELS = ("", "fatal", "error", "warning", "info", "debug", "trace")
_NUMBERED = {10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}  # bunyan, pino
_SEVERITIES = ("fatal", "fatal", "fatal", "error", "warning", "info", "info", "debug")  # RFC 5424, 6.2.1


def level(text: str) -> str:
    """Return the level by its one name; "" for what is none."""
    return _LEVELS.get(text.strip("[]<>() :").lower(), "")


_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|GMT|[A-Z]{3,4}(?=[ \]])|[+-]\d\d:?\d\d))?"
_SYSLOG = r"[A-Z][a-z]{2} +\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?"
_CLF = r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
_ASC = r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \d{4}"
_SLASHED = r"\d{2,4}/\d\d/\d{2,4}[ ,T]+\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: [+-]\d{4})?"
_DOTTED = r"\d\d?\.\d\d(?:\.\d{4})? \d\d:\d\d:\d\d(?:[.,]\d+)?"
_TIME = rf"(?P<time>{_ISO}|{_CLF}|{_ASC}|{_SLASHED}|{_DOTTED}|{_SYSLOG}|\d{{8}}[T -]\d\d:?\d\d:?\d\d(?:[.,]\d+)?)"
_NAMES = "trace|debug|info|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|alert|emerg|panic|verbose"
_LEVEL = rf"(?P<level>(?i:{_NAMES}))\b"
_PID = r"(?:\[(?P<pid>[\w.-]+)\])?"

# The more a layout asks for, the further up it stands: of two that fit as many lines the upper one is taken.
_LAYOUTS = [
    re.compile(pattern)
    for pattern in (
        # RFC 5424
        rf"<(?P<pri>\d{{1,3}})>1 (?P<time>{_ISO}|-) (?P<host>\S+) "
        rf"(?P<source>\S+) \S+ \S+ (?:-|\[.*?\](?=\s|$)) ?(?P<message>.*)",
        # super-computers: an alert's label, seconds, date, node
        r"(?:-|[A-Z][A-Z0-9_]+) \d{10} \d{4}\.\d\d\.\d\d \S+ "
        r"(?P<time>\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d+) \S+ \S+ (?P<source>\S+) (?P<level>\S+) ?(?P<message>.*)",
        rf"(?:-|[A-Z][A-Z0-9_]+) \d{{10}} \d{{4}}\.\d\d\.\d\d \S+ (?P<time>{_SYSLOG}) \S+ "
        rf"(?P<source>[^\s:\[]+){_PID}: ?(?P<message>.*)",
        r"\d+ \S+ (?P<source>\S+) (?P<state>[a-z_]+(?:\.[a-z_]+)*) (?P<time>\d{10}) \d+ (?P<message>.*)",
        # syslog of RFC 3164, as it travels and as it is filed
        rf"(?:<(?P<pri>\d{{1,3}})>)?(?P<time>{_SYSLOG}|{_ISO}) (?P<host>\S+) "
        rf"(?P<source>[^\s:\[]+(?:\[[a-z]\S*\])?){_PID}(?: \([^)]*\))?: ?(?P<message>.*)",
        rf"(?P<time>{_SYSLOG}) (?P<host>\S+) (?P<source>[\w./ -]{{1,40}}?){_PID}: ?(?P<message>.*)",
        # web servers
        rf"(?P<message>\S+ \S+ \S+ \[(?P<time>{_CLF})\] \"(?:[^\"\\]|\\.)*\" \d{{3}}.*)",
        rf"\[(?P<time>{_ASC})\] \[(?:(?P<source>\w+):)?(?P<level>\w+)\] (?:\[pid [^\]]*\] )?(?P<message>.*)",
        r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>\w+)\] \d+#\d+: (?P<message>.*)",
        # Android, Windows, proxies, fitness
        r"(?P<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d+) +\d+ +\d+ (?P<level>[A-Z]) (?P<source>.+?): ?(?P<message>.*)",
        rf"(?P<time>{_ISO}), (?P<level>\w+) {{2,}}(?P<source>\S+) {{2,}}(?P<message>.*)",
        rf"\[(?P<time>{_DOTTED})\] (?P<source>.+?) - (?P<message>.*)",
        r"(?P<time>\d{8}-\d+:\d+:\d+:\d+)\|(?P<source>[^|]*)\|[^|]*\|(?P<message>.*)",
        # Hadoop and its family
        r"(?P<time>\d{6} \d{6}) \d+ (?P<level>[A-Z]+) (?P<source>[^\s:]+): ?(?P<message>.*)",
        rf"(?P<time>{_ISO}) - (?P<level>\w+) +\[(?:[^\]]*\[[^\]]*\])?[^\]]*?"
        rf"(?P<source>[\w$.]+)@\d+\] - (?P<message>.*)",
        # oslo.log, which OpenStack uses
        rf"(?:\S+ )?(?P<time>{_ISO}) \d+ {_LEVEL} (?P<source>\S+) \[[^\]]*\] ?(?P<message>.*)",
        # log4j, logback, Spring Boot
        rf"(?P<time>{_ISO}) +{_LEVEL} +\d+ +--- +\[[^\]]*\](?: \[[^\]]*\])? +(?P<source>\S+) +: ?(?P<message>.*)",
        rf"(?P<time>{_ISO}|{_SLASHED}) +\[[^\]]*\] +{_LEVEL} +(?P<source>[\w.$/-]+) *(?:-|:) ?(?P<message>.*)",
        rf"(?P<time>{_ISO}|{_SLASHED}) +{_LEVEL}:? +\[[^\]]*\] +(?P<source>[\w.$/-]+) *(?:-|:) ?(?P<message>.*)",
        rf"(?P<time>{_ISO}|{_SLASHED}) +{_LEVEL}:? +(?P<source>[\w.$/-]+) *(?::|-(?= )) ?(?P<message>.*)",
        # Python
        rf"(?P<time>{_ISO}) - (?P<source>[\w.]+) - {_LEVEL} - (?P<message>.*)",
        rf"{_LEVEL}:(?P<source>[\w.]+):(?P<message>.*)",
        # klog, which Kubernetes uses
        r"(?P<time>(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d+) +\d+ (?P<source>[\w.-]+):\d+\] ?(?P<message>.*)",
        # whatever begins with a time
        rf"[\[(]?{_TIME}[\])]?[ ,;|-]*(?:[\[(<]?{_LEVEL}[\])>]?[ :,;|-]*)?(?:\["
        rf"(?P<source>[\w.$/-]+)\][ :]*)?(?P<message>.*)",
        rf"[\[(<]?{_LEVEL}[\])>]?[ :,;|-]+(?:[\[(]?{_TIME}[\])]?[ ,;|-]*)?(?P<message>.*)",
    )
]
_LOGFMT = re.compile(r'([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')

#: Names of fields in JSON, CSV and logfmt, the best first.
_TIME_KEYS = [
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "datetime",
    "date",
    "eventtime",
    "event_time",
    "logged_at",
    "created_at",
    "asctime",
    "t",
]
_LEVEL_KEYS = [
    "level",
    "severity",
    "loglevel",
    "log_level",
    "levelname",
    "log.level",
    "lvl",
    "severitytext",
    "priority",
]
_SOURCE_KEYS = [
    "logger",
    "source",
    "service",
    "logger_name",
    "component",
    "service.name",
    "name",
    "module",
    "app",
    "program",
    "class",
]
_MESSAGE_KEYS = ["message", "msg", "log", "event", "text", "body", "short_message", "error", "description"]


class Layout:
    """Reads the lines of one log."""

    def __init__(self, name: str, readers: list[Reader]) -> None:
        self.name = name
        self._readers = readers

    def read(self, line: str) -> Line:
        """Return the parts of a line."""
        for reader in self._readers:
            if (found := reader(line)) is not None:
                return found
        return Line("", "", "", line, fits=False)


def told_by(lines: Iterable[str], name: str = "") -> Layout:
    """Return the layout that most of these lines have: JSON, CSV (by its header), logfmt, or one with places."""
    sample = [line[:4000] for line in lines if line.strip()]
    if sample:
        objects = [line for line in sample if line.lstrip().startswith("{")]
        if len(objects) > len(sample) / 2 and any(_json(line) for line in objects[:20]):
            return Layout("json", [_json])
        if (table := _table(sample, name)) is not None:
            return table
        if sum(len(_LOGFMT.findall(line)) >= 3 and _logfmt(line) is not None for line in sample) > len(sample) / 2:
            return Layout("logfmt", [_logfmt])
    counts: Counter[int] = Counter()
    for line in sample:
        for place, pattern in enumerate(_LAYOUTS):
            if pattern.match(line):
                counts[place] += 1
    order = sorted(counts, key=lambda place: (-counts[place], place))
    # The upper of those that fit about as often says more.
    if order:
        most = counts[order[0]]
        best = min(place for place in order if counts[place] >= most * 0.95)
        order = [best, *sorted(place for place in order if place != best)]
    return Layout("lines", [_reader(_LAYOUTS[place]) for place in order[:4]])


def _reader(pattern: re.Pattern[str]) -> Reader:
    has = pattern.groupindex
    time, source, message, pri = (has.get(name) for name in ("time", "source", "message", "pri"))
    at_level = has.get("level")

    def read(line: str) -> Line | None:
        match = pattern.match(line)
        if match is None:
            return None
        said = _LEVELS.get(match[at_level].lower(), "") if at_level and match[at_level] else ""
        if not said and pri and match[pri]:
            said = _SEVERITIES[int(match[pri]) & 7]
        return Line(
            (match[time] or "") if time else "", said, (match[source] or "") if source else "", match[message or 0]
        )

    return read


def _picked(fields: dict[str, str], names: list[str]) -> str:
    for name in names:
        if value := fields.get(name):
            return value
    return ""


def _of_fields(fields: dict[str, str]) -> Line | None:
    message = _picked(fields, _MESSAGE_KEYS)
    time = _picked(fields, _TIME_KEYS)
    said = _picked(fields, _LEVEL_KEYS)
    used = {*_TIME_KEYS, *_LEVEL_KEYS, *_SOURCE_KEYS, *_MESSAGE_KEYS}
    rest = " ".join(f"{key}={value}" for key, value in fields.items() if key not in used and value)
    if not (message or rest):
        return None
    named = _NUMBERED.get(int(said), "") if said.isdecimal() and len(said) < 4 else level(said)
    return Line(time, named, _picked(fields, _SOURCE_KEYS), f"{message} {rest}".strip())


def _json(line: str) -> Line | None:
    fields = fields_of(line)
    return _of_fields(fields) if fields else None


def fields_of(line: str) -> dict[str, str]:
    """Return the fields of a line of JSON by their path; none of one that is no object."""
    text = line.strip().rstrip(",")
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    fields = _flat(value) if isinstance(value, dict) else {}
    if "\\u" in text:  # only so can JSON spell what no text can hold
        fields = {storable(name): storable(found) for name, found in fields.items()}
    return fields


def _flat(value: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    """Return the fields of an object by their path, small; what is deeper than four is written as it is."""
    fields: dict[str, str] = {}
    for key, child in value.items():
        name = f"{before}{key.lower()}"
        if isinstance(child, dict) and depth < 4:
            fields |= _flat(child, f"{name}.", depth + 1)
        elif child is None or child == "":
            continue
        else:
            fields[name] = child if isinstance(child, str) else json.dumps(child, ensure_ascii=False)
    return fields


def _logfmt(line: str) -> Line | None:
    fields = {key.lower(): quoted or plain for key, quoted, plain in _LOGFMT.findall(line)}
    known = fields.keys() & {*_TIME_KEYS, *_LEVEL_KEYS}
    return _of_fields(fields) if known and fields.keys() & {*_MESSAGE_KEYS} else None


def cells(line: str, separator: str) -> list[str] | None:
    """Return the cells of a line of a table; None for what is none."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _table(sample: list[str], name: str) -> Layout | None:
    """Return the layout of a table: its first line names columns that we know, with a usual separator."""
    for separator in ",;\t|":
        head = [cell.strip().lower() for cell in cells(sample[0], separator) or ()]
        known = {*_TIME_KEYS, *_LEVEL_KEYS, *_SOURCE_KEYS, *_MESSAGE_KEYS}
        if (
            len(head) < 2
            or not known & {*head}
            or not (name.lower().endswith((".csv", ".tsv")) or len(known & {*head}) > 1)
        ):
            continue

        def read(line: str, head: list[str] = head, separator: str = separator) -> Line | None:
            row = cells(line, separator)
            if row is None or len(row) != len(head) or [cell.strip().lower() for cell in row] == head:
                return None
            return _of_fields(dict(zip(head, row, strict=True)))

        return Layout("csv", [read])
    return None
