"""Card numbers: 12 to 19 digits with a scheme's prefix and length, a right check digit, sensibly grouped.

Digits of every script count (a fullwidth or Arabic seven is a seven), invisible characters between them do not,
and any sign may separate groups. First all digits of a text are weighed at once, as arrays; the few stretches
that remain are judged one by one by what stands around them (`judging`). Both are linear in the text.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.characters import END, INVISIBLE, kinds_of
from redaction.judging import Stretch, Surroundings
from redaction.schemes import LONGEST, MASK, SHORTEST, STRENGTHS, Edit, Found

_WIDEST_GAP = 10
_FIRST_SHOWN, _LAST_SHOWN, _SHORTEST_WITH_FIRST = 6, 4, 16
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.int16)
_GLUED_AFTER = (3, 4, 6, 7, 8, 10)  # digits of an expiry, a code, or both

Places = NDArray[np.int64]


class Digits(NamedTuple):
    """All digits of a text: values, places, and for each where its run and its group (unbroken digits) end."""

    values: NDArray[np.uint8]
    places: Places
    starts_group: NDArray[np.bool_]
    starts_run: NDArray[np.bool_]


def find(text: str, surroundings: Surroundings) -> list[Found]:
    """Every card number in `text`, in order; numbers may overlap."""
    kinds = kinds_of(text)
    digits = _digits(kinds)
    if digits is None:
        return []
    found = []
    end = 0
    for first, last, strength in _candidates(digits):
        if last <= end:
            continue  # part of a longer one
        stretch = Stretch.of(text, digits.places, digits.starts_group, digits.starts_run, first, last, strength)
        if surroundings.allow(stretch):
            found.append(masked(text, digits.places[first:last].tolist()))
            end = last
    return found


def masked(text: str, places: list[int], kind: str = "card") -> Found:
    """First six and last four of 16 digits and more are shown, the last four of fewer."""
    shown = _FIRST_SHOWN if len(places) >= _SHORTEST_WITH_FIRST else 0
    edits = [Edit(place, place + 1, MASK) for place in places[shown:-_LAST_SHOWN]]
    return Found(kind, places[0], places[-1] + 1, edits)


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
    starts_group = np.concatenate(([True], gaps > 0))
    starts_run = np.concatenate(([True], breaks))
    return Digits(seen[places], places if visible is None else visible[places], starts_group, starts_run)


def _candidates(digits: Digits) -> list[tuple[int, int, int]]:
    """Stretches with a scheme's prefix, a length of its and a right check digit: first, last, strength."""
    count = len(digits.values)
    run_starts = np.append(np.flatnonzero(digits.starts_run), count)
    group_starts = np.append(np.flatnonzero(digits.starts_group), count)
    firsts = group_starts[:-1]
    run_ends = run_starts[np.searchsorted(run_starts, firsts, side="right")]
    group_ends = group_starts[1:]
    long_enough = run_ends - firsts >= SHORTEST
    firsts, run_ends, group_ends = firsts[long_enough], run_ends[long_enough], group_ends[long_enough]
    values = np.concatenate((digits.values, np.zeros(LONGEST + 1, dtype=np.uint8)))
    prefixed = np.flatnonzero((group_ends - firsts) >= SHORTEST + 2)
    announced = values[firsts[prefixed]].astype(np.int64) * 10 + values[firsts[prefixed] + 1]
    inner = group_ends[prefixed] - firsts[prefixed] - 2
    prefixed = prefixed[(announced >= SHORTEST) & (announced <= LONGEST) & (announced <= inner)]
    announced = values[firsts[prefixed]].astype(np.int64) * 10 + values[firsts[prefixed] + 1]
    all_firsts = np.concatenate((firsts, firsts[prefixed] + 2))
    only_length = np.concatenate((np.zeros(len(firsts), dtype=np.int64), announced))
    run_ends = np.concatenate((run_ends, run_ends[prefixed]))
    group_ends = np.concatenate((group_ends, group_ends[prefixed]))
    return _checked(values, digits.starts_group, all_firsts, only_length, run_ends, group_ends)


def _checked(
    values: NDArray[np.uint8],
    starts_group: NDArray[np.bool_],
    firsts: Places,
    only_length: Places,
    run_ends: Places,
    group_ends: Places,
) -> list[tuple[int, int, int]]:
    weights = np.array([1000, 100, 10, 1])
    prefixes = values[firsts[:, None] + np.arange(4)].astype(np.int64) @ weights
    kept = STRENGTHS[prefixes].any(axis=1)
    firsts, prefixes, only_length = firsts[kept], prefixes[kept], only_length[kept]
    run_ends, group_ends = run_ends[kept], group_ends[kept]
    if not len(firsts):
        return []
    window = values[firsts[:, None] + np.arange(LONGEST)].astype(np.int16)
    doubled = _DOUBLED[window]
    even = np.arange(LONGEST) % 2 == 0
    # A check doubles every second digit from the right, so which ones depends on where the number ends.
    sums = {0: np.where(even, doubled, window).cumsum(axis=1), 1: np.where(even, window, doubled).cumsum(axis=1)}
    ends_group = np.append(starts_group, [True] * (LONGEST + 2))
    ends_group[len(starts_group)] = True
    found: list[tuple[int, int, int]] = []
    for length in range(SHORTEST, LONGEST + 1):
        lasts = firsts + length
        strengths = STRENGTHS[prefixes, length]
        right = (strengths > 0) & (lasts <= run_ends) & (sums[length % 2][:, length - 1] % 10 == 0)
        at_end = ends_group[np.minimum(lasts, len(starts_group))]
        glued = np.isin(group_ends - lasts, _GLUED_AFTER)
        announced = only_length == length
        right &= np.where(only_length > 0, announced, at_end | glued)
        for index in np.flatnonzero(right):
            found.append((int(firsts[index]), int(lasts[index]), int(strengths[index])))
    return sorted(found, key=lambda one: (one[0], -one[1]))
