"""The magnetic stripe (ISO/IEC 7813, tracks 1 and 2) and a payment message's second field (ISO 8583)."""

import re
from collections.abc import Iterator

from redaction.characters import digits_of
from redaction.schemes import IF_NAMED, LONGEST, SHORTEST, STRENGTHS, Found, passes_luhn, rows

_TRACK = re.compile(
    r"(?<![0-9])(?P<pan>[0-9](?:[ -]?[0-9]){11,18})"
    r"(?P<rest>\^[^\^\r\n]{0,30}\^[0-9^][0-9 A-Z^]{0,80}\??|[=D](?:[0-9]{4}|=)[0-9]{3}[0-9D=]{0,24}\??)"
)
_MESSAGE = re.compile(r"0[1-8][0-9]0(?:[4-7][0-9A-F]{15}|[C-F][0-9A-F]{31})(?P<length>1[2-9])(?=[0-9]{12})")


def find(text: str, start: int, end: int) -> Iterator[Found]:
    """Whole tracks: of the number the usual digits are shown, of the rest nothing."""
    for match in _TRACK.finditer(text, start, end):
        number = digits_of(match["pan"])
        if not passes_luhn(number) or STRENGTHS[int(number[:4]), len(number)] < IF_NAMED:
            continue
        shown = 6 if len(number) >= 16 else 0
        places = [place for place in range(*match.span("pan")) if text[place].isdigit()]
        hidden = [*places[shown:-4], *(p for p in range(*match.span("rest")) if text[p].isalnum())]
        yield Found("track", match.start(), match.end(), rows(hidden))


def find_in_messages(text: str) -> Iterator[list[int]]:
    """The places of the digits of each number that a message announces with its length."""
    for match in _MESSAGE.finditer(text):
        start, end = match.end(), match.end() + int(match["length"])
        number = text[start:end]
        if SHORTEST <= len(number) <= LONGEST and number.isdigit() and passes_luhn(number):
            yield list(range(start, end))
