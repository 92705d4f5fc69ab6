"""Everything there is to find in one piece of text, in it as it stands and in what it encodes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from redaction import base64_text, cards, codes, ibans, keys, layers, tracks
from redaction.judging import Surroundings
from redaction.own_ids import OwnIds
from redaction.prefilter import Needed, Search
from redaction.schemes import MASK, Edit, Found

_MOST_LAYERS = 4


def find(text: str, own_ids: OwnIds, depth: int = 0, *, quoted: bool = False) -> list[Found]:
    """All findings, in no order; they may overlap."""
    needed = Needed(text)
    found = list(_as_it_stands(text, own_ids, needed))
    if depth >= _MOST_LAYERS:
        return found
    if Search.SHAPES in needed and (view := layers.unshaped(text)) is not None:
        found += map(view.back, _as_it_stands(view.text, own_ids, Needed(view.text)))
    if Search.ESCAPES in needed and (view := layers.unescaped(text)) is not None:
        found += map(view.back, find(view.text, own_ids, depth + 1, quoted=quoted))
    if Search.QUOTED in needed and not quoted and (view := layers.unquoted(text)) is not None:
        found += map(view.back, find(view.text, own_ids, depth + 1, quoted=True))
    if Search.BASE64 in needed:
        found += base64_text.find(text, lambda inner: find(inner, own_ids, depth + 1), applied)
    return found


def _as_it_stands(text: str, own_ids: OwnIds, needed: Needed) -> Iterator[Found]:
    accounts = [one for span in needed.spans(Search.IBANS).tolist() for one in ibans.find(text, *span)]
    yield from accounts
    for span in needed.spans(Search.TRACKS).tolist():
        yield from tracks.find(text, *span)
    surroundings = Surroundings(text, lambda: [*own_ids.spans(text), *((a.start, a.end) for a in accounts)])
    numbers = cards.find(text, _numbers(text, needed), surroundings, named=Search.CARD_WORDS in needed)
    if Search.MESSAGES in needed:
        numbers += [cards.masked(places) for places in tracks.find_in_messages(text)]
    yield from numbers
    yield from codes.find_near(text, numbers)
    for span in needed.spans(Search.CODES).tolist():
        yield from codes.find(text, *span)
    for span in needed.spans(Search.KEYS).tolist():
        yield from keys.find(text, *span)
    for span in needed.spans(Search.PASSWORDS).tolist():
        yield from keys.find_passwords(text, *span)
    if Search.PRIVATE_KEYS in needed:
        yield from keys.find_private(text)


def _numbers(text: str, needed: Needed) -> NDArray[np.int64]:
    """The stretches in which a card's number may stand."""
    if Search.OTHER_DIGITS in needed or Search.SPREAD in needed:
        return np.array([[0, len(text)]])
    return needed.spans(Search.BLOCKS, Search.GROUPS)


def settled(found: list[Found]) -> list[Edit]:
    """The edits of all findings in order, the wider of two that overlap."""
    edits: list[Edit] = []
    for edit in sorted({edit for one in found for edit in one.edits}, key=_precedence):
        if not edits or edit.start >= edits[-1].end:
            edits.append(edit)
        elif edit.end > edits[-1].end:
            edits[-1] = Edit(edits[-1].start, edit.end, edits[-1].by + edit.by)
    return edits


def _precedence(edit: Edit) -> tuple[int, int, bool]:
    """First the wider one, and of two as wide what hides all."""
    return edit.start, -edit.end, bool(edit.by.strip(MASK))


def applied(text: str, found: list[Found]) -> str:
    """`text` with what was found hidden."""
    parts: list[str] = []
    done = 0
    for edit in settled(found):
        parts += [text[done : edit.start], edit.by]
        done = edit.end
    return "".join([*parts, text[done:]])
