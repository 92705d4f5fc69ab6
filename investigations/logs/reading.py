"""Any log file into lines of text: plain, gz or zip, in whatever encoding, streamed, with limits.

Nothing is held but a block and an unfinished line, so memory does not grow with the file.
"""

import codecs
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Protocol

from django.utils.translation import gettext as _

from common import zips
from common.errors import Refused

MEGABYTE = 1024**2
#: What a file may come to once it is unpacked, and how many files may be in an archive.
MOST_BYTES = 600 * MEGABYTE
MOST_MEMBERS = 50
#: Characters that are kept of one line.
LONGEST_LINE = 32_768
_BLOCK = MEGABYTE
_HEAD = 65_536

# As common.file_kinds has it: escape sequences of terminals are text, other control characters are not.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: How much of the beginning may be control characters before it is no text: broken writers leave some.
_MOST_CONTROL = 0.01
_HALF_A_NUMBER = re.compile(r"[\d .,•*-]{1,60}\Z")


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """One log: a file, or a file of an archive."""

    name: str
    lines: Iterator[str]


def members(file: IO[bytes], name: str, *, most_bytes: int = MOST_BYTES) -> Iterator[Member]:
    """Yield the logs in a file; read the lines of each before the next.

    Raises Refused, while it is read, when it is empty, no text, broken, locked, or too much.
    """
    budget = _Budget(most_bytes)
    start = file.read(4)
    file.seek(0)
    base = PurePath(name.replace("\\", "/")).name or "log"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _of_zip(file, base, budget)
    elif start.startswith(b"\x1f\x8b"):
        plain = base[:-3] if base.lower().endswith(".gz") else base
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield Member(plain, _lines(unpacked, plain, budget))
    else:
        yield Member(base, _lines(file, base, budget))


class _Budget:
    """How much may still be read, of all members together."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Refused(
                _("Unpacked, this is more than %d MB. Cut out the hours that matter, and send those.")
                % max(1, self.most // MEGABYTE),
                field="file",
            )


def _of_zip(file: IO[bytes], name: str, budget: _Budget) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(file)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except zips.BROKEN as error:
        raise _broken(name) from error
    if not infos:
        raise Refused(_("There is no file in “%s”.") % name, field="file")
    if len(infos) > MOST_MEMBERS:
        raise Refused(
            _("“%(name)s” holds more than %(most)d files. Send those that matter.")
            % {"name": name, "most": MOST_MEMBERS},
            field="file",
        )
    for info in infos:
        member = PurePath(info.filename.replace("\\", "/")).name
        if info.flag_bits & 1:
            raise Refused(_("“%s” is locked with a password. Send it unlocked.") % name, field="file")
        if not zips.is_bounded(info):
            raise Refused(
                _("“%s” is packed in another way than is unpacked here. Pack it as plain ZIP (Deflate), or as gz.")
                % name,
                field="file",
            )
        try:
            opened = archive.open(info)
        except zips.BROKEN as error:
            raise _broken(name) from error
        with opened:
            yield from _of_member(opened, member, budget)


def _of_member(opened: IO[bytes], name: str, budget: _Budget) -> Iterator[Member]:
    if name.lower().endswith(".gz"):
        with gzip.GzipFile(fileobj=opened) as unpacked:
            yield Member(name[:-3], _lines(unpacked, name, budget))
    else:
        yield Member(name, _lines(opened, name, budget))


def _broken(name: str) -> Refused:
    return Refused(_("“%s” is broken or cut off: it can't be unpacked. Pack it anew.") % name, field="file")


def _blocks(source: Source, name: str, budget: _Budget) -> Iterator[bytes]:
    """Yield what is in a file; raise Refused for what can't be unpacked."""
    while True:
        try:
            block = source.read(_BLOCK)
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise _broken(name) from error
        if not block:
            return
        budget.take(len(block))
        yield block


def _lines(source: Source, name: str, budget: _Budget) -> Iterator[str]:
    blocks = _blocks(source, name, budget)
    head = next(blocks, b"")
    if not head:
        raise Refused(_("“%s” is empty.") % name, field="file")
    encoding = _encoding(head[:_HEAD])
    _check_text(head[:_HEAD], encoding, name)
    return lines_of(_chained(head, blocks), encoding)


def _chained(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def lines_of(blocks: Iterable[bytes], encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines in blocks of bytes, wherever these are cut; without their ends, and without NULs.

    What is not UTF-8 is read, line by line, as Windows-1252. Of a line that is too long the beginning stays.
    """
    texts = _wide(blocks, encoding) if encoding != "utf-8" else _narrow(blocks)
    pending: list[str] = []
    held = dropped = 0
    for text in texts:
        *whole, rest = text.split("\n")
        for line in whole:
            if pending:
                pending.append(line[: max(0, LONGEST_LINE + 1 - held)])
                dropped += max(0, len(line) - max(0, LONGEST_LINE + 1 - held))
                line, held = "".join(pending), 0
                pending.clear()
            yield _finished(line, dropped) if dropped or len(line) > LONGEST_LINE else _plain(line)
            dropped = 0
        room = max(0, LONGEST_LINE + 1 - held)
        if rest[:room]:
            pending.append(rest[:room])
            held += len(pending[-1])
        dropped += max(0, len(rest) - room)
    if pending:
        yield _finished("".join(pending), dropped) if dropped or held > LONGEST_LINE else _plain("".join(pending))


def _plain(line: str) -> str:
    if line.endswith("\r"):
        line = line[:-1]
    return line.replace("\x00", "") if "\x00" in line else line


def shortened(line: str) -> str:
    """Return a line as it is kept: of one that is too long the beginning, without half a number."""
    return _finished(line, 0) if len(line) > LONGEST_LINE else _plain(line)


def _finished(line: str, dropped: int) -> str:
    """Return what is kept of a line that is too long.

    A number that was cut in two goes, too: nobody could tell any more that it is a card's.
    """
    kept = _HALF_A_NUMBER.sub("", line[:LONGEST_LINE].replace("\x00", ""))
    return f"{kept} … [+{dropped + len(line) - len(kept)}]"


def _narrow(blocks: Iterable[bytes]) -> Iterator[str]:
    """Decode blocks of UTF-8, or of whatever else, cut between lines where that can be."""
    rest = b""
    first = True
    for block in blocks:
        data = rest + block
        if first:
            data, first = data.removeprefix(codecs.BOM_UTF8), False
        end = data.rfind(b"\n") + 1
        if not end and len(data) < 4 * LONGEST_LINE:
            rest = data
            continue
        if not end:  # a line without an end is cut, between characters
            end = len(data) - 1
            while end > len(data) - 4 and data[end] & 0xC0 == 0x80:
                end -= 1
        rest = data[end:]
        yield _decoded(data[:end])
    if rest:
        yield _decoded(rest)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(_line_decoded(line) for line in data.split(b"\n"))


def _line_decoded(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def _wide(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in blocks:
        yield decoder.decode(block).removeprefix("\ufeff")
    yield decoder.decode(b"", True)


def _encoding(head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return name
    sample = head[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) * 0.4 and even < len(sample) * 0.05:
        return "utf-16-le"
    if even > len(sample) * 0.4 and odd < len(sample) * 0.05:
        return "utf-16-be"
    return "utf-8"


def _check_text(head: bytes, encoding: str, name: str) -> None:
    text = head.decode(encoding, "replace") if encoding != "utf-8" else head.decode("latin-1")
    if len(_CONTROL.findall(text)) > len(text) * _MOST_CONTROL:
        raise Refused(
            _("“%s” is no text. Plain text, JSON lines, CSV and syslog are read, also packed as gz or zip.")
            % name,
            field="file",
        )
