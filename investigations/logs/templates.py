"""Messages into groups, each with the template that its messages fill: `Failed password for <*> from <*>`.

In two steps, over a whole log rather than line by line:

1. What is certainly a value is masked: addresses, ids, numbers with their units, hashes. One
   expression, and nothing in it is of one system. Equal messages are one *shape* from then on: a million lines
   have some thousand.
2. Shapes are grouped as Drain does (He et al., ICWS 2017): by number of words and first words, then by how many
   words are the same. Drain takes what differs for a value, and so "Instance spawned" and "Instance destroyed" for
   one. So groups are parted again: where a place holds few different words, they are words, and not values.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

#: What stands for a value, as in the literature.
VALUE = "<*>"
#: Of a message so many characters are compared.
LONGEST = 2000

#: How many of the words two shapes of one group share at least (Drain's similarity threshold).
_ALIKE = 0.5
#: How many first words must be the same (Drain's depth).
_FIRST_WORDS = 2
#: At a place with so many different words at most, they are no values.
_FEW_WORDS = 5
#: Beyond so many different shapes, only the first words of a message count.
MOST_SHAPES = 50_000
_MOST_BESIDE = 100  # groups that a shape is compared with
_MOST_FIRST = 100  # different first words, beyond which they are values (Drain's max. children)

_UNITS = r"(?:[ ]?(?:[KMGT]i?B|[kKMGT]?[Bb]ytes|B|[mnuµ]s|m?sec(?:ond)?s?|min(?:ute)?s?|%)(?![A-Za-z]))?"
_MASK = re.compile(
    rf"""
      \b[a-z][a-z0-9+.-]{{1,15}}://[^\s"'<>\]),;]+                        # an address
    | \b[0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}\b    # a UUID
    | (?<![\w.])/?\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d+)?(?!\w*\.?\d)      # an IP address
    | \b0x[0-9a-fA-F]+\b
    | \d*•{{3,}}[\d•]*                                                      # what the redaction has masked
    | \b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{{8,}}\b                         # a hash
    | (?<=[=_:/-])(?=[A-Za-z]{{0,20}}\d)(?=\d{{0,20}}[A-Za-z])[A-Za-z0-9]{{8,}}\b   # an id behind its name
    | (?<![\w.])[-+]?\d+(?:[.,:]\d+)*{_UNITS}(?![\w.]*\d)                # a number, a time, a measure
    | (?<=_)-?\d+ | \d+                                                  # the number in a name
    """,
    re.VERBOSE,
)
_NAMED = re.compile(r"[\w.-]+[=:]")


def shape(message: str) -> str:
    """Return a message with what is certainly a value masked; a list of values is one value."""
    masked = _MASK.sub(VALUE, message[:LONGEST])
    words = masked.split()
    return " ".join(
        [word for word, before in zip(words, ["", *words], strict=False) if word != before or VALUE not in word]
    )


@dataclass
class Grouping:
    """Shapes as they come, each with its number, and in the end the template of each.

    The outcome depends on the order of the messages and on nothing else: not on how they were read.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)

    def add(self, message: str) -> int:
        """Count a message; return the number of its shape."""
        masked = shape(message)
        number = self.numbers.get(masked)
        if number is None:
            if len(self.numbers) >= MOST_SHAPES:
                masked = " ".join([*masked.split(maxsplit=3)[:2], VALUE])
                if masked not in self.numbers and len(self.numbers) >= 2 * MOST_SHAPES:
                    masked = VALUE
            number = self.numbers.setdefault(masked, len(self.numbers))
            if number == len(self.counts):
                self.counts.append(0)
        self.counts[number] += 1
        return number

    def templates(self) -> list[str]:
        """Return the template of each shape, by its number. Equal templates are one group."""
        words = [tuple(text.split()) for text in self.numbers]
        found = [""] * len(words)
        for loose in _loose(words):
            for group in _parted(loose, words):
                text = _written(group, words)
                for number in group:
                    found[number] = text
        return found


def grouped(messages: Iterable[str]) -> list[str]:
    """Return the template of each message."""
    grouping = Grouping()
    numbers = [grouping.add(message) for message in messages]
    templates = grouping.templates()
    return [templates[number] for number in numbers]


Words = tuple[str, ...]


@dataclass
class _Group:
    words: list[str | None]
    members: list[int]


def _loose(shapes: Sequence[Words]) -> list[list[int]]:
    """Group shapes as Drain does; a shape's number is its place."""
    firsts: dict[int, set[str]] = defaultdict(set)
    for words in shapes:
        if words:
            firsts[len(words)].add(words[0])
    many = {length for length, words in firsts.items() if len(words) > _MOST_FIRST}
    tree: dict[tuple[object, ...], list[_Group]] = defaultdict(list)
    for number, words in enumerate(shapes):
        first = [VALUE if VALUE in word else word for word in words[:_FIRST_WORDS]]
        if len(words) in many and len(first) > 1:
            first[0] = VALUE
        beside = tree[len(words), *first]
        group = _most_alike(beside, words)
        if group is None:
            beside.append(_Group(list(words), [number]))
        else:
            group.words = [own if own == other else None for own, other in zip(group.words, words, strict=True)]
            group.members.append(number)
    return [group.members for beside in tree.values() for group in beside]


def _most_alike(beside: list[_Group], words: Words) -> _Group | None:
    best, most = None, -1
    for group in beside:
        alike = sum(map(str.__eq__, words, (own or "" for own in group.words)))
        if alike > most:
            best, most = group, alike
    if best is not None and (most >= _ALIKE * len(words) or len(beside) >= _MOST_BESIDE):
        return best
    return None


def _parted(members: list[int], shapes: Sequence[Words]) -> list[list[int]]:
    """Part a group where a place holds few different words, the fewest first, until there is no such place."""
    pending, done = [members], []
    while pending:
        group = pending.pop()
        place = _place_of_words(group, shapes)
        if place is None:
            done.append(group)
            continue
        parts: dict[str, list[int]] = defaultdict(list)
        for number in group:
            parts[shapes[number][place]].append(number)
        pending += parts.values()
    return done


def _place_of_words(group: list[int], shapes: Sequence[Words]) -> int | None:
    if len(group) < 2:
        return None
    best, fewest = None, _FEW_WORDS + 1
    for place in range(len(shapes[group[0]])):
        here: set[str] = set()
        for number in group:
            here.add(shapes[number][place])
            if len(here) >= fewest:
                break
        if 1 < len(here) < fewest and not any(VALUE in word for word in here):
            best, fewest = place, len(here)
    return best


def _written(group: list[int], shapes: Sequence[Words]) -> str:
    """Return the words that all of a group have, with VALUE where they differ."""
    columns = zip(*(shapes[number] for number in group), strict=True)
    return " ".join(_common({*column}) for column in columns)


def _common(words: set[str]) -> str:
    """Return the word, or what stands for several: with the name that they share, as in `user=<*>`."""
    if len(words) == 1:
        return next(iter(words))
    names = {name[0] if (name := _NAMED.match(word)) else "" for word in words}
    return f"{names.pop()}{VALUE}" if len(names) == 1 else VALUE


def fits(template: str, other: str) -> bool:
    """Return whether one template covers the other: the same words, values where it has values."""
    own, others = template.split(), other.split()
    return len(own) == len(others) and all(a in {b, VALUE} or b == VALUE for a, b in zip(own, others, strict=True))
