"""Which digits can be a card's number: the schemes' prefixes, their lengths, and the check digit.

Sources: ISO/IEC 7812-1 (structure and the Luhn check, its annex B); the prefixes and lengths that the
schemes publish for merchants.
"""

from typing import NamedTuple

SHORTEST, LONGEST = 13, 19


class Finding(NamedTuple):
    """What stood at `start` to `end` of the original text. It never holds the number, only its mask."""

    kind: str
    start: int
    end: int
    mask: str


def _span(first: str, last: str | None = None) -> range:
    """The six-digit prefixes between two shorter ones, both included."""
    return range(int(first.ljust(6, "0")), int((last or first).ljust(6, "9")) + 1)


_16_TO_19 = frozenset(range(16, 20))
_MAESTRO = frozenset(range(SHORTEST, LONGEST + 1))

_SCHEMES: list[tuple[range, frozenset[int]]] = [
    (_span("4"), frozenset({13, 16, 19})),  # Visa
    (_span("51", "55"), frozenset({16})),  # Mastercard
    (_span("2221", "2720"), frozenset({16})),
    (_span("34"), frozenset({15})),  # American Express
    (_span("37"), frozenset({15})),
    (_span("36"), _16_TO_19 | {14}),  # Diners Club
    (_span("300", "305"), _16_TO_19 | {14}),
    (_span("3095"), _16_TO_19 | {14}),
    (_span("38", "39"), _16_TO_19 | {14}),
    (_span("3528", "3589"), _16_TO_19),  # JCB
    (_span("6011"), _16_TO_19),  # Discover
    (_span("644", "659"), _16_TO_19),
    (_span("62"), _16_TO_19),  # UnionPay
    (_span("8100", "8171"), _16_TO_19),
    (_span("2200", "2205"), _16_TO_19),  # Mir, Borica
    (_span("81", "82"), frozenset({16})),  # RuPay
    (_span("353"), frozenset({16})),
    (_span("356"), frozenset({16})),
    (_span("9792"), frozenset({16})),  # Troy
    (_span("8600"), frozenset({16})),  # Uzcard
    (_span("9860"), frozenset({16})),  # Humo
    # Maestro and the domestic debit cards take any issuer number in 50 and 56 to 69; only the well-known
    # ones are taken in every length, since long identifiers often begin with these digits too.
    (_span("50"), frozenset({16})),
    (_span("56", "69"), frozenset({16})),
    *(
        (_span(prefix), _MAESTRO)
        for prefix in ("5018", "5020", "5038", "5893", "6304", "6703", "6706", "6709", "6759", "6771")
    ),
    (_span("6761", "6763"), _MAESTRO),
]


def _by_prefix() -> dict[int, frozenset[int]]:
    """Lengths by the first four digits: every boundary above is at four digits or fewer."""
    lengths: dict[int, frozenset[int]] = {}
    for prefixes, allowed in _SCHEMES:
        for prefix in range(prefixes.start // 100, (prefixes.stop - 1) // 100 + 1):
            lengths[prefix] = lengths.get(prefix, frozenset()) | allowed
    return lengths


LENGTHS_BY_FIRST_FOUR = _by_prefix()
