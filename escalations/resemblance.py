"""How much one ticket resembles another: by its words and by what its fields say. Pure functions, no database.

Words are weighed by BM25 with weighted fields (Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple
weighted fields", CIKM 2004; Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009). As in duplicate retrieval (Sun, Lo, Khoo, Jiang, "Towards more accurate retrieval of duplicate bug
reports", ASE 2011) what is asked is a whole report too, so a word also counts by how often and where it stands in
the asked one, and the evidence of fields is added to that of the words.

The sum over the words is divided by the most that any ticket could get: so a *share* lies between 0 and 1, and
means the same for a short text and a long one. `bench/similar.py` measures all this; the constants of the words
were chosen on the earlier half of its data.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Only the most telling words of a text are compared.
MOST_TERMS = 48
#: What stands in a larger part of the tickets says nothing, such as an English stop word among Spanish stems.
_MOST_COMMON = 1 / 3
#: So many tickets may be looked at because they share a word with the text.
MOST_CANDIDATES = 300

_SATURATION = 2.0  # k1 of BM25
_LENGTH = 0.75  # b of BM25
_SUBJECT = 5.0  # a word in the other's subject counts as so many in its description
_OWN_SUBJECT = 4.0  # the same in the text that is asked about, of which the root is taken:
_OWN_MOST = 3.0  # a word said over and over counts as three

_NEAR_DAYS = 180.0
_NEAR_GAIN = 0.3  # words in common of what lies close in time count so much more

#: Below this share what is common is chance.
LEAST_SHARE = 0.05


class Evidence(StrEnum):
    """What two tickets have in common beside their words."""

    TRANSACTION = "transaction"
    ENDPOINT = "endpoint"
    ERROR_CODE = "error_code"
    CUSTOMER = "customer"
    CATEGORY = "category"


#: What each adds to the share of words. One transaction outweighs every text, since no share reaches 1 and
#: nearness adds less than a third. In the measured data half of the true duplicates share less than 0.17, so an
#: endpoint or an error code is worth a good match of words; customer and category only decide between matches.
WEIGHTS = {
    Evidence.TRANSACTION: 2.0,
    Evidence.ENDPOINT: 0.2,
    Evidence.ERROR_CODE: 0.2,
    Evidence.CUSTOMER: 0.1,
    Evidence.CATEGORY: 0.03,
}
#: Enough to be shown without a word in common.
TELLING = frozenset({Evidence.TRANSACTION, Evidence.ENDPOINT, Evidence.ERROR_CODE})


@dataclass(frozen=True)
class Count:
    """How often a word stands in a subject and in a description."""

    subject: float = 0
    description: float = 0


@dataclass(frozen=True)
class Corpus:
    """What is known of all tickets: of `documents` sampled ones how many hold each word, and their mean length."""

    documents: int
    tickets: int
    mean_length: float
    holding: Mapping[str, int] = field(default_factory=dict)

    def rarity(self, lexeme: str) -> float:
        """Return the word's inverse document frequency, never negative."""
        held = self.holding.get(lexeme, 1)
        return math.log(1 + (max(self.documents - held, 0) + 0.5) / (held + 0.5))

    def is_common(self, lexeme: str) -> bool:
        """Tell whether the word stands in too many tickets to say anything."""
        return self.holding.get(lexeme, 1) > max(2.0, self.documents * _MOST_COMMON)

    def expected(self, lexeme: str) -> float:
        """Return in how many of all tickets the word may stand."""
        return self.holding.get(lexeme, 1) * self.tickets / max(self.documents, 1)


@dataclass(frozen=True)
class Fields:
    """What is compared beside the words; "" and None are like nothing."""

    created_at: datetime
    transaction: str = ""
    endpoint: str = ""
    error_code: str = ""
    customer: int | None = None
    category: int | None = None


@dataclass(frozen=True)
class Other:
    """A ticket to compare with: its fields, those of the asked words that it has, and its length in lexemes."""

    pk: int
    fields: Fields
    counts: Mapping[str, Count]
    length: int


@dataclass(frozen=True)
class Match:
    """How much a ticket resembles the asked one, and why: evidence and words, the weightiest first."""

    pk: int
    score: float
    share: float
    evidence: tuple[Evidence, ...]
    lexemes: tuple[str, ...]


def weigh(counts: Mapping[str, Count], corpus: Corpus) -> dict[str, float]:
    """Return the most telling words of a text, each with its weight, the weightiest first."""
    weights = {
        lexeme: corpus.rarity(lexeme) * min(math.sqrt(_OWN_SUBJECT * count.subject + count.description), _OWN_MOST)
        for lexeme, count in counts.items()
        if not corpus.is_common(lexeme)
    }
    telling = sorted(weights, key=lambda lexeme: (-weights[lexeme], lexeme))[:MOST_TERMS]
    return {lexeme: weights[lexeme] for lexeme in telling}


def affordable(terms: Iterable[str], corpus: Corpus, most: int = MOST_CANDIDATES) -> list[str]:
    """Return the rarest of these words, as many as stand together in at most `most` tickets.

    So the tickets that share a telling word are found at a cost that does not grow with the desk. A text of
    common words alone gets none.
    """
    found: list[str] = []
    left = float(most)
    for lexeme in sorted(terms, key=lambda one: (corpus.expected(one), one)):
        left -= corpus.expected(lexeme)
        if left < 0:
            break
        found.append(lexeme)
    return found


def rank(
    fields: Fields, terms: Mapping[str, float], others: Iterable[Other], corpus: Corpus, *, most: int
) -> list[Match]:
    """Return the tickets that resemble the asked one, at most `most`, the nearest first."""
    matches = (_match(fields, terms, other, corpus) for other in others)
    shown = [match for match in matches if match.share >= LEAST_SHARE or TELLING.intersection(match.evidence)]
    return sorted(shown, key=lambda match: (-match.score, -match.pk))[:most]


def _match(fields: Fields, terms: Mapping[str, float], other: Other, corpus: Corpus) -> Match:
    possible = sum(terms.values())
    found = {
        lexeme: weight * _told(other.counts[lexeme], other.length, corpus)
        for lexeme, weight in terms.items()
        if lexeme in other.counts
    }
    share = sum(found.values()) / possible if possible else 0.0
    evidence = tuple(_common(fields, other.fields))
    days = abs((fields.created_at - other.fields.created_at).total_seconds()) / 86_400
    near = 1 + _NEAR_GAIN * math.exp(-days / _NEAR_DAYS)
    score = share * near + sum(WEIGHTS[one] for one in evidence)
    return Match(other.pk, score, share, evidence, tuple(sorted(found, key=lambda one: (-found[one], one))))


def _told(count: Count, length: int, corpus: Corpus) -> float:
    """Return how much of a word's weight its standing there is worth: more often is more, but never 1."""
    relative = length / corpus.mean_length if corpus.mean_length else 1.0
    often = (_SUBJECT * count.subject + count.description) / (1 - _LENGTH + _LENGTH * relative)
    return often / (_SATURATION + often)


def _common(one: Fields, other: Fields) -> Iterable[Evidence]:
    for evidence in Evidence:
        value = getattr(one, evidence)
        if value and value == getattr(other, evidence):
            yield evidence


_LEXEME = re.compile(r"'((?:[^']|'')*)'(?::([0-9A-D,]+))?")


def counts_of(vector: str) -> dict[str, Count]:
    """Return how often each word stands in a search document, which is a tsvector as PostgreSQL writes it."""
    return {
        lexeme.replace("''", "'").replace("\\\\", "\\"): count_of(places)
        for lexeme, places in _LEXEME.findall(vector)
        if places
    }


def count_of(places: str) -> Count:
    """Return the count that places such as "3A,17B" (or only their weights) tell: A is the subject.

    A search document holds every text in two languages, so each place counts half.
    """
    subject, all_places = places.count("A"), places.count(",") + 1
    return Count(subject / 2, (all_places - subject) / 2)


def plain(word: str) -> str:
    """Return the word in lower case and without accents, as the index has it."""
    return "".join(one for one in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(one))


def spelled(lexemes: Sequence[str], text: str) -> list[str]:
    """Return the words of `text` that these stems come from, in the order of the stems, each once."""
    words = {word.lower(): plain(word) for word in re.findall(r"\w[\w.:/-]*\w|\w", text)}
    found: dict[str, None] = {}
    for lexeme in lexemes:
        stem = lexeme[: max(3, len(lexeme) - 1)]  # a stem may end otherwise than its word: happi, happy
        word = min((word for word, bare in words.items() if bare.startswith(stem)), key=len, default=None)
        if word is not None:
            found.setdefault(word)
    return list(found)
