"""Whole files, by what they are: bytes in, bytes without cards and secrets out.

Texts, tables, office documents, mail and archives are written again with what was found masked; a picture loses
all that it says besides its pixels. A PDF cannot be rewritten reliably: what is found in it is told, and the
caller refuses the file or keeps only its text. So it is with whatever else has a finding and is no text.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePath
from typing import NamedTuple

from PIL import Image, ImageSequence, UnidentifiedImageError

from common import text_of_file, zips
from redaction import noticing
from redaction.firewall import redact
from redaction.mail import redact_mail
from redaction.own_ids import OwnIds
from redaction.schemes import Finding
from redaction.streams import redact_bytes

#: The part of what comes in that a file's findings are noticed in.
FILE = "file"
MOST_MEMBERS, MOST_UNPACKED, MOST_TIMES, DEEPEST = 2_000, 200 * 1024**2, 200, 3
MOST_PIXELS = 40_000_000
_LONGEST_PDF_TEXT = 5_000_000
_PICTURES = {"PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"}
_CELL = re.compile(
    r"<c(?P<about>[^<>]*)>(?P<formula>(?:<f[^<>]*/>|<f[^<>]*>[^<>]*</f>)?)<v>(?P<value>[0-9.]{12,24}(?:[eE]\+?[0-9]{1,2})?)</v></c>"
)
_TYPE = re.compile(r"\st=\"[^\"]*\"")


class TooMuch(ValueError):
    """A file that cannot be looked through: too large, too deep, locked, packed unusually, or broken."""


class _Room:
    """How much may still be unpacked, of all archives in a file together, and how deep one is in them."""

    def __init__(self) -> None:
        self.members, self.bytes, self._depth = MOST_MEMBERS, MOST_UNPACKED, 0

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go one file deeper. Raises TooMuch."""
        if self._depth >= DEEPEST:
            raise TooMuch("Files stand too deep in each other.")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1


class RedactedFile(NamedTuple):
    """What may be stored (None where something was found that cannot be taken out), and what was found.

    Places are counted in the part of the file (a member, a cell, a page's text) that the finding is in.
    """

    content: bytes | None
    findings: tuple[Finding, ...]


def redact_file(content: bytes, name: str, own_ids: OwnIds | None = None) -> RedactedFile:
    """Take cards and secrets out of a file. Raises TooMuch when it cannot be looked through.

    The name only helps where the bytes do not tell what the file is; it is to be cleaned by itself.
    """
    with noticing.part(FILE):
        return _redact(content, name, own_ids, _Room())


def _redact(content: bytes, name: str, own_ids: OwnIds | None, room: _Room) -> RedactedFile:
    suffix = PurePath(name).suffix.lower()
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(content, own_ids, room)
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return _pdf(content, own_ids)
    picture = _picture(content, own_ids)
    if picture is not None:
        return picture
    if suffix in {".eml", ".mht", ".mhtml"}:
        return _mail(content, own_ids, room)
    cleaned, findings = redact_bytes(content, own_ids)
    if findings and _is_binary(content):
        return RedactedFile(None, findings)
    return RedactedFile(cleaned, findings)


def _is_binary(content: bytes) -> bool:
    head = content[:8192]
    return (
        b"\x00" in head
        and not head.startswith((b"\xff\xfe", b"\xfe\xff"))
        and head.count(b"\x00") < len(head) * 0.4
    )


def _pdf(content: bytes, own_ids: OwnIds | None) -> RedactedFile:
    text = text_of_file.read(content, "file.pdf", longest=_LONGEST_PDF_TEXT)
    _, plain = redact_bytes(content, own_ids)  # what is not compressed, such as a form's fields
    findings = (*redact(text, own_ids).findings, *plain)
    return RedactedFile(None if findings else content, findings)


def _picture(content: bytes, own_ids: OwnIds | None) -> RedactedFile | None:
    """The pixels alone, and what was found in the words beside them; None when it is no readable picture."""
    try:
        with Image.open(BytesIO(content)) as image:
            kind = image.format or ""
            if kind not in _PICTURES:
                return None
            if image.width * image.height * getattr(image, "n_frames", 1) > MOST_PIXELS:
                raise TooMuch("The picture has too many pixels.")
            words = _words(image)
            return RedactedFile(_without_words(image, kind), redact(words, own_ids).findings)
    except Image.DecompressionBombError as error:
        raise TooMuch("The picture has too many pixels.") from error
    except (UnidentifiedImageError, OSError, SyntaxError):
        return None


def _words(image: Image.Image) -> str:
    """What a picture says besides its pixels: comments, texts, EXIF, XMP, the colour profile."""
    told = (value for value in image.info.values() if isinstance(value, str | bytes))
    return "\n".join(value if isinstance(value, str) else value.decode("latin-1") for value in told)


def _without_words(image: Image.Image, kind: str) -> bytes:
    fresh = BytesIO()
    if kind == "JPEG":
        image.load()
        image.info = {}
        image.convert("RGB").save(fresh, format=kind, quality=95)
        return fresh.getvalue()
    frames = []
    for frame in ImageSequence.Iterator(image):
        plain = frame.convert("RGBA") if kind != "BMP" else frame.convert("RGB")
        plain.info = {}
        frames.append(plain)
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(fresh, format=kind, **more)
    return fresh.getvalue()


def _mail(content: bytes, own_ids: OwnIds | None, room: _Room) -> RedactedFile:
    def part(payload: bytes, name: str) -> tuple[bytes | None, tuple[Finding, ...]]:
        with room.deeper():
            return _redact(payload, name, own_ids, room)

    return RedactedFile(*redact_mail(content, part, own_ids))


def _archive(content: bytes, own_ids: OwnIds | None, room: _Room) -> RedactedFile:
    """A ZIP, or one of the office formats that are ZIPs of XML."""
    with room.deeper():
        return _unpacked(content, own_ids, room)


def _unpacked(content: bytes, own_ids: OwnIds | None, room: _Room) -> RedactedFile:
    findings: list[Finding] = []
    changed, lost = False, False
    fresh = BytesIO()
    try:
        with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
            _check(old, len(content), room)
            for member in old.infolist():
                data = _member(old, member)
                cleaned = _redact(_cells_as_text(member.filename, data, own_ids), member.filename, own_ids, room)
                name = redact(member.filename, own_ids)
                findings += [*cleaned.findings, *name.findings]
                lost = lost or cleaned.content is None
                after = data if cleaned.content is None else cleaned.content
                changed = changed or after != data or name.text != member.filename
                fact = zipfile.ZipInfo(name.text, member.date_time)
                fact.external_attr, fact.compress_type = member.external_attr, member.compress_type
                new.writestr(fact, after)
            if old.comment:
                findings += redact(old.comment.decode("utf-8", "replace"), own_ids).findings
    except TooMuch:
        raise
    except zips.BROKEN as error:
        raise TooMuch("The archive cannot be read.") from error
    if lost:
        return RedactedFile(None, tuple(findings))
    return RedactedFile(fresh.getvalue() if changed or findings else content, tuple(findings))


def _check(archive: zipfile.ZipFile, size: int, room: _Room) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    room.members -= len(members)
    room.bytes -= unpacked
    if room.members < 0 or room.bytes < 0 or unpacked > max(size, 4096) * MOST_TIMES:
        raise TooMuch("The archive holds too much.")
    if any(member.flag_bits & 1 for member in members):
        raise TooMuch("The archive is locked with a password.")
    if not all(zips.is_bounded(member) for member in members):
        raise TooMuch("The archive is packed in a way that is not unpacked here.")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes; its size as stated cannot be trusted."""
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) > member.file_size:
        raise TooMuch("The archive is not what it says.")
    return data


def _cells_as_text(name: str, data: bytes, own_ids: OwnIds | None) -> bytes:
    """A sheet whose cells with a card for a number are texts, since a mask is no number."""
    if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
        return data
    return _CELL.sub(_text_cell(own_ids), data.decode("utf-8", "surrogateescape")).encode(
        "utf-8", "surrogateescape"
    )


def _text_cell(own_ids: OwnIds | None) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        written = match["value"]
        if "e" in written.lower():
            written = str(int(float(written)))
        if not redact(written, own_ids).findings:
            return match[0]
        about = _TYPE.sub("", match["about"]) + ' t="str"'
        return f"<c{about}>{match['formula']}<v>{written}</v></c>"

    return replace
