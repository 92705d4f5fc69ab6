"""Which files are taken: kinds that support needs, told by their name and by what is in them (puremagic)."""

import codecs
import re
from pathlib import PurePath

import puremagic

HEAD = 65_536  # bytes that are looked at

#: What the contents must be recognised as, by the ending of the name. Empty: it must read as text.
TAKEN: dict[str, frozenset[str]] = {
    name: frozenset(contents.split())
    for names, contents in (
        (".txt .log .md .csv .tsv .json .xml .yaml .yml .har .eml .ics .vcf", ""),
        (".html .htm .svg", ""),  # saved pages; like all but images made anew, only ever downloaded
        (".png", ".png"),
        (".jpg .jpeg", ".jpg .jpeg"),
        (".gif", ".gif"),
        (".webp", ".webp"),
        (".heic .heif", ".heic .heif"),
        (".pdf", ".pdf"),
        (".docx", ".docx"),
        (".xlsx", ".xlsx"),
        (".pptx", ".pptx"),
        (".odt .ods .zip", ".zip .docx .odt .ods"),
        (".gz", ".gz"),
        (".msg .doc .xls .ppt", ".msg .doc .xls .ppt"),
        (".mp4 .m4v .mov", ".mp4 .m4v .mov .qt"),
        (".webm", ".webm .mkv"),
    )
    for name in names.split()
} | {"": frozenset()}  # a name without an ending, as of logs

_ENDING = re.compile(r"\.[a-z0-9]{1,12}")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def ending(name: str) -> str:
    """Return the ending of a file's name, small, with its dot; what is none is part of the name."""
    last = PurePath(name.lower()).suffix
    return last if _ENDING.fullmatch(last) and not last[1:].isdecimal() else ""


def is_taken(name: str) -> bool:
    """Return whether files with such a name are taken."""
    return ending(name) in TAKEN


def is_what_it_says(name: str, head: bytes) -> bool:
    """Return whether the file's beginning is of the kind that its name, which is taken, says."""
    expected = TAKEN[ending(name)]
    if not expected:
        return _is_text(head)
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return False
    return not expected.isdisjoint(found)


def _is_text(head: bytes) -> bool:
    # In whatever set else it is written, only control characters stand where ASCII has them.
    text = head.decode("utf-16", "replace") if head.startswith(_UTF_16) else head.decode("latin-1")
    return not _CONTROL.search(text)
