"""Whether digits with a card's prefix, length and check digit stand in a text as a card's number would.

Nine of ten numbers that are no card's fail the check digit. The rest is told by how the digits are grouped, by
what touches them, and by words before them. On doubt it is a card.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.characters import digits_of
from redaction.schemes import IF_NAMED, LIKELY, MASK, SURE

_AS_FAR_AS_LOOKED = 64  # characters to each side, so that a hostile text costs no more
_LONGEST_WORD = 24  # characters that the patterns of words before a number take, and the one before
_LONGEST_PHONE = 15  # ITU-T E.164
_SHORTEST_HASH = 24
_UUID_LENGTH = 36

_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])")
_CARD_WORDS = (
    "card", "tarjeta", "primaryaccount", "primary account", "visa", "master", "maestro", "amex", "express",
    "diners", "discover", "jcb", "unionpay", "union pay", "rupay", "troy", "uzcard", "humo", "credit", "crédit",
    "debit", "débit", "cvv", "cvc", "plastic", "track1", "track2", "track 1", "track 2",
)  # fmt: skip
_SHORT_CARD_WORDS = re.compile(r"(?<![a-z])(?:pan|mir|ccn?)(?![a-z])")
_OTHER_WORDS = re.compile(
    r"(?i)(?<![a-z])(?:imei|meid|iccid|ean|gtin|isbn|upc|sscc|barcode|tracking|seguimiento|gu[ií]a|fedex|dhl|ups|usps"
    r"|phone|tel|tel[eé]fono|m[oó]vil|celular|whatsapp|timestamp|epoch|blk|block|serial|sn|sku|imsi|msisdn"
    r"|clabe|cbu|cvu|cnpj|rut|nit|rfc)(?:[\s_.-]?(?:id|no|num|number|n[uú]mero|nro|code|c[oó]digo)\.?)?"
    r"[\W_]{0,4}$"
)
_DEVICE = re.compile(r"(?i)(?:imei|meid)[^0-9]{0,12}$")
_GLUED_WORD = re.compile(r"[^\W\d_]+[\W_]{0,2}$")
_GLUED_LABEL = re.compile(
    r"(?i)(?:card|tarjeta|pan|ccn?|visa|master(?:card)?|maestro|amex|diners|discover|jcb|unionpay|mir|rupay|troy|humo"
    r"|num(?:ber|ero)?|n[uú]mero|nro?|no|acct|account|cuenta|cr[eé]dito?|d[eé]bito?|b|[nrtuvx])[\W_]{0,2}$"
)
_DATE_AFTER = re.compile(r"[\W_]{1,3}(?:(?:0[1-9]|1[0-2])[\W_]{0,3}(?:20)?[2-4]\d|[2-4]\d(?:0[1-9]|1[0-2]))(?!\d)")
_CODE_AFTER = re.compile(r"[\W_]{1,3}\d{3}(?!\d)")
_GLUED_DATE = re.compile(r"(?:(?:0[1-9]|1[0-2])(?:20)?[2-4]\d|(?:20)?[2-4]\d(?:0[1-9]|1[0-2]))(?:\d{3,4})?$")

_QUOTED_BREAK = re.compile(r"\s*\n[ \t]*>[\s>]*")
_ESCAPES = {"%", "=", ";&#", "&#"}
_OF_TABLES = {",", ";", "|", ":"}
_PLAIN_SIGNS = {"", "-", "."}  # nothing is a space
_TWO_PARTS = {
    (8, 8),
    (8, 6),
    (7, 9),
    (9, 7),
    (8, 5),
    (4, 12),
    (12, 4),
    (6, 13),
    (6, 10),
    (6, 9),
    (6, 7),
    (10, 6),
    (8, 7),
    (7, 8),
    (5, 11),
    (4, 11),
}
_ON_CARDS = {(4, 6, 5), (4, 6, 4)}
_OWN_SHAPES = {
    (4, 6, 5),
    (4, 6, 4),
    (4, 5, 6),
    (4, 7, 4),
    (6, 4, 6),
    (4, 4, 8),
    (8, 4, 4),
    (4, 8, 4),
    (4, 6, 6),
    (6, 6, 4),
    (3, 6, 6),
}


class Stretch(NamedTuple):
    """Digits that may be a card's number, and their neighbours in the same run."""

    text: str
    start: int
    end: int
    sizes: tuple[int, ...]
    gaps: tuple[str, ...]
    glued_before: bool  # digits stand directly before it
    glued_after: bool
    group_before: tuple[int, str]  # the size of the group before, and the gap; (0, "") where the run begins
    group_after: tuple[int, str]
    strength: int


class Layout:
    """How the digits of a text stand: their places, which begin a group, and which a run."""

    def __init__(
        self, text: str, places: NDArray[np.int64], groups: NDArray[np.int64], starts_run: NDArray[np.bool_]
    ) -> None:
        self._text = text
        self._places = places
        self._groups = groups  # the first of each, and the end
        self._starts_run = starts_run

    def stretch(self, first: int, last: int, strength: int) -> Stretch:
        """The digits from `first` to before `last`, with their neighbours."""
        places, text, starts_run = self._places, self._text, self._starts_run
        at, to = int(self._groups.searchsorted(first, "right")) - 1, int(self._groups.searchsorted(last))
        from_group = max(0, at - 1)
        groups = dict(enumerate(self._groups[from_group : to + 2].tolist(), from_group))
        glued_before, glued_after = groups[at] != first, groups[to] != last
        begins = [first, *(groups[group] for group in range(at + 1, to)), last]
        before, after = (0, ""), (0, "")
        if not glued_before and not starts_run[first]:
            before = (first - groups[at - 1], _visible(text[places[first - 1] + 1 : places[first]]))
        if not glued_after and last < len(places) and not starts_run[last]:
            after = (groups[to + 1] - last, _visible(text[places[last - 1] + 1 : places[last]]))
        return Stretch(
            text,
            places[first],
            places[last - 1] + 1,
            tuple(b - a for a, b in pairwise(begins)),
            tuple(_visible(text[places[start - 1] + 1 : places[start]]) for start in begins[1:-1]),
            glued_before,
            glued_after,
            before,
            after,
            strength,
        )


def _visible(gap: str) -> str:
    return gap if gap.isascii() else "".join(c for c in gap if c.isascii() or c.isprintable() or c.isspace())


class Surroundings:
    """What is known of a text besides the digits at hand: where it holds UUIDs, IBANs and ids of one's own."""

    def __init__(self, text: str, taken: Callable[[], Iterable[tuple[int, int]]] = tuple) -> None:
        self._text = text
        self._others = taken

    @cached_property
    def _taken(self) -> list[tuple[int, int]]:
        """Where other things stand, in order."""
        return sorted(self._others())

    def allow(self, stretch: Stretch, *, named: bool = True) -> bool:
        """Whether it is a card's number, as far as can be told; `named` as in `cards.find`."""
        named = named and _is_named(stretch)
        strength = stretch.strength
        if strength == IF_NAMED and not named:
            return False
        if not _is_grouped(stretch, named=named) or not _stands_alone(stretch, named=named):
            return False
        if not _is_free(stretch, named=named):
            return False
        if any(a < stretch.end and stretch.start < b for a, b in self._taken):
            return False
        around = max(0, stretch.start - _UUID_LENGTH), stretch.end + _UUID_LENGTH
        uuids = _UUID.finditer(self._text, *around) if "-" in self._text[slice(*around)] else ()
        return not any(match.start() < stretch.end and stretch.start < match.end() for match in uuids)


def _is_named(stretch: Stretch) -> bool:
    before = stretch.text[max(0, stretch.start - 48) : stretch.start]
    near = f"{before} {stretch.text[stretch.end : stretch.end + 32]}".lower()
    return any(word in near for word in _CARD_WORDS) or _SHORT_CARD_WORDS.search(near) is not None


def _is_grouped(stretch: Stretch, *, named: bool) -> bool:
    """One block, fours, a scheme's own groups, or equal groups between equal signs."""
    sizes, gaps = stretch.sizes, stretch.gaps
    if len(sizes) == 1:
        return True
    signs = {"".join(gap.split()) for gap in gaps if not _QUOTED_BREAK.fullmatch(gap)} or {""}
    if sizes[0] == 2 and gaps[0] in _ESCAPES:
        return False  # the codes of characters, which are read elsewhere
    if len(sizes) == 2:
        apart = "\n" in gaps[0] and not named  # the last of a line, and the first of the next
        usual = named or (stretch.strength == SURE and not signs & {"|", ";", "="})
        return sizes in _TWO_PARTS and usual and not apart and not signs & {".", ",", ":"}
    if set(sizes[:-1]) == {4} and sizes[-1] <= 4:
        return True
    if sizes in _OWN_SHAPES and (
        len(signs) == 1 or (sizes in _ON_CARDS and (stretch.strength == SURE or signs <= _PLAIN_SIGNS))
    ):
        return True
    equal = len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0] + (
        sizes[0] > 3 and signs <= _PLAIN_SIGNS and "\n" not in "".join(gaps)
    )
    if equal and len(signs) == 1 and (sizes[0] <= 4 or signs <= _PLAIN_SIGNS):
        return not (sizes[0] == 3 and sizes[-1] == 3 and signs <= {".", ","})
    one_line = not any("\n" in gap for gap in gaps)
    alone = stretch.group_before[1] != gaps[0] != stretch.group_after[1]
    return (
        named
        and one_line
        and alone
        and stretch.strength >= LIKELY
        and len(signs) == 1
        and not signs & {".", ",", ":"}
    )


def _stands_alone(stretch: Stretch, *, named: bool) -> bool:
    """Not a part of a longer row of groups or of longer digits."""
    if stretch.glued_before:
        return True  # its length is announced before it
    if stretch.glued_after:
        if len(stretch.sizes) > 1 or stretch.strength < SURE:
            return False
        after = re.match(r"\d*", stretch.text[stretch.end : stretch.end + 12])
        glued = digits_of(after[0] if after else "")
        return _GLUED_DATE.match(glued) is not None
    if len(stretch.sizes) == 1:
        return True
    size, gap = stretch.sizes[0], stretch.gaps[0]
    left = stretch.group_before == (size, gap)
    right = 0 < stretch.group_after[0] <= size and stretch.group_after[1] == gap
    # What has been masked was a part of the row, too.
    left = left or stretch.text[max(0, stretch.start - len(gap) - 1) : stretch.start] == MASK + gap
    right = right or stretch.text[stretch.end : stretch.end + len(gap) + 1] == gap + MASK
    if size < 4:
        return not (left or right)
    following = stretch.text[stretch.end : stretch.end + 16]
    if right and (_DATE_AFTER.match(following) or _CODE_AFTER.match(following)):
        right = False
    if left and right:
        return False
    return (
        not (left or right)
        or (stretch.strength == SURE and gap.strip() not in _OF_TABLES and gap != "\t")
        or (named and not left and stretch.group_after[0] < size)
    )


def _is_free(stretch: Stretch, *, named: bool) -> bool:
    """Whether what touches it lets it be a number of its own."""
    text, start, end = stretch.text, stretch.start, stretch.end
    before, after = text[start - 1 : start], text[end : end + 1]
    if MASK in (before, after):
        return False  # the ends of a masked number
    count = sum(stretch.sizes)
    if before == "+" and count <= _LONGEST_PHONE and not text[start - 2 : start - 1].isdigit():
        return False
    ahead = text[max(0, start - _LONGEST_WORD) : start]
    if count == 15 and _DEVICE.search(ahead):
        return False
    if len(stretch.sizes) == 1:
        if before == "." and text[start - 2 : start - 1].isdigit():
            return False  # a decimal fraction
        if ahead.endswith(("_-", "0x", "0,")) or _in_hash(text, start, end):
            return (
                False  # a signed identifier, such as a file system's blocks have; a number to base 16; a fraction
            )
    if stretch.strength == SURE or stretch.glued_before:
        return True
    if _OTHER_WORDS.search(ahead):
        return False
    if named:
        return True
    touching = before in ("_", "-") or before.isalpha()
    if touching and _GLUED_WORD.search(ahead) and not _GLUED_LABEL.search(ahead):
        return False
    return not after.isalpha() or touching or after in "eEvVx"


def _in_hash(text: str, start: int, end: int) -> bool:
    left, right = text[max(0, start - _AS_FAR_AS_LOOKED) : start], text[end : end + _AS_FAR_AS_LOOKED]
    before = re.search(r"[0-9A-Za-z]*$", left)
    after = re.match(r"[0-9A-Za-z]*", right)
    word = (before[0] if before else "") + text[start:end] + (after[0] if after else "")
    return len(word) >= _SHORTEST_HASH and re.fullmatch(r"[0-9a-fA-F]+", word) is not None and not word.isdigit()
