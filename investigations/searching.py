"""The text of a log is searched: for words, for the value of a field, for what lines say.

The text is read as a file is; what comes back says of each line of the index whether it was found.
"""

import json
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investigations.logs import layouts, signs
from investigations.logs.signs import Sign
from investigations.models import Log

Having = NDArray[np.bool_]


def with_text(log: Log, index: NDArray[Any], text: str) -> Having:
    """Return which lines hold a text, whether its letters are small or not."""
    return _fitting(log, index, re.compile(re.escape(text.encode()), re.IGNORECASE))


def with_field(log: Log, index: NDArray[Any], name: str, value: str) -> Having:
    """Return which lines have a field with this value: of JSON, of a table, or as name=value.

    In JSON a key stands in quotes that nothing within a text has, so its last name is searched for; where it says
    within what it stands ("card.brand") and in tables the lines that are found are taken apart.
    """
    if log.layout == "csv":
        having = with_text(log, index, value.replace('"', '""'))
        return _checked(log, index, having, _in_table(log, name.lower(), value.lower()))
    key, sought = re.escape(name), re.escape(value)
    spelled = re.escape(json.dumps(value, ensure_ascii=False)) + "|" + re.escape(json.dumps(value))
    last = re.escape(name.rpartition(".")[2])
    pattern = (
        rf'(?<!\\)"(?:{key}|{last})"[ \t]*:[ \t]*(?:{spelled}|{sought}(?=[ \t]*[,}}\]\r\n]))|'
        rf'(?<![\w.-]){key}=(?:"{sought}"|{sought}(?![^\s,;&)\]]))'
    )
    having = _fitting(log, index, re.compile(pattern.encode(), re.IGNORECASE))
    if log.layout == "json" and "." in name:
        small, wanted = name.lower(), value.lower()
        return _checked(log, index, having, lambda line: layouts.fields_of(line).get(small, "").lower() == wanted)
    return having


def _in_table(log: Log, name: str, value: str) -> Any:
    with log.text.open("rb") as file:
        head = file.readline().decode("utf-8", "replace").rstrip("\n")
    separator = next((one for one in ",;\t|" if len(layouts.cells(head, one) or ()) > 1), ",")
    names = [cell.strip().lower() for cell in layouts.cells(head, separator) or ()]
    place = names.index(name) if name in names else None

    def fits(line: str) -> bool:
        cells = layouts.cells(line, separator) if place is not None else None
        return cells is not None and len(cells) == len(names) and cells[place or 0].strip().lower() == value

    return fits


def with_sign(log: Log, index: NDArray[Any], chosen: Having, kind: str, code: str) -> Having:
    """Return which of the chosen lines say something that is recognised; those of other templates do not."""
    saying = {
        template.place: sum(count for *sign, count in template.signs if sign == [kind, code]) == template.count
        for template in log.templates.filter(signs__contains=[[kind, code]]).only("place", "signs", "count")
    }
    whole = np.isin(index["template"], [place for place, all_do in saying.items() if all_do])
    partly = np.isin(index["template"], [place for place, all_do in saying.items() if not all_do]) & chosen
    if partly.any() and kind != "fault":
        partly &= _fitting(log, index, re.compile(code.replace("_", "[_ -]?").encode(), re.IGNORECASE))
    return whole | _checked(
        log, index, partly, lambda line: any(sign[:2] == (kind, code) for sign in _said(line, kind, code))
    )


def _said(line: str, kind: str, code: str) -> list[Sign]:
    return signs.found_again(line[:4000], [Sign(kind, code, bad=True)])


@contextmanager
def _content(log: Log) -> Iterator[mmap.mmap]:
    with open(log.text.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:  # noqa: PTH123
        yield content


def _fitting(log: Log, index: NDArray[Any], pattern: re.Pattern[bytes]) -> Having:
    having = np.zeros(len(index), bool)
    if not log.size:
        return having
    with _content(log) as content:
        at = np.fromiter((match.start() for match in pattern.finditer(content)), np.int64)
    having[np.searchsorted(index["end"], at, side="right")] = True
    return having


def _checked(log: Log, index: NDArray[Any], having: Having, fits: Any) -> Having:
    """Return which of the lines fit, each read."""
    places = np.flatnonzero(having)
    if not len(places):
        return having
    kept = np.zeros(len(index), bool)
    with _content(log) as content:
        for place in places:
            start = int(index["end"][place - 1]) if place else 0
            line = content[start : int(index["end"][place])].decode("utf-8", "replace").rstrip("\n")
            kept[place] = fits(line)
    return kept
