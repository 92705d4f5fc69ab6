"""International bank account numbers (ISO 13616): country, check digits, length."""

import re
from collections.abc import Iterator

from redaction.schemes import Found, rows

#: The length by country, from the IBAN registry.
LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
    "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
    "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25,
    "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
_HEAD = re.compile(
    r"(?i)(?:(?<![A-Z0-9])(?<![A-Z0-9]-)|(?<=iban))(?P<country>"
    + "|".join(LENGTHS)
    + r")(?P<check>[0-9]{2})(?=[\s-]{0,2}[A-Z0-9])"
)
_GAP = re.compile(r"[\s\u00ad\u200b-\u200d\u2060.-]{0,2}")
_PRINTED = 4  # characters a group
_SHOWN_FIRST, _SHOWN_LAST = 6, 4


def find(text: str, start: int, end: int) -> Iterator[Found]:
    """Account numbers with the right length and check digits, in one piece or in groups."""
    done = start
    for match in _HEAD.finditer(text, start, end):
        if match.start() < done:
            continue
        places = _places(text, match.start(), LENGTHS[match["country"].upper()])
        if places and _is_right("".join(text[place] for place in places).upper()):
            done = places[-1] + 1
            edits = rows(places[_SHOWN_FIRST:-_SHOWN_LAST])
            yield Found("iban", places[0], done, edits)


def _places(text: str, start: int, count: int) -> list[int]:
    """Where the number's characters stand; none when there are too few, or more than it may have."""
    places: list[int] = []
    place = start
    while len(places) < count:
        if place < len(text) and text[place].isascii() and text[place].isalnum():
            places.append(place)
            place += 1
            continue
        gap = _GAP.match(text, place)
        if not gap or gap.end() == place or (len(places) % _PRINTED and len(places) > _PRINTED):
            return []
        place = gap.end()
    after = text[place : place + 2].lstrip("-_")[:1]
    return [] if after.isascii() and after.isalnum() else places


def _is_right(number: str) -> bool:
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1
