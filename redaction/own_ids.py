"""Formats of a company's own numbers, which look like cards and are none."""

import re
from collections.abc import Iterable, Iterator

from redaction.schemes import LONGEST, SHORTEST, STRENGTHS

_SIGNS = {"#": r"\d", "@": "[A-Za-z]", "*": "[A-Za-z0-9]"}
_FEWEST_FIXED = 2


class OwnIds:
    """A set of formats. `#` is a digit, `@` a letter, `*` either; the rest is itself: `ORD-################`.

    Raises ValueError for a format that any card would fit: it needs two fixed letters or digits, and its fixed
    digits, where it is of digits only, must not be a scheme's.
    """

    def __init__(self, formats: Iterable[str] = ()) -> None:
        self.formats = tuple(formats)
        for written in self.formats:
            _check(written)
        each = "|".join(_pattern(written) for written in self.formats)
        self._pattern = re.compile(rf"(?<!\w)(?:{each})(?!\w)") if each else None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where such numbers stand."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                yield match.span()


NO_OWN_IDS = OwnIds()


def _pattern(written: str) -> str:
    return "".join(_SIGNS.get(sign) or re.escape(sign) for sign in written)


def _check(written: str) -> None:
    fixed = [sign for sign in written if sign.isalnum()]
    if len(fixed) < _FEWEST_FIXED or len(written) > 100:
        raise ValueError(f"{written!r} needs two letters or digits of its own, and at most 100 signs.")
    if any(sign.isalpha() or sign == "@" for sign in written):
        return
    digits = "".join(sign for sign in written.replace("*", "#") if sign == "#" or sign.isdigit())
    head = digits[:4]
    if "#" in head:
        prefixes = [prefix for prefix in range(10_000) if re.fullmatch(head.replace("#", r"\d"), f"{prefix:04}")]
    else:
        prefixes = [int(head)] if len(head) == 4 else []
    if SHORTEST <= len(digits) <= LONGEST and any(STRENGTHS[prefix, len(digits)] for prefix in prefixes):
        raise ValueError(f"{written!r} is what a card's number may look like. Add letters to it.")
