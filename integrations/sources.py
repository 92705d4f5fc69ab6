"""Tables from outside: CSV, CSV packed by xz, and XLSX, read row by row.

Whatever a file contains, reading it ends in rows, in bad rows with their line
numbers, or in one sentence that says why the file as a whole can't be read.
Memory is bounded: lines, fields, packed dictionaries and sheets have limits.
"""

import csv
import io
import lzma
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from common import zips

LONGEST_LINE = 4 * 1024 * 1024  # characters
MOST_COLUMNS = 500
XZ_MEMORY = 160 * 1024 * 1024  # bytes; `xz -9` needs 65 MiB to unpack
XLSX_UNPACKED = 256 * 1024 * 1024  # bytes of all parts together
XLSX_PART = 64 * 1024 * 1024  # bytes of a part that is read as a whole

_XZ_MAGIC = b"\xfd7zXZ\x00"
_ZIP_MAGIC = b"PK\x03\x04"


class Unreadable(Exception):
    """The file as a whole can't be read; the message says why, in one sentence."""


@dataclass(frozen=True)
class Row:
    """One row of a table: its line in the file (a sheet's row number), and text by column."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class BadRow:
    """What could not be used, wholly or in part, and why."""

    line: int
    reason: str
    last_line: int | None = None

    def __str__(self) -> str:
        where = str(self.line) if self.last_line in {None, self.line} else f"{self.line}–{self.last_line}"
        return _("line %(where)s: %(reason)s") % {"where": where, "reason": self.reason}


def rows(
    path: Path, *, needs: Iterable[str] = (), encoding: str = "utf-8-sig", delimiter: str = ","
) -> Iterator[Row | BadRow]:
    """Yield the rows of a table whose first row names its columns.

    `needs` are columns that must be there. Raises Unreadable.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(6)
            file.seek(0)
            if magic.startswith(_ZIP_MAGIC):
                table = _sheet(file)
            else:
                packed: BinaryIO = io.BufferedReader(_Unpacked(file)) if magic == _XZ_MAGIC else file
                table = _csv(packed, encoding, delimiter)
            yield from _named(table, needs)
    except OSError as error:
        raise Unreadable(_("%(file)s can't be read: %(why)s") % {"file": path, "why": error}) from error


def _named(table: Iterator[tuple[int, int, list[str]] | BadRow], needs: Iterable[str]) -> Iterator[Row | BadRow]:
    """Put the names of the first row to the values of the others."""
    first = next(table, None)
    if first is None:
        raise Unreadable(_("The file is empty."))
    if isinstance(first, BadRow):
        raise Unreadable(_("The row of column names can't be read: %s") % first.reason)
    header = [name.strip() for name in first[2]]
    _check_header(header, needs)
    for item in table:
        if isinstance(item, BadRow):
            yield item
            continue
        line, last_line, values = item
        if not any(values):
            continue  # an empty line says nothing
        if problem := _problem(values, len(header)):
            yield BadRow(line, problem, last_line)
        else:
            yield Row(line, dict(zip(header, values, strict=True)))


def _check_header(header: list[str], needs: Iterable[str]) -> None:
    if any("\x00" in name for name in header):
        raise Unreadable(_("This is not a table of text. (An archive? Unpack it first.)"))
    if len(header) > MOST_COLUMNS:
        raise Unreadable(_("More than %d columns.") % MOST_COLUMNS)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Unreadable(_("The column “%s” is there more than once.") % twice[0][:80])
    missing = [name for name in needs if name not in header]
    if missing:
        raise Unreadable(
            _("The file has no column “%(missing)s”. Its columns are: %(there)s.")
            % {"missing": "”, “".join(missing), "there": ", ".join(name[:40] for name in header[:40])}
        )


def _problem(values: list[str], columns: int) -> str:
    if len(values) != columns:
        return _("%(there)d columns instead of %(wanted)d") % {"there": len(values), "wanted": columns}
    joined = "".join(values)
    if "\x00" in joined:
        return _("a NUL character")
    if not joined.isascii() and any("\ud800" <= character <= "\udfff" for character in joined):
        return _("text in another encoding than was stated")
    return ""


def _csv(file: BinaryIO, encoding: str, delimiter: str) -> Iterator[tuple[int, int, list[str]] | BadRow]:
    """Yield (first line, last line, values) of each row."""
    try:
        text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
    except LookupError:
        raise Unreadable(_("“%s” is not an encoding.") % encoding) from None
    with text:
        yield from _records(text, encoding, delimiter)


def _records(
    text: io.TextIOWrapper, encoding: str, delimiter: str
) -> Iterator[tuple[int, int, list[str]] | BadRow]:
    reader = csv.reader(_lines(text), delimiter=delimiter)
    while True:
        first = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(first, str(error), reader.line_num)
        except (lzma.LZMAError, EOFError) as error:
            raise Unreadable(
                _("The packed file is damaged or cut off after line %(line)d: %(why)s")
                % {"line": first - 1, "why": error}
            ) from error
        except UnicodeError as error:
            raise Unreadable(
                _("Line %(line)d is not text in the encoding %(encoding)s.")
                % {"line": first, "encoding": encoding}
            ) from error
        else:
            yield first, reader.line_num, values


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise Unreadable(
                _("Line %(line)d is longer than %(most)d characters.") % {"line": number, "most": LONGEST_LINE}
            )
        yield line


class _Unpacked(io.RawIOBase):
    """The content of an xz file. Unlike lzma.LZMAFile it bounds the memory a file may ask for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = self._fresh()
        self._waiting = b""

    def _fresh(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            data = self._more(len(buffer))
            if data is None:
                return 0
            if data:
                buffer[: len(data)] = data
                return len(data)

    def _more(self, most: int) -> bytes | None:
        """Return some unpacked bytes, perhaps none yet; None at the end of the file."""
        if self._decompressor.eof:
            # Several xz streams may follow each other, padded with zeros.
            rest = self._decompressor.unused_data + self._waiting
            self._waiting = (rest or self._file.read(65536)).lstrip(b"\x00")
            if not self._waiting:
                return None
            self._decompressor = self._fresh()
        chunk = b""
        if self._decompressor.needs_input:
            chunk, self._waiting = self._waiting or self._file.read(65536), b""
            if not chunk:
                raise EOFError(_("its end is missing"))
        return self._decompressor.decompress(chunk, max_length=most)


def _sheet(file: BinaryIO) -> Iterator[tuple[int, int, list[str]] | BadRow]:
    """Yield (row, row, values) of the first sheet of an XLSX file. A formula stays the text it is."""
    _check_parts(file)
    try:
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the sheet claims of its size is not trusted
            width = 0
            for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), start=1):
                values = _trimmed([_text(cell) for cell in cells])
                width = width or len(values)  # the header's; rows end where their last value does
                yield number, number, values + [""] * (width - len(values))
        finally:
            book.close()
    except Unreadable:
        raise
    except (
        InvalidFileException, *zips.BROKEN, KeyError, TypeError, IndexError, SyntaxError, AttributeError,
    ) as error:  # fmt: skip
        # All of these come out of the library for files that are not quite XLSX.
        raise Unreadable(_("This XLSX file is damaged: %s") % error) from error


def _check_parts(file: BinaryIO) -> None:
    """Refuse a file that would unpack to more than the memory is for."""
    try:
        parts = zipfile.ZipFile(file).infolist()
    except zips.BROKEN as error:
        raise Unreadable(_("This XLSX file is damaged: %s") % error) from error
    file.seek(0)
    whole = [part.file_size for part in parts if not part.filename.startswith("xl/worksheets/")]
    if sum(part.file_size for part in parts) > XLSX_UNPACKED or max(whole, default=0) > XLSX_PART:
        raise Unreadable(_("This XLSX file unpacks to too much. Save the sheet as CSV instead."))
    if not all(zips.is_bounded(part) for part in parts):
        raise Unreadable(_("This XLSX file is packed in an unusual way. Save the sheet as CSV instead."))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _trimmed(values: list[str]) -> list[str]:
    while values and not values[-1]:
        values.pop()
    return values
