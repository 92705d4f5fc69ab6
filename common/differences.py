"""What changed between two texts, line by line and, inside a line, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: Unchanged lines shown around a change.
CONTEXT = 3
#: Comparing takes quadratic time at worst: beyond these, a text counts as wholly replaced.
LINES_MAX = 2000
WORDS_MAX = 200


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    SKIP = "skip"  # unchanged lines that are not shown; their number is in `skipped`


@dataclass(frozen=True)
class Piece:
    """A part of a line; `changed` where it differs from the other version."""

    text: str
    changed: bool = False


@dataclass(frozen=True)
class Line:
    kind: Kind
    pieces: tuple[Piece, ...] = ()
    skipped: int = 0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def compare(before: str, after: str) -> list[Line]:
    """Return the lines that turn `before` into `after`; nothing when they are the same."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    if max(len(old), len(new)) > LINES_MAX:
        return [*_whole(Kind.REMOVED, old), *_whole(Kind.ADDED, new)]
    lines: list[Line] = []
    shown = 0
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT):
        lines += _unchanged(old[shown : group[0][1]])
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += _whole(Kind.SAME, old[old_from:old_to])
            else:
                lines += _replaced(old[old_from:old_to], new[new_from:new_to])
        shown = group[-1][2]
    return lines + _unchanged(old[shown:])


def _unchanged(lines: list[str]) -> list[Line]:
    """Return how many lines are left out; a single one is shown, since saying so takes a line too."""
    return [Line(Kind.SKIP, skipped=len(lines))] if len(lines) > 1 else _whole(Kind.SAME, lines)


def _whole(kind: Kind, lines: list[str]) -> list[Line]:
    return [Line(kind, (Piece(line),)) for line in lines]


def _replaced(old: list[str], new: list[str]) -> list[Line]:
    """Return `old` as removed and `new` as added; lines that stand opposite each other word by word."""
    if len(old) != len(new):
        return [*_whole(Kind.REMOVED, old), *_whole(Kind.ADDED, new)]
    pairs = [_words(was, now) for was, now in zip(old, new, strict=True)]
    removed = [Line(Kind.REMOVED, was) for was, _ in pairs]
    added = [Line(Kind.ADDED, now) for _, now in pairs]
    return removed + added


def _words(was: str, now: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old, new = re.findall(r"\s+|\w+|[^\w\s]", was), re.findall(r"\s+|\w+|[^\w\s]", now)
    if max(len(old), len(new)) > WORDS_MAX:
        return (Piece(was),), (Piece(now),)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() <= 0.5:  # two different sentences: marking the words they share would be noise
        return (Piece(was),), (Piece(now),)
    left, right = [], []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        changed = tag != "equal"
        left.append(Piece("".join(old[old_from:old_to]), changed))
        right.append(Piece("".join(new[new_from:new_to]), changed))
    return tuple(p for p in left if p.text), tuple(p for p in right if p.text)
