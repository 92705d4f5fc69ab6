"""Which digits can be a card's number: the schemes' prefixes, their lengths, and the check digit.

Sources: ISO/IEC 7812-1 (structure and the Luhn check, its annex B); the prefixes and lengths that the
schemes publish for merchants.
"""

from typing import NamedTuple

import numpy as np

SHORTEST, LONGEST = 12, 19
#: Hides a digit.
MASK = "•"


class Finding(NamedTuple):
    """What stood at `start` to `end` of the original text. It never holds the number, only its mask.

    `kind` is one of `card`, `track`, `cvv`, `iban`, `key`, `password`, `private_key`.
    """

    kind: str
    start: int
    end: int
    mask: str


class Edit(NamedTuple):
    """A stretch of a text and what is to stand there instead."""

    start: int
    end: int
    by: str


def rows(places: list[int]) -> list[Edit]:
    """Edits that hide the characters at `places`, neighbours together."""
    edits: list[Edit] = []
    start = done = -1
    for place in [*places, -1]:
        if place != done:
            if start >= 0:
                edits.append(Edit(start, done, MASK * (done - start)))
            start = place
        done = place + 1
    return edits


class Found(NamedTuple):
    """A finding on its way: where it stands in the text that is being read, and what must change there."""

    kind: str
    start: int
    end: int
    edits: list[Edit]


def _span(first: str, last: str | None = None) -> range:
    """The four-digit prefixes between two shorter ones, both included."""
    return range(int(first.ljust(4, "0")), int((last or first).ljust(4, "9")) + 1)


_16 = range(16, 17)
_16_TO_19 = range(16, 20)
_ANY = range(SHORTEST, LONGEST + 1)

#: What is a card's number wherever it stands, glued to a word or not.
_SURE: list[tuple[range, range]] = [
    (_span("4"), _16),  # Visa
    (_span("51", "55"), _16),  # Mastercard
    (_span("2221", "2720"), _16),
    (_span("34"), range(15, 16)),  # American Express
    (_span("37"), range(15, 16)),
    (_span("300", "305"), range(14, 15)),  # Diners Club
    (_span("3095"), range(14, 15)),
    (_span("36"), range(14, 15)),
    (_span("38", "39"), range(14, 15)),
    (_span("3528", "3589"), _16),  # JCB
    (_span("353"), _16),  # RuPay
    (_span("356"), _16),
    (_span("60"), _16),
    (_span("81", "82"), _16),
    (_span("6011"), _16),  # Discover
    (_span("644", "659"), _16),
    (_span("62"), _16),  # UnionPay
    (_span("8100", "8171"), _16),
    (_span("2200", "2205"), _16),  # Mir, Borica
    (_span("9792"), _16),  # Troy
    (_span("8600"), _16),  # Uzcard
    (_span("9860"), _16),  # Humo
    (_span("50"), _16),  # Maestro, Elo, Verve, Dankort
    (_span("56", "69"), _16),
]

#: What is one as well, if nothing around it says otherwise. Maestro and the domestic debit cards take almost
#: any issuer number in 50 and 56 to 69.
_LIKELY: list[tuple[range, range]] = [
    (_span("4"), range(13, 14)),
    (_span("4"), range(19, 20)),
    (_span("300", "305"), _16_TO_19),
    (_span("3095"), _16_TO_19),
    (_span("36"), _16_TO_19),
    (_span("38", "39"), _16_TO_19),
    (_span("3528", "3589"), _16_TO_19),
    (_span("6011"), _16_TO_19),
    (_span("644", "659"), _16_TO_19),
    (_span("62"), _16_TO_19),
    (_span("8100", "8171"), _16_TO_19),
    (_span("2200", "2205"), _16_TO_19),
    (_span("2131"), range(15, 16)),  # JCB's older numbers
    (_span("1800"), range(15, 16)),
    *(
        (_span(prefix), _ANY)
        for prefix in ("5018", "5020", "5038", "5893", "6304", "6703", "6706", "6709", "6759", "6771")
    ),
    (_span("6761", "6763"), _ANY),
    (_span("56", "58"), range(12, 13)),
    (_span("6390"), range(12, 14)),
]

#: What is one only where the text speaks of a card.
_IF_NAMED: list[tuple[range, range]] = [
    (_span("0604"), _ANY),
    (_span("50"), _ANY),
    (_span("56", "69"), _ANY),
    (_span("9704"), range(16, 20)),  # NAPAS
]

SURE, LIKELY, IF_NAMED = 3, 2, 1


def _strengths() -> "np.ndarray":
    """How sure a length is for each prefix of four digits: every boundary above is at four or fewer."""
    table = np.zeros((10_000, LONGEST + 1), dtype=np.uint8)
    for strength, schemes in ((IF_NAMED, _IF_NAMED), (LIKELY, _LIKELY), (SURE, _SURE)):
        for prefixes, lengths in schemes:
            table[prefixes.start : prefixes.stop, lengths.start : lengths.stop] = strength
    return table


#: By the first four digits and the length: SURE, LIKELY, IF_NAMED, or 0 for none.
STRENGTHS = _strengths()


def passes_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0
