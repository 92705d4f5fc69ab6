"""The code on a card's back or front (CVV2, CVC2, CID), by its label or by standing next to a card's number."""

import re
from collections.abc import Iterable, Iterator

from redaction.characters import digits_of
from redaction.schemes import MASK, Edit, Found

_OF = (
    r"(?:\s+(?:of|on|from|de|del|en|the|la|el|my|mi|this|card|tarjeta|back|atr[aá]s|reverso|is|es|era|was|son|are"
    r"|number|n[uú]mero|nr|no|code|c[oó]digo|value))"
)
_NAMES = (
    r"(?:cvv2?|cvc2?|cav2|cvn2?|cvd|(?<![a-z])cid|(?<![a-z])csc)(?![a-z])"
    r"|card[\s_.-]?(?:security|verification|validation)[\s_.-]?(?:code|value|number)?"
    r"|(?:3|tres|three)[\s-](?:d[ií]gitos|digits?)(?:[\s-]code)?|(?:security|verification|validation)[\s_.-]?(?:value)|security[\s_.-]?(?:code|number)"
    r"|(?:c[oó]d(?:igo|\.)?|n[uú]mero|clave|d[ií]gitos?)[\s_.-]{0,2}(?:de[\s_.-])?(?:la[\s_.-])?(?:seguridad|validaci[oó]n|verificaci[oó]n[\s_.-]de[\s_.-](?:la[\s_.-])?tarjeta|reverso)"
)
_SIGNS = r"(?:[\s:=\"'\\>#\[\]()/|.,;*_`\u2192-]|<(?!/)|&gt;|&quot;|(?:type|xsi:type)=[\"']\w*[\"'])"
_AFTER_LABEL = re.compile(
    rf"(?:{_NAMES})(?:[\s/_-]*(?:cvv2?|cvc2?|code|number|value|c[oó]digo))?{_OF}{{0,5}}{_SIGNS}{{0,12}}(?P<code>[0-9]{{3,4}})(?![0-9A-Za-z•]|[.,-][0-9])",
    re.IGNORECASE,
)
_BEFORE_LABEL = re.compile(
    r"(?<![0-9A-Za-z.,/-])(?P<code>[0-9]{3,4})\s*(?:\(|is\s+(?:the|my)\s|es\s+(?:el|mi)\s|=\s*)\s*(?:the\s)?(?:cvv2?|cvc2?)(?![A-Za-z])",
    re.IGNORECASE,
)
_MONTH_AND_YEAR = r"(?:0?[1-9]|1[0-2])\s{0,2}[/|.:;,\s-]?\s{0,2}(?:20)?[2-4][0-9]"
_YEAR_AND_MONTH = r"(?:20)?[2-4][0-9][/-]?(?:0[1-9]|1[0-2])"
_NEAR = re.compile(
    r"(?:[\s|/:;,._\"'()\[-]|exp(?:ir[yes]{1,3}|iration)?|date|vence|venc|v[aá]lid[oa]?|caduca(?:\sel)?|thru|until|hasta|good|fecha|vto|on|el|and|y){0,12}"
    rf"(?<![0-9])(?:{_MONTH_AND_YEAR}|{_YEAR_AND_MONTH})"
    r"(?:[\s|/:;,._\"'()-]|and|y|con|with|code){1,6}(?P<code>[0-9]{3,4})(?![0-9A-Za-z]|[.,:/-][0-9])",
    re.IGNORECASE,
)
_TOUCHING = re.compile(r"\s?[|:;,/]\s?(?P<code>[0-9]{3,4})(?![0-9A-Za-z]|[.,:/-][0-9])")
_LAST = re.compile(r"\s{1,3}(?P<code>[0-9]{3,4})(?=\s*(?:$|[\n.,;)\]\"']))(?![.,][0-9])")
_AFTER_NAME = re.compile(
    rf"[\s|:;,/]{{1,3}}(?:{_MONTH_AND_YEAR}|{_YEAR_AND_MONTH})\s?[\s|;,]\s?[^\W\d_]+"
    r"(?:[ .'-]{1,2}[^\W\d_]+){0,4}\s?[|;,\s]\s?"
    r"(?P<code>[0-9]{3,4})(?=\s*(?:$|[\n.,;|)\]\"']))"
)
_GLUED = re.compile(
    r"(?:(?:0[1-9]|1[0-2])(?:20)?[2-4][0-9]|[2-4][0-9](?:0[1-9]|1[0-2]))(?P<code>[0-9]{3,4})(?![0-9])"
)
_AS_FAR_AS_LOOKED = 80
_AMEX = 15  # digits; its codes have four


def find(text: str, start: int, end: int) -> Iterator[Found]:
    """Codes that a label names."""
    for pattern in (_AFTER_LABEL, _BEFORE_LABEL):
        for match in pattern.finditer(text, start, end):
            yield _hidden(*match.span("code"))


def find_near(text: str, cards: Iterable[Found]) -> Iterator[Found]:
    """Codes that follow a card's number and the date of its end."""
    for card in cards:
        after = text[card.end : card.end + _AS_FAR_AS_LOOKED]
        for pattern in (_NEAR, _GLUED, _TOUCHING, _LAST, _AFTER_NAME):
            match = pattern.match(after)
            if match and (pattern not in (_TOUCHING, _LAST) or len(match["code"]) == _usual(text, card)):
                yield _hidden(card.end + match.start("code"), card.end + match.end("code"))
                break


def _usual(text: str, card: Found) -> int:
    """How many digits a card's code has."""
    return 4 if len(digits_of(text[card.start : card.end])) == _AMEX else 3


def _hidden(start: int, end: int) -> Found:
    return Found("cvv", start, end, [Edit(start, end, MASK * (end - start))])
