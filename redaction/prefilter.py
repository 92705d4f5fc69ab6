"""One fast pass that tells which searches a text needs: most texts need none.

Hyperscan reads a text once for all expressions together, at gigabytes a second. Each expression takes in all that
its search could find, and more: a text without it is spared the search.
"""

import enum
import threading
from collections.abc import Iterator
from functools import cache

import hyperscan

from redaction.ibans import LENGTHS


class Search(enum.Enum):
    """What a text may hold."""

    CARD_WORDS = enum.auto()
    CODES = enum.auto()
    IBANS = enum.auto()
    TRACKS = enum.auto()
    KEYS = enum.auto()
    PASSWORDS = enum.auto()
    PRIVATE_KEYS = enum.auto()
    ESCAPES = enum.auto()
    QUOTED = enum.auto()
    SHAPES = enum.auto()
    BASE64 = enum.auto()


#: How far before and after the end of what is reported a search has to look; the others need the whole text.
_REACH = {
    Search.CODES: (200, 120),
    Search.IBANS: (100, 100),
    Search.TRACKS: (60, 200),
    Search.KEYS: (400, 600),
    Search.PASSWORDS: (400, 600),
}

_ANY_CASE = hyperscan.HS_FLAG_CASELESS
# Two or more digits in base64, whatever their place in a triple, end on three of these letters.
_DIGITS_IN_BASE64 = "[DTjz][AEIMQUYcgk][w-z0-5]"
_BASE64 = "[A-Za-z0-9+/_-]"

_EXPRESSIONS: list[tuple[Search, str, int]] = [
    (
        Search.CARD_WORDS,
        "card|tarjeta|pan|account|visa|master|maestro|amex|express|diners|discover|jcb|union.?pay|mir|rupay|troy|uzcard|humo"
        "|cc|cr.{1,2}dit|d.{1,2}bit|cvv|plastic|track",
        _ANY_CASE,
    ),
    (
        Search.CODES,
        r"(cvv2?|cvc2?|cav2|cvn2?|cvd|cid|csc|(security|verification|validation)[ _.-]?(code|value|number)?|securitycode|seguridad"
        r"|validaci.{1,2}n|tarjeta|reverso)[^0-9A-Z\x80-\xff]{0,3}([^0-9]{0,40}[^0-9A-Z\x80-\xff])?[0-9]{3,4}([^0-9]|$)",
        _ANY_CASE,
    ),
    (Search.CODES, r"[0-9]{3}.{0,12}(cvv|cvc)", _ANY_CASE),
    (
        Search.IBANS,
        f"({'|'.join(LENGTHS)})[ -]?[0-9][ -]?[0-9]([ .-]|[\\x80-\\xff]{{2,3}}){{0,2}}[A-Z0-9]{{3,4}}"
        "(([ .-]|[\\x80-\\xff]{2,3}){0,2}[A-Z0-9]){8}",
        _ANY_CASE,
    ),
    (Search.TRACKS, r"[0-9]{4,19}(\^|[=D][0-9=])", 0),
    (
        Search.KEYS,
        r"(sk|rk)_(live|test)_|whsec_|(AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}|gh[pousr]_[0-9A-Za-z]{36}|github_pat_"
        r"|gl[a-z]{2,5}-[0-9A-Za-z_-]{20}|xox[abeoprs]-|xapp-|hooks\.slack\.com|/api/webhooks/|eyJ[0-9A-Za-z_-]{10,}\."
        r"|AIza|ya29\.|GOCSPX-|1//0[0-9A-Za-z_-]{40}|SG\.[0-9A-Za-z_-]{16}|SK[0-9a-f]{32}|key-[0-9a-f]{32}|npm_[0-9A-Za-z]{36}"
        r"|pypi-AgE|rubygems_|sk-[0-9A-Za-z_-]{32}|hf_[0-9A-Za-z]{30}|shp(at|ca|pa|ss)_|do[opr]_v1_|sq0[a-z]{3}-|EAAA"
        r"|APP_USR-|access_token\$|AQE[0-9A-Za-z+/=]{20}|NRAK-|lin_(api|oauth)_|(secret|ntn)_[0-9A-Za-z]{43}|ATATT3|dapi[0-9a-f]{32}"
        r"|dp\.[psc]t\.|PMAK-|hv[sb]\.[0-9A-Za-z_-]{24}|sntrys_|glsa_|tskey-|:AA[0-9A-Za-z_-]{32}|AccountKey=|AccessSignature=|[?&]sig=",
        0,
    ),
    (Search.KEYS, r"(bearer|basic|token|digest)\s+[0-9A-Za-z+/_.~-]{12}", _ANY_CASE),
    (
        Search.KEYS,
        r"(key|key.id|secret|token|credentials?|access|clave.api)[\"'\\\]]{0,3}\s{0,3}[:=][=>]?\s{0,3}[\"'\\]{0,3}[0-9A-Za-z+/_.~=-]{16}",
        _ANY_CASE,
    ),
    (Search.PASSWORDS, r"://[^\s/?#:@\"'<>]{0,80}:[^\s\"'<>@]{1,200}@", 0),
    (
        Search.PASSWORDS,
        r"[?&;]([a-z]{1,20}[_-])?(pass|pwd|contrasena|clave|token|api.?key|secret|auth|key|jwt|session|sid|signature|code_verifier|otp|pin)"
        r"[a-z]{0,6}=",
        _ANY_CASE,
    ),
    (
        Search.PASSWORDS,
        r"(pass(word|wd|phrase|code)?|pwd|contrase.{1,2}a|clave(.(de.)?acceso)?)[\"'\\\]]{0,3}\s{0,3}(:=|[:=])",
        _ANY_CASE,
    ),
    (Search.PRIVATE_KEYS, r"PRIVATE KEY( BLOCK)?-----", 0),
    (
        Search.ESCAPES,
        r"%[0-9A-Fa-f]{2}|&(#[0-9]|#[xX][0-9A-Fa-f]|[A-Za-z]{2,24};)|\\(u\{?[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\"/])",
        0,
    ),
    (
        Search.QUOTED,
        r"=\r?\n|(=3[0-9]){2}|[0-9][ -]?=(20|2[DEF]|C2=A0|E2=8[0-9]=[0-9A-F]{2})[ -]?[0-9=]|=3D[\"']?[0-9]|[0-9]=3[0-9][0-9=]"
        r"|=3D3D|=(22|20|27|3A)[0-9]{4}",
        _ANY_CASE,
    ),
    (
        Search.SHAPES,
        r"[0-9][\s-]{0,3}(<[^<>]{0,500}>[^0-9A-Za-z<]{0,8}){1,6}[0-9]|[0-9][ -]{0,2}\r?\n[ \t]*>"
        r"|(cvv2?|cvc2?|code|seguridad)[:\s]{0,3}(<[^<>]{0,100}>\s{0,4}){1,4}[0-9]{3}",
        _ANY_CASE,
    ),
    (Search.BASE64, "eyJ|ewog|eyAi|W3si|PD94|ZXlK|Y2Fy|Q2Fy|cGFu|UEFO|dGFy", 0),
    (
        Search.BASE64,
        f"{_DIGITS_IN_BASE64}({_BASE64}|\\s){{1,29}}{_DIGITS_IN_BASE64}({_BASE64}|\\s){{1,29}}{_DIGITS_IN_BASE64}",
        0,
    ),
]


@cache
def _database() -> "hyperscan.Database":
    database = hyperscan.Database()
    once = hyperscan.HS_FLAG_SINGLEMATCH
    database.compile(
        expressions=[expression.encode() for _, expression, _ in _EXPRESSIONS],
        ids=list(range(len(_EXPRESSIONS))),
        elements=len(_EXPRESSIONS),
        flags=[
            flags | hyperscan.HS_FLAG_DOTALL | (0 if search in _REACH else once) for search, _, flags in _EXPRESSIONS
        ],
    )
    return database


class _Scratch(threading.local):
    """Hyperscan's working memory, one for each thread."""

    def __init__(self) -> None:
        self.scratch = hyperscan.Scratch(_database())


@cache
def _scratch() -> _Scratch:
    return _Scratch()


class Needed:
    """What to look for in a text, and where."""

    def __init__(self, text: str) -> None:
        self._ends: dict[Search, list[int]] = {}
        self._size = len(text)
        data = text.encode("utf-8", "surrogatepass")
        _database().scan(data, match_event_handler=self._note, scratch=_scratch().scratch)
        if len(data) != len(text):
            self._ends = {search: _characters(data, ends) for search, ends in self._ends.items()}

    def _note(self, which: int, _start: int, end: int, _flags: int, _context: object) -> None:
        self._ends.setdefault(_EXPRESSIONS[which][0], []).append(end)

    def __contains__(self, search: Search) -> bool:
        return search in self._ends

    def spans(self, search: Search) -> Iterator[tuple[int, int]]:
        """The stretches of the text in which to look."""
        before, after = _REACH[search]
        start = end = -1
        for place in sorted(self._ends.get(search, ())):
            if place - before > end:
                if end > 0:
                    yield start, end
                start = max(0, place - before)
            end = min(place + after, self._size)
        if end > 0:
            yield start, end


def _characters(data: bytes, ends: list[int]) -> list[int]:
    """Places in characters for places in bytes."""
    answer: list[int] = []
    done, count = 0, 0
    for end in sorted(ends):
        count += len(data[done:end].decode("utf-8", "ignore"))
        done = end
        answer.append(count)
    return answer
