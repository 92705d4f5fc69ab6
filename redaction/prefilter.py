"""One fast pass that tells which searches a text needs: most texts need none.

Hyperscan reads a text once for all expressions together, at gigabytes a second. Each expression takes in all that
its search could find, and more: a text without it is spared the search.
"""

import enum
import threading
from functools import cache

import hyperscan
import numpy as np
from numpy.typing import NDArray

from redaction.ibans import LENGTHS


class Search(enum.IntEnum):
    """What a text may hold."""

    BLOCKS = enum.auto()
    GROUPS = enum.auto()
    SPREAD = enum.auto()
    OTHER_DIGITS = enum.auto()
    MESSAGES = enum.auto()
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
    Search.BLOCKS: (15, 24),
    Search.GROUPS: (80, 60),
    Search.CODES: (200, 120),
    Search.IBANS: (40, 0),
    Search.TRACKS: (60, 200),
    Search.KEYS: (400, 600),
    Search.PASSWORDS: (400, 600),
}

_ANY_CASE = hyperscan.HS_FLAG_CASELESS
# Two or more digits in base64, whatever their place in a triple, end on three of these letters.
_DIGITS_IN_BASE64 = "[DTjz][AEIMQUYcgk][w-z0-5]"
_BASE64 = "[A-Za-z0-9+/_-]"
_SIGN = "[^0-9A-Za-z\\n]"  # on one line, since many lines begin with a date
# What numbers in `schemes.STRENGTHS` begin with.
_PREFIX = "([3-6][0-9]{3}|2[2-7][0-9]{2}|2131|1800|0604|8[0126][0-9]{2}|9792|9860|9704)"

_EXPRESSIONS: list[tuple[Search, str, int]] = [
    (Search.BLOCKS, f"(^|[^0-9-]|(^|[^_])-)(1[2-9])?{_PREFIX}[0-9]{{8}}", 0),
    (Search.GROUPS, f"(^|[^0-9]){_PREFIX}[^0-9A-Za-z]([^0-9A-Za-z]{{0,12}}[0-9]){{8}}", 0),
    (Search.GROUPS, f"(^|[^0-9]){_PREFIX}[0-9]{{1,7}}{_SIGN}({_SIGN}{{0,12}}[0-9]){{4}}", 0),
    (Search.SPREAD, "([0-9][^0-9A-Za-z]{1,6}){11}", 0),
    (Search.GROUPS, f"(^|[^0-9])([3-6][0-9]|2[2-7]|8[0126]|9[78])({_SIGN}{{1,6}}[0-9]{{2}}){{5}}", 0),
    (
        Search.GROUPS,
        f"(^|[^0-9])([3-6][0-9]{{2}}|2[2-7][0-9]|8[0126][0-9]|979|986)({_SIGN}{{1,6}}[0-9]{{3}}){{3}}",
        0,
    ),
    # Digits of other scripts, and what cannot be seen.
    (
        Search.OTHER_DIGITS,
        r"\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9]|\xdf[\x80-\x89]|\xe0[\xa5-\xbf][\x80-\xbf]|\xe1[\x81-\xb1][\x80-\xbf]|\xef\xbc[\x90-\x99]"
        r"|\xf0[\x90-\x9f][\x80-\xbf]{2}|\xc2[\xad\xb2\xb3\xb9]|\xe2\x81|\xe2\x82[\x80-\x89]|\xe2[\x91\x92\x93\x9d\x9e]|\xe2\x83"
        r"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xef\xbb\xbf|\xef\xb8[\x80-\x8f]|\xd8\x9c|\xcd[\x8f\xa0-\xaf]|\xcc|\xea[\x98-\xaf]|\xe3\x85\xa4"
        r"|\xef\xbe\xa0|\xe1\x85|\xe1\xa0\x8e",
        0,
    ),
    (Search.MESSAGES, "(^|[^0-9A-Za-z])0[1-8][0-9]0[4-7C-F][0-9A-F]{15}", 0),
    (
        Search.CARD_WORDS,
        "card|tarjeta|(^|[^a-z])(pan|mir|ccn?)[^a-z]|primary.?account|visa|master|maestro|amex|express|diners|discover|jcb"
        "|union.?pay|rupay|troy|uzcard|humo|cr(e|\\xc3.)dit|d(e|\\xc3.)bit|cvv|cvc|plastic|track.?[12]",
        _ANY_CASE,
    ),
    (
        Search.CODES,
        r"(cvv2?|cvc2?|cav2|cvn2?|cvd|cid|csc|(security|verification|validation)[ _.-]?(code|value|number)?"
        r"|securitycode|seguridad|validaci.{1,2}n|tarjeta|reverso|d(i|\xc3.)gitos|digits?)"
        r"[^0-9A-Z\x80-\xff]{0,3}([^0-9]{0,40}[^0-9A-Z\x80-\xff])?[0-9]{3,4}([^0-9]|$)",
        _ANY_CASE,
    ),
    (Search.CODES, r"[0-9]{3}.{0,12}(cvv|cvc)", _ANY_CASE),
    (
        Search.IBANS,
        f"(^|[^0-9A-Z-]|(^|[^0-9A-Z])-|iban)({'|'.join(LENGTHS)})[0-9]{{2}}"
        "([ .-]|[\\x80-\\xff]{2,3}){0,2}[A-Z0-9]{4}([ .-]|[\\x80-\\xff]{2,3}){0,2}[A-Z0-9]{3}",
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
    (Search.PRIVATE_KEYS, r"PRIVATE KEY( BLOCK)? ?----", 0),
    (
        Search.ESCAPES,
        r"%(u[0-9A-Fa-f]{2})?[0-9A-Fa-f]{2}|&(#[0-9]|#[xX][0-9A-Fa-f]|[A-Za-z]{2,24};)|\\(u\{?[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\"/])",
        0,
    ),
    (
        Search.QUOTED,
        r"=\r?\n|(=3[0-9]){2}|[0-9][ -]?=(20|2[DEF]|C2=A0|E2=8[0-9]=[0-9A-F]{2})[ -]?[0-9=]"
        r"|=3D[\"']?[0-9]|[0-9]=3[0-9][0-9=]|=3D3D|=(22|20|27|3A)([0-9]{12}|[0-9]{4}[ -][0-9]{4})",
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
            flags | hyperscan.HS_FLAG_DOTALL | (0 if search in _REACH else once)
            for search, _, flags in _EXPRESSIONS
        ],
    )
    return database


_SEARCHES = np.array([search for search, _, _ in _EXPRESSIONS])
_PLACE = 40  # bits of a place in a text


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
        hits: list[int] = []
        data = text.encode("utf-8", "surrogatepass")
        _database().scan(
            data,
            match_event_handler=lambda which, _start, end, _flags, _context: hits.append(which << _PLACE | end),
            scratch=_scratch().scratch,
        )
        self._size = len(text)
        self._ends: dict[Search, NDArray[np.int64]] = {}
        found = np.array(hits, dtype=np.int64)
        searches = _SEARCHES[found >> _PLACE]
        for search in np.unique(searches).tolist():
            self._ends[Search(search)] = found[searches == search] & (1 << _PLACE) - 1
        if len(data) != len(text):
            begins = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
            characters = np.concatenate(([0], np.cumsum(begins)))
            self._ends = {search: characters[places] for search, places in self._ends.items()}

    def __contains__(self, search: Search) -> bool:
        return search in self._ends

    def spans(self, *searches: Search) -> NDArray[np.int64]:
        """The stretches of the text in which to look, in order and apart from each other: starts and ends."""
        bounds = [
            self._ends[search][:, None] + np.array([[-_REACH[search][0], _REACH[search][1]]])
            for search in searches
            if search in self._ends
        ]
        if not bounds:
            return np.empty((0, 2), dtype=np.int64)
        starts, ends = np.concatenate(bounds).clip(0, self._size).T
        order = np.argsort(starts)
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        apart = np.flatnonzero(starts[1:] > ends[:-1])
        firsts, lasts = np.append(0, apart + 1), np.append(apart, len(starts) - 1)
        return np.stack((starts[firsts], ends[lasts]), axis=1)
