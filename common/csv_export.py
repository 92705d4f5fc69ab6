"""Tables as CSV that is safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

#: A spreadsheet takes a text that begins with one of these for a formula, and runs it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Value = str | int | float | None


def write(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Return the table as CSV (RFC 4180), with a byte-order mark so that Excel reads it as UTF-8.

    Texts that a spreadsheet would run are defused by a leading apostrophe;
    numbers stay numbers, negative ones too.
    """
    return "".join(stream(columns, rows))


def stream(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield the same line by line, for a table that is too long to hold."""
    line = io.StringIO()
    writer = csv.writer(line)
    yield "\ufeff"
    for row in chain([columns], rows):
        writer.writerow([defused(value) for value in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def defused(value: Value) -> Value:
    """Return the value as it may stand in a cell: a text never begins a formula."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
