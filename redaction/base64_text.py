"""Text in base64: read, cleaned, and written again the same way, so that what held it stays what it was."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from redaction.schemes import Edit, Found

_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+(?:\r?\n[A-Za-z0-9+/_-]{1,}+)*={0,2}")
_ENDING = re.compile(r"\r?\n")
_STANDARD = str.maketrans("-_", "+/")
_URL_SAFE = str.maketrans("+/", "-_")
_LONGEST_SEGMENTS = 6


class _Piece(NamedTuple):
    start: int
    end: int
    inner: str


def find(
    text: str, find_in: Callable[[str], list[Found]], clean: Callable[[str, list[Found]], str]
) -> list[Found]:
    """What is found inside base64. The edit puts the cleaned text there, in base64 again."""
    found = []
    for match in _TOKEN.finditer(text):
        for piece in _pieces(text, match):
            inner = find_in(piece.inner)
            if inner:
                by = _encoded(clean(piece.inner, inner), like=text[piece.start : piece.end])
                found.append(Found(inner[0].kind, piece.start, piece.end, [Edit(piece.start, piece.end, by)]))
                break
    return found


def _pieces(text: str, match: re.Match[str]) -> Iterator[_Piece]:
    """The whole token, and what a slash or a dash may have glued together."""
    spans = [match.span()]
    if "\n" in match[0]:
        spans += [
            (match.start() + m.start(), match.start() + m.end()) for m in re.finditer(r"[^\r\n]{16,}", match[0])
        ]
    else:
        segments = [m.start() for m in re.finditer(r"[/_-]", match[0])][:_LONGEST_SEGMENTS]
        spans += [(match.start() + at + 1, match.end()) for at in segments]
    if match.start() == 0:  # perhaps not the token's beginning, but that of the piece that is read
        spans += [(shift, match.end()) for shift in (1, 2, 3)]
    for start, end in spans:
        inner = _decoded(text[start:end])
        if inner is not None:
            yield _Piece(start, end, inner)


def _decoded(token: str) -> str | None:
    plain = _ENDING.sub("", token).rstrip("=").translate(_STANDARD)
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return None
    inner = data.decode("utf-16-le" if data[1::2].count(0) * 3 > len(data) else "utf-8", "replace")
    strange = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n") for c in inner)
    return inner if strange * 10 <= len(inner) else None


def _encoded(inner: str, *, like: str) -> str:
    encoded = base64.b64encode(inner.encode("utf-8", "replace")).decode()
    if "-" in like or "_" in like:
        encoded = encoded.translate(_URL_SAFE)
    if not like.rstrip().endswith("="):
        encoded = encoded.rstrip("=")
    ending = _ENDING.search(like)
    if ending is None:
        return encoded
    width = ending.start()
    return ending[0].join(encoded[at : at + width] for at in range(0, len(encoded), width))
