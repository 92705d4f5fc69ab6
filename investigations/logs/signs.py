"""What a message says, in a sentence: codes and faults that everybody in payments meets in logs.

A sign is looked for in one message of each template, and in all messages for its values: so what is said of a
template holds for its lines. Codes count only where something beside them says what they are, since "51" alone may
be anything. Sources: HTTP by RFC 9110; ISO 8583 field 39 by its editions of 1987 and 1993 and what schemes
publish; ISO 20022 external codes of statuses and reasons; decline and merchant advice codes by what schemes and
acquirers publish.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from investigations.logs import card_codes, iso_20022
from investigations.logs.card_codes import ACTIONS, ISO_8583
from investigations.logs.codes import ADVICE, DECLINES, HTTP


class Sign(NamedTuple):
    """`kind` says what was recognised, `code` which of them, `bad` that it tells of a failure."""

    kind: str
    code: str
    bad: bool


class _Fault(NamedTuple):
    """`words`: every message that the pattern fits holds one of them. `beside` must be in the message, too."""

    code: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    sentence: "str | Promise"
    beside: re.Pattern[str]


def _fault(code: str, words: str, pattern: str, sentence: "str | Promise", beside: str = "") -> _Fault:
    return _Fault(
        code, tuple(words.split("|")), re.compile(pattern, re.IGNORECASE), sentence,
        re.compile(beside, re.IGNORECASE),
    )  # fmt: skip


_REFUSED = (
    r"(?:mismatch\w*|invalid|incorrect|(?:does|do|did)(?: not|n't) match|(?<!\b0 )fail(?:ed|ure|s)|not valid|"
    r"wrong|bad|reject\w*|refused|missing|unverified|(?:can ?not|can't|could not|couldn't) (?:be )?verif\w+)"
)

#: Faults by what libraries of all kinds write of them.
FAULTS = (
    _fault(
        "webhook_signature",
        "signature|hmac|digest",
        rf"\b(?:signatures?|hmac|digest)\W+(?:\w+\W+){{0,6}}?{_REFUSED}\b|"
        r"\b(?:invalid|incorrect|bad|wrong|missing|unverified|mismatched)\W+(?:\w+\W+){0,3}?(?:signature|hmac|digest)|"
        r"\bno (?:\w+ )?signatures? (?:found|header)|SignatureVerificationError",
        gettext_lazy(
            "A webhook's signature was refused: another secret, a body changed on its way, or a clock that is off."
        ),
        beside=r"\A(?!.*\b(?:JWT|JWS|SAML|id_?token)\b).*(?:hook|hmac|payload|callback|notification|"
        r"signature[_ -]?(?:header|VerificationError)|[a-z]+-signature\b|no signatures found)",
    ),
    _fault(
        "tls_expired",
        "certificate|cert_has_expired",
        r"certificate (?:has |is )?expired|CERT_HAS_EXPIRED|certificate_expired",
        gettext_lazy("A certificate has expired: the other side must renew it."),
    ),
    _fault(
        "tls_name",
        "hostname|altname|alternative|certificate",
        r"hostname mismatch|ERR_TLS_CERT_ALTNAME|No subject alternative|doesn't match .{0,40}certificate|"
        r"certificate is valid for .{1,80} not ",
        gettext_lazy("A certificate is for another name than the one that was called."),
    ),
    _fault(
        "tls_untrusted",
        "signed|unable|unknown|pkix|certificate",
        r"self.signed certificate|unable to (?:get|find) (?:local )?(?:issuer|valid certification)|unknown ?ca\b|"
        r"PKIX path|certificate signed by unknown authority|UNABLE_TO_VERIFY|CERTIFICATE_VERIFY_FAILED",
        gettext_lazy("A certificate is not trusted: the chain is not complete, or its issuer is not known here."),
    ),
    _fault(
        "tls_handshake",
        "handshake|ssl|tls|version|cipher|eproto",
        r"handshake(?:_| )?(?:fail|error|alert|exception)|SSLHandshakeException|SSLError|tlsv?1? alert|"
        r"wrong version number|no shared cipher|protocol version|EPROTO\b|ssl routines",
        gettext_lazy("No TLS connection came about: version, cipher or certificate do not suit both sides."),
    ),
    _fault(
        "dns",
        "enotfound|eai_again|nxdomain|unknownhost|name|getaddrinfo|resolv|no such host|servfail",
        r"ENOTFOUND|EAI_AGAIN|NXDOMAIN|UnknownHost|Name or service not known|getaddrinfo|could ?n[o']t resolve|"
        r"no such host|SERVFAIL|Temporary failure in name resolution|Name resolution|nodename nor servname",
        gettext_lazy("A name was not found in DNS: it is misspelt, gone, or the resolver did not answer."),
    ),
    _fault(
        "timeout_connect",
        "time",
        r"connect(?:ion)?\W+(?:\w+\W+){0,3}?timed? ?-?out|ETIMEDOUT|ConnectTimeout|connect timeout",
        gettext_lazy("No connection came about in time: a firewall, a route, or a machine that is down."),
    ),
    _fault(
        "timeout",
        "time|deadline exceeded",
        r"timed? ?-?out(?!\W*[:=]?\W*\d)|time ?out (?:after|exceeded|waiting|reached|expired|occurred)|"
        r"deadline exceeded|TimeoutException|ReadTimeout|ESOCKETTIMEDOUT|lock wait timeout",
        gettext_lazy(
            "The other side did not answer in time. Whether it did what was asked is not known: look it up first."
        ),
    ),
    _fault(
        "refused",
        "refused",
        r"ECONNREFUSED|connection refused|actively refused",
        gettext_lazy("Nobody listens at that address: the service is down, or the port is another."),
    ),
    _fault(
        "reset",
        "reset|pipe|unexpected eof|hang|premature",
        r"ECONNRESET|connection reset|broken pipe|EPIPE\b|unexpected EOF|socket hang ?up|premature end",
        gettext_lazy("The connection broke off while it was used."),
    ),
)

#: Behind a number: it counts something, and is no status. Things counted are many, so they end in s.
_COUNTED = (
    r"[.,]\d|[ -]?(?:%|[KMG]i?B\b|of\b|x\b|sec\b|min\b|(?:new|more|old|unique|matching|different|total) |"
    r"(?!(?:status|was|is|as|has|this|access|errors|always|across|unless|process|address|https)\b)(?-i:[a-z]*s)\b(?![=:(]))"
)
_LABEL = r"[\"']?\s*(?:[:=]+>?|>)\s*[\"']?|\s+"
_HTTP = re.compile(
    r"\bHTTP/\d(?:\.\d)?[\"']?\s+(?P<a>[1-5]\d\d)\b|"
    rf"\b(?:http[_. -]?)?status(?:[_. -]?code)?(?:{_LABEL})(?P<b>[1-5]\d\d)(?![\d.])|"
    r"\b(?:returned|responded|answered|response|got|HTTP|with(?: status)?(?: code)?|error)(?: an?| with)?[ :]+"
    rf"(?:HTTP )?(?P<c>[45]\d\d)\b(?!{_COUNTED})",
    re.IGNORECASE,
)
_ISO_8583 = re.compile(
    r"\b(?:(?P<sure>action[_ -]?code|(?:DE|F|field|bit|P)[_ -]?0?39)|(?P<short>rc)|"
    r"(?:iso_?)?resp(?:onse|_?)[_ -]?code|respCode|rsp_?code|auth[_ -]?resp(?:onse)?(?:[_ -]code)?|"
    rf"decline[_ -]?code|host[_ -]code|network[_ -](?:decline|response)[_ -]code)(?:{_LABEL})"
    r"(?P<code>[0-9A-Z][0-9A-Z]|\d{3})\b",
    re.IGNORECASE,
)
_ISO_20022 = re.compile(r"(?<![\w.-])(?:[A-Z]{4}|[A-Z]{2}\d\d)(?![\w.-])")
_BESIDE = "pacs.|pain.|camt.|reason|rsn|sts|status|reject|return|sepa|20022|rjct|sct|credit transfer|debit|cd>"
_ISO_20022_BESIDE = re.compile(
    "|".join(map(re.escape, _BESIDE.split("|"))) + r"|\bcode[\"']?\s*[:=]", re.IGNORECASE
)
_NAMED = "|".join(sorted((name.replace("_", "[_ -]?") for name in DECLINES), key=len, reverse=True))
_DECLINE = re.compile(
    rf"\b(?:decline[_ -]?(?:code|reason)|failure[_ -](?:code|reason)|refusal[_ -]?reason|outcome|reason|"
    rf"error[_ -]?code|code)(?:{_LABEL})(?P<code>{_NAMED})(?![A-Za-z_])",
    re.IGNORECASE,
)
_DECLINED = {re.sub("[_ -]", "", name): name for name in DECLINES}
#: What says it without a name in front.
_SAID = (
    ("insufficient_funds", r"\b(?:insufficient|not enough) (?:funds|balance|money)\b"),
    ("expired_card", r"\bexpired card\b|\bcard (?:has |is )?expired\b"),
    ("do_not_honor", r"\bdo not honou?r\b"),
)
_SAYS = re.compile("|".join(f"(?P<{code}>{pattern})" for code, pattern in _SAID), re.IGNORECASE)
_ADVICE = re.compile(
    rf"\b(?:merchant[_ -]?advice(?:[_ -]?code)?|MAC)(?:{_LABEL})(?P<code>0[1-9]|[234]\d)\b", re.IGNORECASE
)

_IDS = re.compile(
    r"\b(?P<name>(?:x-)?(?:request|req|correlation|trace|transaction|txn|tx|payment|order|charge|session|span|"
    r"idempotency|message|event|delivery)[_ -]?(?:id|key|ref(?:erence)?)?|rrn|arn|stan|uetr|end_?to_?end_?id|"
    r"msg_?id|instr_?id|psp_?reference)[\"']?\s*[:=]\s*[\"']?(?P<value>[A-Za-z0-9][\w.:/+-]{3,79})|"
    r"\b(?P<known>(?:req|pi|ch|txn|evt|re|py|cs|seti|pay|order|dlv|tr)[-_][A-Za-z0-9][\w-]{5,79})",
    re.IGNORECASE,
)
_NAMES = {
    "request": "request", "req": "request", "correlation": "correlation", "trace": "trace", "span": "trace",
    "transaction": "transaction", "txn": "transaction", "tx": "transaction", "payment": "transaction",
    "charge": "transaction", "rrn": "transaction", "arn": "transaction", "stan": "transaction",
    "uetr": "transaction", "order": "order", "session": "session", "idempotency": "request",
    "message": "message", "msg": "message", "event": "event", "evt": "event", "delivery": "delivery",
    "dlv": "delivery", "pi": "transaction", "ch": "transaction", "py": "transaction", "pay": "transaction",
    "re": "transaction", "tr": "transaction", "cs": "session", "seti": "transaction", "end": "transaction",
    "instr": "transaction", "psp": "transaction",
}  # fmt: skip


def found_in(message: str) -> list[Sign]:
    """Return what is recognised in a message, each once, failures first."""
    small = message.lower()
    found: dict[Sign, None] = {}
    for search, words in _SEARCHES.items():
        if _holds(small, words):
            found |= dict.fromkeys(search(message))
    return sorted(found, key=lambda sign: not sign.bad)


def _holds(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110  a generator takes twice the time
        if word in text:
            return True
    return False


def found_again(message: str, known: Iterable[Sign]) -> list[Sign]:
    """Return what is recognised in another message of the same shape as one in which `known` was."""
    found = [sign for sign in known if sign.kind == "fault"]
    searches = dict.fromkeys(_SEARCH_OF[sign.kind] for sign in known if sign.kind != "fault")
    return list(dict.fromkeys([*found, *(sign for search in searches for sign in search(message))]))


def _faults(message: str) -> Iterator[Sign]:
    seen: set[str] = set()
    small = message.lower()
    for fault in FAULTS:
        family = fault.code.partition("_")[0]
        if family in seen or not _holds(small, fault.words):
            continue
        if fault.pattern.search(message) and fault.beside.search(message):
            seen.add(family)
            yield Sign("fault", fault.code, bad=True)


def _http(message: str) -> Iterator[Sign]:
    for match in _HTTP.finditer(message):
        code = match["a"] or match["b"] or match["c"]
        if int(code) in HTTP or int(code) in {status.value for status in HTTPStatus}:
            yield Sign("http", code, bad=code >= "400")


def _iso_8583(message: str) -> Iterator[Sign]:
    for match in _ISO_8583.finditer(message):
        code = match["code"].upper()
        # Where the name does not say whose they are, 2xx and 4xx may be HTTP's, three digits of rc a program's.
        unsure = not match["sure"] and (match["short"] or code[0] in "24")
        if code in ISO_8583 or (code in ACTIONS and not unsure):
            yield Sign("iso8583", code, bad=code not in card_codes.GOOD)


def _iso_20022(message: str) -> Iterator[Sign]:
    for match in _ISO_20022.finditer(message):
        code = match[0]
        is_status = code in iso_20022.STATUSES
        if not is_status and code not in iso_20022.REASONS:
            continue
        if code in iso_20022.WORDS and message[: match.start()].rstrip("\"' ")[-1:] not in {"=", ":", ">"}:
            continue
        if _ISO_20022_BESIDE.search(message):
            yield Sign("iso20022", code, bad=not is_status or code in iso_20022.BAD)


def _declines(message: str) -> Iterator[Sign]:
    for match in _DECLINE.finditer(message):
        yield Sign("decline", _DECLINED[re.sub("[_ -]", "", match["code"].lower())], bad=True)
    for match in _SAYS.finditer(message):
        yield Sign("decline", str(match.lastgroup), bad=True)


def _advice(message: str) -> Iterator[Sign]:
    for match in _ADVICE.finditer(message):
        if match["code"] in ADVICE:
            yield Sign("advice", match["code"], bad=True)


_SEARCH_OF: dict[str, Callable[[str], Iterator[Sign]]] = {
    "fault": _faults, "http": _http, "iso8583": _iso_8583, "iso20022": _iso_20022, "decline": _declines,
    "advice": _advice,
}  # fmt: skip
#: Each search with words of which a message must hold one (in small letters) for anything to be found: nearly none
#: does, and need not be searched.
_SEARCHES: dict[Callable[[str], Iterator[Sign]], tuple[str, ...]] = {
    _faults: tuple(dict.fromkeys(word for fault in FAULTS for word in fault.words)),
    _http: ("http", "status", "return", "respon", "answer", "got", "with", "error"),
    _iso_8583: ("code", "resp", "rc", "39"),
    _iso_20022: (*_BESIDE.split("|"), "code"),
    _declines: ("code", "reason", "outcome", "funds", "balance", "money", "expired", "honor", "honour"),
    _advice: ("advice", "mac"),
}


def sentence(kind: str, code: str) -> str:
    """Return what a sign means, in a sentence of the reader's language."""
    if kind == "fault":
        return str(next((fault.sentence for fault in FAULTS if fault.code == code), ""))
    if kind == "http":
        text = HTTP.get(int(code))
        phrase = next((status.phrase for status in HTTPStatus if status.value == int(code)), "")
        return f"HTTP {code} {phrase}: {text}" if text else f"HTTP {code} {phrase}"
    names = {
        "iso8583": (_("Response code %s (ISO 8583)"), ISO_8583 if len(code) < 3 else ACTIONS),
        "iso20022": (_("Reason %s (ISO 20022)"), iso_20022.REASONS),
        "decline": (_("Decline “%s”"), DECLINES),
        "advice": (_("Merchant advice code %s"), ADVICE),
    }
    if code in iso_20022.STATUSES:
        names["iso20022"] = (_("Status %s (ISO 20022)"), iso_20022.STATUSES)
    if kind not in names or code not in names[kind][1]:
        return ""
    label, table = names[kind]
    return f"{label % code}: {table[code]}"


def ids_in(message: str) -> list[tuple[str, str]]:
    """Return the ids in a message as (what of, id): request, correlation, trace, transaction, order, …"""
    found: dict[tuple[str, str], None] = {}
    for match in _IDS.finditer(message):
        name, value = match["name"], match["value"] or match["known"]
        stem = re.split(r"[_ -]", (name or value).lower().removeprefix("x-"))[0]
        stem = re.sub(r"(?:id|key|ref)\Z", "", stem) or stem
        if (
            name
            and not re.search(r"id|key|ref|rrn|arn|stan|uetr", name, re.IGNORECASE)
            and not re.search(r"\d", value)
        ):
            continue
        found[_NAMES.get(stem, "other"), value.rstrip(".:/")] = None
    return list(found)
