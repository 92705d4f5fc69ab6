"""Card numbers: 12 to 19 digits with a scheme's prefix and length, a right check digit, sensibly grouped.

Digits of every script count (a fullwidth or Arabic seven is a seven), invisible characters between them do not,
and any sign may separate groups. First all digits of a text are weighed at once, as arrays; the few stretches
that remain are judged one by one by what stands around them (`judging`). Both are linear in the text.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.characters import END, INVISIBLE, kinds_of
from redaction.judging import Layout, Surroundings
from redaction.schemes import IF_NAMED, LIKELY, LONGEST, SHORTEST, STRENGTHS, Found, rows

_WIDEST_GAP = 10
_FIRST_SHOWN, _LAST_SHOWN, _SHORTEST_WITH_FIRST = 6, 4, 16
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.uint8)
_GLUED_AFTER = (4, 6, 7, 8, 10)  # digits of an expiry, a code, or both

Places = NDArray[np.int64]


_MOST_UNEQUAL = 4  # groups of different sizes
_SHORTEST_CODE_AND_AMOUNT = 6
_STRONGEST = STRENGTHS.max(axis=1)
_UP_TO_LONGEST = np.arange(LONGEST)[:, None]
_EVEN = _UP_TO_LONGEST % 2 == 0


class Digits(NamedTuple):
    """All digits of a text: values, places, which begin a group (unbroken), which a run (little between)."""

    values: NDArray[np.uint8]
    places: Places
    starts_group: NDArray[np.bool_]
    starts_run: NDArray[np.bool_]
    groups: Places  # where they start, and the end
    group_gaps: Places  # what stands before each
    run_ends: Places
    longest: int  # digits of the longest group


class _Begun(NamedTuple):
    """Where numbers may begin, with what is known of each."""

    firsts: Places
    prefixes: Places
    group_ends: Places
    run_ends: Places
    announced: Places  # the length that stands before it, or 0


def find(text: str, spans: Places, surroundings: Surroundings, *, named: bool = True) -> list[Found]:
    """Every card number in some stretches of `text` (starts and ends), in order; numbers may overlap.

    `named` is False when the text has none of the words that stand near cards.
    """
    if not len(spans):
        return []
    kinds, moved = _kinds(text, spans)
    digits = _digits(kinds)
    if digits is None:
        return []
    candidates = _candidates(digits, IF_NAMED if named else LIKELY)
    if not candidates:
        return []
    places = digits.places + moved[digits.places]
    layout = Layout(text, places, digits.groups, digits.starts_run)
    found = []
    end = 0
    for first, last, strength in candidates:
        if last <= end:
            continue  # part of a longer one
        if surroundings.allow(layout.stretch(first, last, strength), named=named):
            found.append(masked(places[first:last].tolist()))
            end = last
    return found


def _kinds(text: str, spans: Places) -> tuple[NDArray[np.uint8], Places]:
    """The kinds of characters in stretches of a text, joined by an end each, and how far each was moved for it."""
    kinds = kinds_of("\x00".join([text[start:end] for start, end in spans.tolist()]))
    starts, sizes = spans[:, 0], spans[:, 1] - spans[:, 0] + 1
    joined = np.cumsum(sizes) - sizes
    # A number may begin with the text, but not where a stretch was cut out of the midst of digits.
    heads = joined[starts > 0]
    while len(heads := heads[kinds[heads] < INVISIBLE]):
        kinds[heads] = END
        heads = heads + 1
    return kinds, np.repeat(starts - joined, sizes)


def masked(places: list[int]) -> Found:
    """First six and last four of 16 digits and more are shown, the last four of fewer."""
    shown = _FIRST_SHOWN if len(places) >= _SHORTEST_WITH_FIRST else 0
    return Found("card", places[0], places[-1] + 1, rows(places[shown:-_LAST_SHOWN]))


def _digits(kinds: NDArray[np.uint8]) -> Digits | None:
    """None when there cannot be a card's number."""
    visible = None
    places = np.flatnonzero(kinds < INVISIBLE)
    if len(places) < SHORTEST:
        return None
    seen = kinds
    if (kinds == INVISIBLE).any():
        visible = np.flatnonzero(kinds != INVISIBLE)
        seen = kinds[visible]
        places = np.flatnonzero(seen < INVISIBLE)
    gaps = places[1:] - places[:-1] - 1
    breaks = gaps > _WIDEST_GAP
    spaced = np.flatnonzero((gaps > 0) & ~breaks)
    for step in range(1, _WIDEST_GAP + 1):
        ended = seen[places[spaced] + step] == END
        breaks[spaced[ended]] = True
        spaced = spaced[~ended & (gaps[spaced] > step)]
        if not len(spaced):
            break
    edges = np.concatenate(([-1], np.flatnonzero(breaks), [len(places) - 1]))
    if np.diff(edges).max() < SHORTEST:
        return None
    starts_run = np.concatenate(([True], breaks))
    starts_group = np.concatenate(([True], gaps > 0))
    groups = np.append(np.flatnonzero(starts_group), len(places))
    values = seen[places]
    if visible is not None:
        places = visible[places]
    return Digits(
        values,
        places,
        starts_group,
        starts_run,
        groups,
        np.diff(places, prepend=-1)[groups[:-1]],
        edges[1:] + 1,
        int(np.diff(groups).max()),
    )


def _candidates(digits: Digits, weakest: int) -> list[tuple[int, int, int]]:
    """Stretches with a scheme's prefix, a length of its and a right check digit: first, last, strength."""
    values = np.concatenate((digits.values, np.zeros(LONGEST + 8, dtype=np.uint8)))
    firsts, group_ends = digits.groups[:-1], digits.groups[1:]
    apart = ~_goes_on(digits)
    firsts, group_ends = firsts[apart], group_ends[apart]
    announced = np.zeros(len(firsts), dtype=np.int64)
    if digits.longest >= SHORTEST + 2:
        after, lengths, ends = _announced(values, firsts, group_ends)
        firsts, group_ends = np.concatenate((firsts, after)), np.concatenate((group_ends, ends))
        announced = np.concatenate((announced, lengths))
    prefixes = values[firsts].astype(np.int64)
    for step in (1, 2, 3):
        prefixes = prefixes * 10 + values[firsts + step]
    kept = np.flatnonzero(_STRONGEST[prefixes] >= weakest)
    run_ends = digits.run_ends[np.searchsorted(digits.run_ends, firsts[kept], side="right")]
    long_enough = run_ends - firsts[kept] >= SHORTEST
    kept, run_ends = kept[long_enough], run_ends[long_enough]
    if not len(kept):
        return []
    begun = _Begun(firsts[kept], prefixes[kept], group_ends[kept], run_ends, announced[kept])
    return _checked(values, digits, begun, weakest)


def _goes_on(digits: Digits) -> NDArray[np.bool_]:
    """Groups of less than four digits that go on a row of such, as in a list of small numbers."""
    sizes = np.diff(digits.groups)
    begins = digits.groups[:-1]
    gaps = digits.group_gaps
    inside = ~digits.starts_run[begins]
    goes_on = np.zeros(len(sizes), dtype=np.bool_)
    if len(sizes) < 4:
        return goes_on
    same = (sizes[1:] == sizes[:-1]) & inside[1:]  # as the one before
    evenly = gaps[1:-1] == gaps[2:]
    goes_on[2:-1] = (sizes[2:-1] < 4) & same[:-2] & same[1:-1] & inside[3:] & evenly[:-1] & evenly[1:]
    return goes_on


def _announced(values: NDArray[np.uint8], firsts: Places, group_ends: Places) -> tuple[Places, Places, Places]:
    """Groups that begin with the length of what follows, as in ISO 8583: where it starts, its length, the end."""
    sizes = group_ends - firsts
    long = np.flatnonzero(sizes >= SHORTEST + 2)
    lengths = values[firsts[long]].astype(np.int64) * 10 + values[firsts[long] + 1]
    left = sizes[long] - 2 - lengths
    right = (lengths >= SHORTEST) & (lengths <= LONGEST) & ((left == 0) | (left >= _SHORTEST_CODE_AND_AMOUNT))
    return firsts[long[right]] + 2, lengths[right], group_ends[long[right]]


def _is_sensible(
    values: NDArray[np.uint8], digits: Digits, firsts: Places, lasts: Places, length: int
) -> NDArray[np.bool_]:
    """Whether the groups can be right; most numbers that pass the check are torn out of others."""
    groups = digits.groups
    at = np.searchsorted(groups, firsts, side="right") - 1
    to = np.searchsorted(groups, lasts, side="left")
    count, sizes = to - at, groups[at + 1] - firsts
    sensible: NDArray[np.bool_] = (count <= _MOST_UNEQUAL) | (count == -(-length // sizes))
    # Digits that stand in the midst of groups of the same size, as far apart, and are followed by no date.
    inside = (at > 0) & (to < len(groups) - 1)
    nexts = np.where(inside, to, 0)
    gaps = digits.group_gaps
    torn = inside & (count > 1) & ~digits.starts_run[groups[nexts]] & ~digits.starts_run[firsts]
    torn &= (groups[at] - groups[at - 1] == sizes) & (groups[nexts + 1] - groups[nexts] == sizes)
    torn &= (gaps[at] == gaps[np.minimum(at + 1, len(gaps) - 1)]) & (gaps[at] == gaps[nexts])
    one = values[lasts].astype(np.int64) * 10 + values[lasts + 1]
    two = values[lasts + 2].astype(np.int64) * 10 + values[lasts + 3]
    dated = (_is_month(one) & _is_year(two)) | (_is_year(one) & _is_month(two))
    return sensible & ~(torn & ~dated)


def _is_month(number: Places) -> NDArray[np.bool_]:
    return (number >= 1) & (number <= 12)


def _is_year(number: Places) -> NDArray[np.bool_]:
    return (number >= 20) & (number <= 49)


def _checked(
    values: NDArray[np.uint8], digits: Digits, begun: "_Begun", weakest: int
) -> list[tuple[int, int, int]]:
    window = values[begun.firsts + _UP_TO_LONGEST]  # a row for each place in a number
    doubled = _DOUBLED[window]
    # A check doubles every second digit from the right, so which ones depends on where the number ends.
    sums = (
        np.where(_EVEN, doubled, window).cumsum(axis=0, dtype=np.uint8) % 10,
        np.where(_EVEN, window, doubled).cumsum(axis=0, dtype=np.uint8) % 10,
    )
    found: list[tuple[int, int, int]] = []
    sizes = begun.group_ends - begun.firsts
    for length in range(SHORTEST, LONGEST + 1):
        strengths = STRENGTHS[begun.prefixes, length]
        lasts = begun.firsts + length
        right = np.flatnonzero(
            (strengths >= weakest) & (sums[length % 2][length - 1] == 0) & (lasts <= begun.run_ends)
        )
        if not len(right):
            continue
        right = right[_is_sensible(values, digits, begun.firsts[right], lasts[right], length)]
        for index in right.tolist():
            first, last = int(begun.firsts[index]), int(lasts[index])
            if begun.announced[index]:
                fits = begun.announced[index] == length
            elif digits.starts_group[last] if last < len(digits.starts_group) else True:
                fits = True
            else:
                fits = sizes[index] - length in _GLUED_AFTER
            if fits:
                found.append((first, last, int(strengths[index])))
    return sorted(found, key=lambda one: (one[0], -one[1]))
