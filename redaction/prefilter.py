"""One fast pass that tells which searches a text needs: most texts need none.

Hyperscan reads a text once for all expressions together, at gigabytes a second. Each expression takes in all that
its search could find, and more: a text without it is spared the search.
"""

import enum
import threading
from functools import cache

import hyperscan


class Search(enum.Flag):
    """What a text may hold."""

    NOTHING = 0
    CODES = enum.auto()
    IBANS = enum.auto()
    TRACKS = enum.auto()
    MESSAGES = enum.auto()
    KEYS = enum.auto()
    PASSWORDS = enum.auto()
    PRIVATE_KEYS = enum.auto()
    ESCAPES = enum.auto()
    QUOTED = enum.auto()
    SHAPES = enum.auto()
    BASE64 = enum.auto()


_ANY_CASE = hyperscan.HS_FLAG_CASELESS
# Two or more digits in base64, whatever their place in a triple, end on three of these letters.
_DIGITS_IN_BASE64 = "[DTjz][AEIMQUYcgk][w-z0-5]"
_BASE64 = "[A-Za-z0-9+/_-]"

_EXPRESSIONS: list[tuple[Search, str, int]] = [
    (
        Search.CODES,
        r"(cvv2?|cvc2?|cav2|cvn2?|cvd|cid|csc|security|verification|validation|seguridad|validaci|reverso|d.gitos)[^0-9]{0,60}[0-9]{3}",
        _ANY_CASE,
    ),
    (Search.CODES, r"[0-9]{3}.{0,12}(cvv|cvc)", _ANY_CASE),
    (Search.IBANS, r"[A-Z]{2}[ -]?[0-9][ -]?[0-9]([ -.]{0,2}[A-Z0-9]){11}", _ANY_CASE),
    (Search.IBANS, r"[A-Z]{2}[0-9]{2}[\x80-\xff]{1,3}[A-Z0-9]{4}", _ANY_CASE),
    (Search.TRACKS, r"[0-9]{4,19}(\^|[=D][0-9=])", 0),
    (Search.MESSAGES, r"0[1-8][0-9]{2}[4-7C-F][0-9A-F]{15}", 0),
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
    (Search.QUOTED, r"=(\r?\n|3[0-9]|20|2[DEFdef]|C2=|E[0-9a-f]=|3D|3A|22)", 0),
    (Search.SHAPES, r"<[A-Za-z/!][^<>]{0,500}>|\]\]>|\n[ \t]*>", 0),
    (
        Search.BASE64,
        r"eyJ[A-Za-z0-9+/_-]{16}|([a-z][A-Za-z+/]{0,7}[A-Z][A-Za-z+/]{0,7}[0-9][A-Za-z0-9+/]{0,7}){3}",
        0,
    ),
    (
        Search.BASE64,
        f"{_DIGITS_IN_BASE64}({_BASE64}|\\s){{1,29}}{_DIGITS_IN_BASE64}({_BASE64}|\\s){{1,29}}{_DIGITS_IN_BASE64}",
        0,
    ),
]


@cache
def _database() -> "hyperscan.Database":
    database = hyperscan.Database()
    database.compile(
        expressions=[expression.encode() for _, expression, _ in _EXPRESSIONS],
        ids=list(range(len(_EXPRESSIONS))),
        elements=len(_EXPRESSIONS),
        flags=[flags | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL for _, _, flags in _EXPRESSIONS],
    )
    return database


class _Scratch(threading.local):
    """Hyperscan's working memory, one for each thread."""

    def __init__(self) -> None:
        self.scratch = hyperscan.Scratch(_database())


@cache
def _scratch() -> _Scratch:
    return _Scratch()


def searches(text: str) -> Search:
    """What to look for in `text`."""
    found = [Search.NOTHING]

    def note(which: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        found.append(_EXPRESSIONS[which][0])

    _database().scan(text.encode("utf-8", "surrogatepass"), match_event_handler=note, scratch=_scratch().scratch)
    answer = Search.NOTHING
    for search in found:
        answer |= search
    return answer
