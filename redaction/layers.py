"""Texts as they are read when one layer of encoding is taken off, and the way back to what was written.

A `View` holds what is read in place of the marks of an encoding, with what stands around them: nothing else of
the text needs to be looked at again. Marks are escapes (percent, HTML entities, quoted-printable, JSON's and
JavaScript's backslashes), or what only shapes a text (tags, comments, the marks of a quoted reply).
"""

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from redaction.schemes import MASK, Edit, Found

_NEAR = 240  # characters around a mark that are read with it
_BOUNDARY = "\x00"  # ends a number, and is in no word

_HEX = "[0-9A-Fa-f]"
# One for each first sign, so that a search leaps from sign to sign. No two take the same characters.
_ESCAPES = [
    re.compile(rf"%(?:(?P<percent>{_HEX}{{2}}(?:%{_HEX}{{2}})*)|u(?P<old>{_HEX}{{4}}))"),
    re.compile(r"&(?P<entity>\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,24}(?=;));?"),
    re.compile(
        rf"\\\\*(?:u(?P<long>{_HEX}{{4}}|\{{{_HEX}{{1,6}}\}})|x(?P<short>{_HEX}{{2}})|(?P<plain>[\"'/\\nrt]))"
    ),
]
_QUOTED = re.compile(rf"=(?P<quoted>{_HEX}{{2}}(?:={_HEX}{{2}})*)|=(?P<soft>[ \t]*\r?\n(?:[ \t]*>[ \t]?)*)")
_SHAPE = re.compile(
    r"<!--.{0,2000}?-->|<!\[CDATA\[|\]\]>|</?(?P<tag>[A-Za-z][\w:.-]{0,60})(?:\s[^<>]{0,500})?/?>"
    r"|(?P<reply>\r?\n[ \t]*(?:>[ \t]?)+)",
    re.DOTALL,
)
_INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"),
        *(
            "mark",
            "nobr",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "tt",
            "u",
            "var",
            "wbr",
        ),
        *("t", "r", "rpr", "w:t", "w:r", "w:rpr", "a:t", "a:r", "a:rpr", "text:span"),  # of office documents
    }
)
Mark = tuple[int, int, str]


class View:
    """A text with marks replaced by what they mean, and for each of its characters where that stands."""

    def __init__(self, text: str, marks: Iterable[Mark], near: int = _NEAR) -> None:
        self._near = near
        self._read: list[int] = []  # where each piece begins in what is read
        self._written: list[tuple[int, int, bool]] = []  # where it stands, and whether it is one mark
        self._parts: list[str] = []
        self._length = 0
        self._source = text
        self._fill(marks)
        self.text = "".join(self._parts)

    def _fill(self, marks: Iterable[Mark]) -> None:
        done = -1  # up to where the source has been read
        for start, end, meaning in marks:
            if start < done:
                continue
            if done < 0 or start - done > 2 * self._near:
                if done >= 0:
                    self._copy(done, _edge(self._source, done + self._near, 1))
                self._add(_BOUNDARY, 0, 0, one=True)
                done = max(_edge(self._source, start - self._near, -1), 0)
            self._copy(done, start)
            if meaning:
                self._add(meaning, start, end, one=True)
            done = end
        if done >= 0:
            self._copy(done, _edge(self._source, done + self._near, 1))

    def _copy(self, start: int, end: int) -> None:
        if start < end:
            self._add(self._source[start:end], start, end, one=False)

    def _add(self, part: str, start: int, end: int, *, one: bool) -> None:
        self._read.append(self._length)
        self._written.append((start, end, one))
        self._parts.append(part)
        self._length += len(part)

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Where the text stands that is read from `start` to `end`."""
        return self._at(start)[0], self._at(end - 1)[1]

    def _at(self, place: int) -> tuple[int, int]:
        piece = bisect_right(self._read, place) - 1
        start, end, one = self._written[piece]
        if one:
            return start, end
        return start + place - self._read[piece], start + place - self._read[piece] + 1

    def back(self, found: Found) -> Found:
        """The same finding in the text as it was written."""
        edits = [Edit(*self.written(start, end), by) for edit in found.edits for start, end, by in _single(edit)]
        return Found(found.kind, *self.written(found.start, found.end), edits)


def _single(edit: Edit) -> Iterator[Edit]:
    """An edit that only hides, a character at a time: what stands between them in writing is to stay."""
    if edit.by != MASK * (edit.end - edit.start):
        yield edit
        return
    for place in range(edit.start, edit.end):
        yield Edit(place, place + 1, MASK)


def _edge(text: str, place: int, step: int) -> int:
    """`place`, moved outwards so that it cuts no word, if that is soon done."""
    place = min(max(place, 0), len(text))
    for _ in range(400):
        if not 0 < place < len(text) or not text[place if step > 0 else place - 1].isalnum():
            break
        place += step
    return place


def unescaped(text: str) -> View | None:
    """The text without one layer of escapes; None when it has none."""
    matches = sorted(chain.from_iterable(escape.finditer(text) for escape in _ESCAPES), key=re.Match.start)
    return _view(text, chain.from_iterable(map(_meanings, matches)))


def unquoted(text: str) -> View | None:
    """The text without quoted-printable; None when it has none."""
    marks = chain.from_iterable(_meanings(match) for match in _QUOTED.finditer(text))
    return _view(text, (mark for mark in marks if not _is_assignment(text, mark)))


def _is_assignment(text: str, mark: Mark) -> bool:
    """Whether the sign of equality says what something is, as in `pan=4111`: letters are never escaped."""
    start, end, meaning = mark
    if meaning.isascii() and meaning.isalpha():
        return True
    # The D of `=2D=35` is no word: these are two escapes.
    follows_word = text[start - 1 : start].isalpha() and text[start - 3 : start - 2] != "="
    return meaning.isdigit() and follows_word and text[end : end + 1] != "="


def unshaped(text: str) -> View | None:
    """The text without tags, comments and the marks of quoted replies; None when it has none."""
    return _view(text, (mark for match in _SHAPE.finditer(text) if (mark := _shape(match))))


def _view(text: str, marks: Iterator[Mark]) -> View | None:
    first = next(marks, None)
    return None if first is None else View(text, chain([first], marks))


def _shape(match: re.Match[str]) -> Mark:
    tag = match["tag"]
    meaning = "" if tag is None or tag.lower() in _INLINE else "\n"
    return match.start(), match.end(), meaning


def _meanings(match: re.Match[str]) -> Iterator[Mark]:
    for name, read in _READERS.items():
        if match.groupdict().get(name) is not None:
            yield from read(match)
            return


def _bytes(match: re.Match[str]) -> Iterator[Mark]:
    """Each character of a row of escaped bytes with the escapes that it takes."""
    start = match.start()
    data = bytes.fromhex(match[0].replace(match[0][0], ""))
    for character in data.decode("utf-8", "surrogateescape"):
        size = len(character.encode("utf-8", "surrogateescape"))
        yield (
            start,
            start + 3 * size,
            chr(ord(character) & 0xFF) if "\udc80" <= character <= "\udcff" else character,
        )
        start += 3 * size


def _entity(match: re.Match[str]) -> Iterator[Mark]:
    meaning = html.unescape(f"&{match['entity']};")
    if not meaning.startswith("&") or match["entity"] == "amp":
        yield match.start(), match.end(), meaning


def _code(match: re.Match[str]) -> Iterator[Mark]:
    code = int((match["long"] or match["short"] or match["old"]).strip("{}"), 16)
    if code <= 0x10FFFF:
        yield match.start(), match.end(), chr(code)


def _plain(match: re.Match[str]) -> Iterator[Mark]:
    yield match.start(), match.end(), {"n": "\n", "r": "\r", "t": "\t"}.get(match["plain"], match["plain"])


def _soft(match: re.Match[str]) -> Iterator[Mark]:
    yield match.start(), match.end(), ""


_READERS: dict[str, Callable[[re.Match[str]], Iterator[Mark]]] = {
    "percent": _bytes,
    "quoted": _bytes,
    "entity": _entity,
    "long": _code,
    "short": _code,
    "old": _code,
    "plain": _plain,
    "soft": _soft,
}
