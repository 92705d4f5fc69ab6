"""Finding words that must not be said, however they are written. Pure functions, no database.

A text is read as folded words: without case, accents, zero-width characters, soft hyphens, Markdown marks and HTML
entities. A term is found where its words follow each other in the text, whatever stands between them that is no
letter or digit, in one of two ways:

- **in another form**: word for word by their stems, in English or in Spanish (Porter's Snowball stemmers), so that
  "reported" is found by "report" and "congeladas" by "congelado". Words of up to three letters have no other form.
- **taken apart or run together**: the same letters in the same order, from the beginning of a word to the end of
  one, so "s u s p i c i o u s", "A.M.L." and "suspiciousactivityreport" are found.

What is found is told by its place in the text as it was given.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import snowballstemmer

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: Markdown writes these into the middle of a word and shows nothing of them.
_MARKS = frozenset("*_~`\\")
_LONGEST_WITHOUT_FORMS = 3
_ENGLISH, _SPANISH = snowballstemmer.stemmer("english"), snowballstemmer.stemmer("spanish")


class Word(NamedTuple):
    """A folded word and the place of the text that it was read from."""

    folded: str
    start: int
    end: int


class Found(NamedTuple):
    """A term, and where the text says it."""

    term: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Return the folded words of a text in their order."""
    found: list[Word] = []
    letters: list[str] = []
    start = end = 0
    for at, until, shown in _characters(text):
        for character in unicodedata.normalize("NFKD", shown).casefold():
            if character.isalnum():
                if not letters:
                    start = at
                letters.append(character)
                end = until
            elif not _is_nothing(character) and letters:
                found.append(Word("".join(letters), start, end))
                letters = []
    if letters:
        found.append(Word("".join(letters), start, end))
    return found


def _characters(text: str) -> Iterable[tuple[int, int, str]]:
    """Yield what the text shows, character by character, each with its place; an entity is what it stands for."""
    at = 0
    for entity in _ENTITY.finditer(text):
        yield from ((index, index + 1, text[index]) for index in range(at, entity.start()))
        yield entity.start(), entity.end(), html.unescape(entity[0])
        at = entity.end()
    yield from ((index, index + 1, text[index]) for index in range(at, len(text)))


def _is_nothing(character: str) -> bool:
    """Tell what is not seen, and so parts no words: but for white space, which does."""
    return character in _MARKS or (
        unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc"} and not character.isspace()
    )


@dataclass
class Matcher:
    """Terms to look for. A term without a letter or digit is never found."""

    terms: Iterable[str]
    _by_stems: dict[tuple[str, ...], str] = field(default_factory=dict, init=False)
    _by_letters: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for term in self.terms:
            folded = [word.folded for word in words(term)]
            if not folded:
                continue
            self._by_letters.setdefault("".join(folded), term)
            for stem in (_english, _spanish):
                self._by_stems.setdefault(tuple(map(stem, folded)), term)
        self._most_words = max(map(len, self._by_stems), default=0)
        self._most_letters = max(map(len, self._by_letters), default=0)

    def find(self, text: str) -> list[Found]:
        """Return what is found, in the order of the text; of what overlaps, what begins first and is longest."""
        said = words(text)
        stems = [[stem(word.folded) for word in said] for stem in (_english, _spanish)]
        found: list[Found] = []
        behind = 0
        for first in range(len(said)):
            if first < behind:
                continue
            longest = max(self._at(said, stems, first), default=None)
            if longest is not None:
                last, term = longest
                found.append(Found(term, said[first].start, said[last].end))
                behind = last + 1
        return found

    def _at(self, said: Sequence[Word], stems: Sequence[Sequence[str]], first: int) -> Iterable[tuple[int, str]]:
        """Yield each term that begins with this word, with the number of its last word."""
        for language in stems:
            for last in range(first, min(first + self._most_words, len(said))):
                if term := self._by_stems.get(tuple(language[first : last + 1])):
                    yield last, term
        letters = ""
        for last in range(first, len(said)):
            letters += said[last].folded
            if len(letters) > self._most_letters:
                return
            if term := self._by_letters.get(letters):
                yield last, term


def _english(word: str) -> str:
    return word if len(word) <= _LONGEST_WITHOUT_FORMS else f"en:{_ENGLISH.stemWord(word)}"


def _spanish(word: str) -> str:
    return word if len(word) <= _LONGEST_WITHOUT_FORMS else f"es:{_SPANISH.stemWord(word)}"
