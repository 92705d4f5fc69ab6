"""Card numbers in the ways that people and programs usually write them.

A number is 13 to 19 digits, in one block or in groups that a person would make, with a scheme's prefix and
length, and a right check digit. Digits of every script count (a fullwidth or Arabic seven is a seven), and
invisible characters between them do not. On doubt it is a card.

The work is linear in the text: every run of digits is read once, and the check of any stretch of it is a
difference of two running sums.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from redaction.schemes import LENGTHS_BY_FIRST_FOUR, SHORTEST, Finding

MASK = "•"

# What stands between digits: spaces, dashes, dots and underscores, and characters that cannot be seen.
_BETWEEN = r" \u00a0\u2000-\u200a\u202f\u3000\t._\-\u00ad\u2010-\u2015\u2212\u200b-\u200d\u2060\ufeff"
_RUN = re.compile(rf"\d(?:[{_BETWEEN}]{{0,3}}+\d){{{SHORTEST - 1},}}+")
_GROUP = re.compile(r"\d+")
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")

_GROUPINGS = {(4, 6, 5), (4, 6, 4), (4, 5, 6), (6, 13), (6, 9), (6, 7), (8, 8), (4, 12), (12, 4), (6, 4, 6)}
_LONGEST_WITHOUT_FIRST = 15
_LONGEST_PHONE = 15  # ITU-T E.164
_SHORTEST_HASH = 24
_AS_FAR_AS_LOOKED = 64  # characters to each side of a run, so that a hostile text costs no more
_SURE_LENGTHS = range(14, 17)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class _Run(NamedTuple):
    """Digits with little between them: their values, where each stands, and which begin a group."""

    digits: str
    places: list[int]
    group_starts: list[int]


def find_cards(text: str) -> list[Finding]:
    """Every card number in `text`, in order; numbers that overlap are one finding."""
    uuids = None
    found: list[Finding] = []
    for match in _RUN.finditer(text):
        run = _read(text, *match.span())
        for first, last in _merged(_windows(text, run)):
            start, end = run.places[first], run.places[last - 1] + 1
            if uuids is None:
                uuids = [uuid.span() for uuid in _UUID.finditer(text)]
            if any(a < end and start < b for a, b in uuids):
                continue
            found.append(Finding("card", start, end, _mask(text, run.places[first:last])))
    return found


def _read(text: str, start: int, end: int) -> _Run:
    places: list[int] = []
    group_starts: list[int] = []
    for group in _GROUP.finditer(text, start, end):
        joined = places and set(text[places[-1] + 1 : group.start()]) <= _INVISIBLE
        if not joined:
            group_starts.append(len(places))
        places.extend(range(*group.span()))
    digits = "".join(str(unicodedata.decimal(text[place])) for place in places)
    return _Run(digits, places, group_starts)


def _windows(text: str, run: _Run) -> Iterator[tuple[int, int]]:
    """Stretches of the run's digits, by index, that are card numbers."""
    values = [int(digit) for digit in run.digits]
    # Sums with the digits at even, and at odd, places doubled. A check doubles every second digit from the
    # right, so which of the two sums holds the answer depends on where the number ends.
    sums = [
        list(accumulate((_DOUBLED[v] if n % 2 == odd else v for n, v in enumerate(values)), initial=0))
        for odd in (0, 1)
    ]
    bounds = {place: index for index, place in enumerate([*run.group_starts, len(values)])}
    for first in run.group_starts:
        for length in _lengths(run.digits[first : first + 4]):
            last = first + length
            if last not in bounds:
                continue
            luhn = sums[last % 2]
            if (luhn[last] - luhn[first]) % 10 == 0 and _is_card(text, run, first, last, bounds):
                yield first, last


def _lengths(prefix: str) -> frozenset[int]:
    return LENGTHS_BY_FIRST_FOUR.get(int(prefix), frozenset()) if len(prefix) == 4 else frozenset()


def _is_card(text: str, run: _Run, first: int, last: int, bounds: dict[int, int]) -> bool:
    """Whether digits with a card's prefix, length and check digit stand in the text as a card's would."""
    starts = [*run.group_starts[bounds[first] : bounds[last]], last]
    sizes = tuple(b - a for a, b in pairwise(starts))
    if not _is_grouping(sizes):
        return False
    start, end = run.places[first], run.places[last - 1] + 1
    before, after = text[start - 1 : start], text[end : end + 1]
    if MASK in (before, after):
        return False  # the ends of a masked number
    if before == "+" and len(run.digits) <= _LONGEST_PHONE:
        return False
    if len(sizes) == 2:
        return text[run.places[starts[1]] - 1] != "."  # a number with decimals
    if len(sizes) > 2:
        return True
    if before == "." and text[start - 2 : start - 1].isdigit():
        return False  # a decimal fraction
    if text[max(0, start - 2) : start] == "_-":
        return False  # a signed identifier, such as a file system's blocks have
    glued = before in ("_", "-") or before.isalpha() or after == "_" or after.isalpha()
    if glued and last - first not in _SURE_LENGTHS:
        return False
    return not _in_hash(text, start, end)


def _is_grouping(sizes: tuple[int, ...]) -> bool:
    """One block, equal groups (the last may be shorter, or longer by one), or a scheme's own grouping."""
    return (
        len(sizes) == 1
        or sizes in _GROUPINGS
        or (len(set(sizes[:-1])) == 1 and len(sizes) > 2 and sizes[-1] <= sizes[0] + 1)
    )


def _in_hash(text: str, start: int, end: int) -> bool:
    left, right = text[max(0, start - _AS_FAR_AS_LOOKED) : start], text[end : end + _AS_FAR_AS_LOOKED]
    before = re.search(r"[0-9A-Za-z]*$", left)
    after = re.match(r"[0-9A-Za-z]*", right)
    word = (before[0] if before else "") + text[start:end] + (after[0] if after else "")
    return len(word) >= _SHORTEST_HASH and re.fullmatch(r"[0-9a-fA-F]+", word) is not None and not word.isdigit()


def _merged(windows: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(windows):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _mask(text: str, places: list[int]) -> str:
    """First six and last four of 16 digits and more, last four of fewer; what stands between them stays."""
    kept_first = 6 if len(places) > _LONGEST_WITHOUT_FIRST else 0
    hidden = set(places[kept_first:-4])
    return "".join(MASK if place in hidden else text[place] for place in range(places[0], places[-1] + 1))
