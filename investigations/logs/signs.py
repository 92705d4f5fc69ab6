"""What a message says, in a sentence: codes and faults that everybody in payments meets in logs.

A sign is looked for in one message of each template, and in all messages for its values: so what is said of a
template holds for its lines. Codes count only where something beside them says what they are, since "51" alone may
be anything. Sources: HTTP by RFC 9110; ISO 8583 field 39 by its edition of 1987 and what schemes publish;
ISO 20022 external status reason codes; decline and merchant advice codes by what schemes and acquirers publish.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from investigations.logs.codes import ADVICE, DECLINES, HTTP, ISO_8583, ISO_20022


class Sign(NamedTuple):
    """`kind` says what was recognised, `code` which of them, `bad` that it tells of a failure."""

    kind: str
    code: str
    bad: bool


class _Fault(NamedTuple):
    code: str
    pattern: re.Pattern[str]
    sentence: "str | Promise"


def _fault(code: str, pattern: str, sentence: "str | Promise") -> _Fault:
    return _Fault(code, re.compile(pattern, re.IGNORECASE), sentence)


#: Faults by what libraries of all kinds write of them.
FAULTS = (
    _fault(
        "webhook_signature",
        r"(?:signature|hmac|digest)\W+(?:\w+\W+){0,6}?(?:mismatch|invalid|does not match|doesn't match|failed|"
        r"not valid|verification|wrong|bad)|(?:invalid|bad|wrong|no|missing|unverified)\W+(?:\w+\W+){0,3}?"
        r"(?:signature|hmac)|no signatures found matching|SignatureVerificationError",
        gettext_lazy(
            "A webhook's signature was refused: another secret, a body changed on its way, or a clock that is off."
        ),
    ),
    _fault(
        "tls_expired",
        r"certificate (?:has |is )?expired|CERT_HAS_EXPIRED|certificate_expired|NotAfter",
        gettext_lazy("A certificate has expired: the other side must renew it."),
    ),
    _fault(
        "tls_name",
        r"hostname mismatch|ERR_TLS_CERT_ALTNAME|No subject alternative|doesn't match .{0,40}certificate|"
        r"certificate is valid for .{1,80} not ",
        gettext_lazy("A certificate is for another name than the one that was called."),
    ),
    _fault(
        "tls_untrusted",
        r"self.signed certificate|unable to (?:get|find) (?:local )?(?:issuer|valid certification)|unknown ?ca\b|"
        r"PKIX path|certificate signed by unknown authority|UNABLE_TO_VERIFY|CERTIFICATE_VERIFY_FAILED",
        gettext_lazy("A certificate is not trusted: the chain is not complete, or its issuer is not known here."),
    ),
    _fault(
        "tls_handshake",
        r"handshake(?:_| )?(?:fail|error|alert|exception)|SSLHandshakeException|SSLError|tlsv?1? alert|"
        r"wrong version number|no shared cipher|protocol version|EPROTO\b|ssl routines",
        gettext_lazy("No TLS connection came about: version, cipher or certificate do not suit both sides."),
    ),
    _fault(
        "dns",
        r"ENOTFOUND|EAI_AGAIN|NXDOMAIN|UnknownHost|Name or service not known|getaddrinfo|could ?n[o']t resolve|"
        r"no such host|SERVFAIL|Temporary failure in name resolution|Name resolution|nodename nor servname",
        gettext_lazy("A name was not found in DNS: it is misspelt, gone, or the resolver did not answer."),
    ),
    _fault(
        "timeout_connect",
        r"connect(?:ion)?\W+(?:\w+\W+){0,3}?timed? ?-?out|ETIMEDOUT|ConnectTimeout|connect timeout",
        gettext_lazy("No connection came about in time: a firewall, a route, or a machine that is down."),
    ),
    _fault(
        "timeout",
        r"timed? ?-?out(?!\W*[:=]?\W*\d)|time ?out (?:after|exceeded|waiting|reached|expired|occurred)|"
        r"deadline exceeded|TimeoutException|ReadTimeout|ESOCKETTIMEDOUT|lock wait timeout",
        gettext_lazy(
            "The other side did not answer in time. Whether it did what was asked is not known: look it up first."
        ),
    ),
    _fault(
        "refused",
        r"ECONNREFUSED|connection refused|actively refused",
        gettext_lazy("Nobody listens at that address: the service is down, or the port is another."),
    ),
    _fault(
        "reset",
        r"ECONNRESET|connection reset|broken pipe|EPIPE\b|unexpected EOF|socket hang ?up|premature end",
        gettext_lazy("The connection broke off while it was used."),
    ),
)

_LABEL = r"[\"']?\s*[:=]+>?\s*[\"']?|\s+"
_HTTP = re.compile(
    r"\bHTTP/\d(?:\.\d)?[\"']?\s+(?P<a>[1-5]\d\d)\b|"
    rf"\b(?:http[_. -]?)?status(?:[_. -]?code)?(?:{_LABEL})(?P<b>[1-5]\d\d)(?![\d.])|"
    r"\b(?:returned|responded|answered|response|got|HTTP|with(?: status)?(?: code)?|error)(?: an?| with)?[ :]+"
    r"(?:HTTP )?(?P<c>[45]\d\d)\b(?! ?(?:ms|bytes|seconds|s)\b)",
    re.IGNORECASE,
)
_ISO_8583 = re.compile(
    r"\b(?:(?:iso_?)?resp(?:onse|_?)[_ -]?code|respCode|rc|rsp_?code|action[_ -]?code|"
    r"auth[_ -]?resp(?:onse)?(?:[_ -]code)?|(?:DE|F|field|bit|P)[_ -]?0?39|"
    rf"decline[_ -]?code|host[_ -]code|network[_ -](?:decline|response)[_ -]code)(?:{_LABEL})"
    r"(?P<code>[0-9A-Z][0-9A-Z])\b",
    re.IGNORECASE,
)
_ISO_20022 = re.compile(r"(?<![\w.-])(?:[A-Z]{4}|[A-Z]{2}\d\d)(?![\w.-])")
_ISO_20022_BESIDE = re.compile(
    r"pacs\.|pain\.|camt\.|reason|Rsn|status|reject|return|sepa|iso ?20022|RJCT|sct|credit transfer|debit|Cd>",
    re.IGNORECASE,
)
_DECLINE = re.compile(
    rf"\b(?:decline[_ -]?(?:code|reason)|failure[_ -]code|refusal[_ -]?reason|outcome|reason|error[_ -]?code|code)"
    rf"(?:{_LABEL})(?P<code>[a-z]+(?:_[a-z]+)+)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    rf"\b(?:merchant[_ -]?advice(?:[_ -]code)?|MAC)(?:{_LABEL})(?P<code>0[1-9]|[234]\d)\b", re.IGNORECASE
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

#: What a message must hold for any sign to be in it: nearly all do not, and need not be searched.
_MAYBE = re.compile(
    r"signature|hmac|digest|certificate|CERT_|NotAfter|hostname|ALTNAME|subject alternative|self.signed|"
    r"unable to|unknown|PKIX|UNABLE|handshake|ssl|tls|cipher|protocol|EPROTO|ENOTFOUND|EAI_|NXDOMAIN|resolv|"
    r"getaddrinfo|service not known|no such host|SERVFAIL|resolution|nodename|time|ETIMEDOUT|deadline|refused|"
    r"ECONN|reset|pipe|EOF|hang ?up|premature|HTTP|status|return|respon|answer|got|with|error|resp|rc\b|code|"
    r"action|auth|39|decline|reason|RJCT|pacs|pain|camt|advice|MAC|outcome|refusal|failure",
    re.IGNORECASE,
)


def found_in(message: str) -> list[Sign]:
    """Return what is recognised in a message, each once, failures first."""
    if not _MAYBE.search(message):
        return []
    found = dict.fromkeys(sign for search in _SEARCHES for sign in search(message))
    return sorted(found, key=lambda sign: not sign.bad)


def found_again(message: str, known: Iterable[Sign]) -> list[Sign]:
    """Return what is recognised in another message of the same shape as one in which `known` was."""
    found = [sign for sign in known if sign.kind == "fault"]
    searches = dict.fromkeys(_SEARCH_OF[sign.kind] for sign in known if sign.kind != "fault")
    return list(dict.fromkeys([*found, *(sign for search in searches for sign in search(message))]))


def _faults(message: str) -> Iterator[Sign]:
    seen: set[str] = set()
    for fault in FAULTS:
        family = fault.code.partition("_")[0]
        if family not in seen and fault.pattern.search(message):
            seen.add(family)
            yield Sign("fault", fault.code, bad=True)


def _http(message: str) -> Iterator[Sign]:
    for match in _HTTP.finditer(message):
        code = match["a"] or match["b"] or match["c"]
        if int(code) in HTTP or int(code) in {status.value for status in HTTPStatus}:
            yield Sign("http", code, bad=code >= "400")


def _iso_8583(message: str) -> Iterator[Sign]:
    for match in _ISO_8583.finditer(message):
        if (code := match["code"].upper()) in ISO_8583:
            yield Sign("iso8583", code, bad=code not in {"00", "08", "10", "11", "16", "85"})


def _iso_20022(message: str) -> Iterator[Sign]:
    for match in _ISO_20022.finditer(message):
        if match[0] in ISO_20022 and _ISO_20022_BESIDE.search(message):
            yield Sign("iso20022", match[0], bad=True)


def _declines(message: str) -> Iterator[Sign]:
    for match in _DECLINE.finditer(message):
        if (code := match["code"].lower().strip().replace(" ", "_")) in DECLINES:
            yield Sign("decline", code, bad=True)
    for match in _ADVICE.finditer(message):
        if match["code"] in ADVICE:
            yield Sign("advice", match["code"], bad=True)


_SEARCH_OF: dict[str, Callable[[str], Iterator[Sign]]] = {
    "fault": _faults, "http": _http, "iso8583": _iso_8583, "iso20022": _iso_20022, "decline": _declines,
    "advice": _declines,
}  # fmt: skip
_SEARCHES = tuple(dict.fromkeys(_SEARCH_OF.values()))


def sentence(kind: str, code: str) -> str:
    """Return what a sign means, in a sentence of the reader's language."""
    if kind == "fault":
        return str(next((fault.sentence for fault in FAULTS if fault.code == code), ""))
    if kind == "http":
        text = HTTP.get(int(code))
        phrase = next((status.phrase for status in HTTPStatus if status.value == int(code)), "")
        return f"HTTP {code} {phrase}: {text}" if text else f"HTTP {code} {phrase}"
    names = {
        "iso8583": (_("Response code %s (ISO 8583)"), ISO_8583),
        "iso20022": (_("Reason %s (ISO 20022)"), ISO_20022),
        "decline": (_("Decline “%s”"), DECLINES),
        "advice": (_("Merchant advice code %s"), ADVICE),
    }
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
