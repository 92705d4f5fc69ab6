"""Whether a webhook's signature is right, and if not, which part of it is wrong; and signing one. Pure functions.

The schemes are those of https://docs.stripe.com/webhooks (t=…,v1=… over "t.body"), of
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries (sha256=… over the body), of
https://www.standardwebhooks.com, which Svix began (v1,… over "id.time.body", in three headers), of
https://docs.slack.dev/authentication/verifying-requests-from-slack (v0=… over "v0:time:body"), of
https://shopify.dev/docs/apps/build/webhooks/subscribe/https (base64 over the body),
and HMAC over the body in hex in a named header.
"""

import binascii
import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.errors import Refused
from investigations.models import Scheme, Verdict

HEADERS = {
    Scheme.STRIPE: "Stripe-Signature",
    Scheme.GITHUB: "X-Hub-Signature-256",
    Scheme.STANDARD: "Webhook-Signature",
    Scheme.SLACK: "X-Slack-Signature",
    Scheme.BASE64: "X-Shopify-Hmac-Sha256",
}
"""The header of a scheme where none is named; the others have no usual one."""

_SVIX = "Svix-Signature"
_SLACK_TIME = "X-Slack-Request-Timestamp"
_HASHES = {Scheme.SHA1: "sha1", Scheme.SHA512: "sha512"}
_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Signing:
    """How the sender should sign. `tolerance`: seconds that the time of the scheme may differ from ours."""

    scheme: Scheme
    secret: str
    header: str = ""
    tolerance: int = 300

    @property
    def name(self) -> str:
        """The header that holds the signature."""
        return self.header or HEADERS.get(self.scheme, "")

    @property
    def id_name(self) -> str:
        """The header that holds the message's id, where the scheme has one."""
        return f"{_stem(self.name)}-Id"

    @property
    def algorithm(self) -> str:
        """The hash, as hashlib calls it."""
        return _HASHES.get(self.scheme, "sha256")

    @property
    def key(self) -> bytes:
        """The secret as HMAC takes it: Standard Webhooks' is base64 behind whsec_."""
        if self.scheme == Scheme.STANDARD:
            try:
                return b64decode(self.secret.strip().removeprefix("whsec_"), validate=True)
            except (binascii.Error, ValueError):
                pass
        return self.secret.encode()

    @property
    def prefix(self) -> str:
        """What stands before a signature in hex; in X-Hub-Signature it is the hash, as WebSub has it."""
        if self.scheme == Scheme.SLACK:
            return "v0="
        is_named = self.scheme == Scheme.GITHUB or self.name.lower() == "x-hub-signature"
        return f"{self.algorithm}=" if is_named else ""


@dataclass(frozen=True)
class _Said:
    """What headers say: signatures, and the time and id that are signed with the body, "" where there are none."""

    given: list[bytes]
    time: str = ""
    identifier: str = ""


def judge(scheme: Scheme, header: str, field: str) -> None:
    """Raise Refused, naming the form's `field`, where no signature can be in that header."""
    if header and not _NAME.fullmatch(header):
        raise Refused(_("A header's name is of letters, digits and hyphens."), field=field)
    if scheme != Scheme.NONE and not header and scheme not in HEADERS:
        raise Refused(_("Name the header that holds the signature."), field=field)


def check(signing: Signing, headers: Mapping[str, str], body: bytes, now: float) -> Verdict:
    """Return what the signature of `body`, as it came, is worth at `now` (seconds since 1970).

    `headers` are found in lower case.
    """
    if signing.scheme == Scheme.NONE or not signing.secret:
        return Verdict.UNCHECKED
    name = signing.name
    if signing.scheme == Scheme.STANDARD and not signing.header and name.lower() not in headers:
        name = _SVIX
    text = headers.get(name.lower(), "").strip()
    if not text:
        return Verdict.NO_HEADER
    said = _read(signing, name.lower(), text, headers)
    if not said.given:
        return Verdict.MALFORMED
    if _is_of(signing, said, signing.key, body):
        late = said.time and abs(now - int(said.time)) > signing.tolerance
        return Verdict.OLD if late else Verdict.VALID
    if any(_is_of(signing, said, signing.key, other) for other in _rewritten(body)):
        return Verdict.BODY_CHANGED
    if any(_is_of(signing, said, other, body) for other in _in_other_forms(signing.secret)):
        return Verdict.OTHER_FORM
    if said.time and _is_of(signing, _Said(said.given), signing.key, body):
        return Verdict.WITHOUT_TIME
    return Verdict.WRONG


def sign(signing: Signing, body: bytes, now: float, *, identifier: str = "") -> dict[str, str]:
    """Return the headers that sign `body` at `now`; `identifier` is the message's id where the scheme has one."""
    timed = signing.scheme in {Scheme.STRIPE, Scheme.STANDARD, Scheme.SLACK}
    said = _Said([], str(int(now)) if timed else "", identifier)
    digest = hmac.digest(signing.key, _signed(signing.scheme, said, body), signing.algorithm)
    match signing.scheme:
        case Scheme.STRIPE:
            return {signing.name: f"t={said.time},v1={digest.hex()}"}
        case Scheme.STANDARD:
            stem = _stem(signing.name)
            signed = f"v1,{b64encode(digest).decode()}"
            return {signing.id_name: identifier, f"{stem}-Timestamp": said.time, signing.name: signed}
        case Scheme.SLACK:
            return {_SLACK_TIME: said.time, signing.name: signing.prefix + digest.hex()}
        case Scheme.BASE64:
            return {signing.name: b64encode(digest).decode()}
        case _:
            return {signing.name: signing.prefix + digest.hex()}


def _stem(name: str) -> str:
    """Return what the three headers of Standard Webhooks begin with: Webhook, Svix, or a sender's own."""
    return name[: -len("-signature")] if name.lower().endswith("-signature") else "Webhook"


def _read(signing: Signing, name: str, text: str, headers: Mapping[str, str]) -> _Said:
    """Return what the header and those beside it say; without signatures where they say it in another way."""
    match signing.scheme:
        case Scheme.STRIPE:
            pairs = [part.strip().partition("=") for part in text.split(",")]
            time = next((value for key, _eq, value in pairs if key == "t"), "")
            given = [one for key, _eq, value in pairs if key == "v1" for one in _hex(signing, value)]
            return _timed(given, time)
        case Scheme.STANDARD:
            pairs = [part.partition(",") for part in text.split()]
            given = [one for version, _comma, value in pairs if version == "v1" for one in _base64(value)]
            stem = _stem(name).lower()
            return _timed(given, headers.get(f"{stem}-timestamp", ""), headers.get(f"{stem}-id", ""))
        case Scheme.SLACK:
            return _timed(_prefixed(signing, text), headers.get(_SLACK_TIME.lower(), ""))
        case Scheme.BASE64:
            return _Said(_base64(text))
        case _:
            return _Said(_prefixed(signing, text))


def _timed(given: list[bytes], time: str, identifier: str = "") -> _Said:
    return _Said(given, time, identifier) if _TIME.fullmatch(time.strip()) else _Said([])


def _prefixed(signing: Signing, text: str) -> list[bytes]:
    return _hex(signing, text.removeprefix(signing.prefix)) if text.startswith(signing.prefix) else []


def _hex(signing: Signing, text: str) -> list[bytes]:
    is_one = _HEX.fullmatch(text) and len(text) == 2 * hashlib.new(signing.algorithm).digest_size
    return [bytes.fromhex(text)] if is_one else []


def _base64(text: str) -> list[bytes]:
    try:
        found = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return []
    return [found] if len(found) == 32 else []


def _signed(scheme: Scheme, said: _Said, body: bytes) -> bytes:
    """Return the bytes that are signed."""
    if not said.time:
        return body
    match scheme:
        case Scheme.STANDARD:
            return f"{said.identifier}.{said.time}.".encode() + body
        case Scheme.SLACK:
            return f"v0:{said.time}:".encode() + body
        case _:
            return f"{said.time}.".encode() + body


def _is_of(signing: Signing, said: _Said, key: bytes, body: bytes) -> bool:
    expected = hmac.digest(key, _signed(signing.scheme, said, body), signing.algorithm)
    return any(hmac.compare_digest(one, expected) for one in said.given)


def _rewritten(body: bytes) -> Iterator[bytes]:
    """Yield the ways in which something between may have written the same content."""
    yield body.strip()
    yield body + b"\n"
    yield body.replace(b"\r\n", b"\n")
    yield body.replace(b"\n", b"\r\n")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (False, True):
            for in_order in (False, True):
                yield json.dumps(
                    content, separators=separators, ensure_ascii=ascii_only, sort_keys=in_order
                ).encode("utf-8", "replace")
    for indent in (2, 4):
        yield json.dumps(content, indent=indent, ensure_ascii=False).encode("utf-8", "replace")


def _in_other_forms(secret: str) -> Iterator[bytes]:
    """Yield what a sender may have taken for the secret: without its prefix or spaces, or decoded."""
    bare = secret.strip()
    yield bare.encode()
    tail = bare.rpartition("_")[2]
    yield tail.encode()
    for text in (bare, tail):
        for decode in (bytes.fromhex, lambda value: b64decode(value, validate=True)):
            try:
                yield decode(text)
            except (binascii.Error, ValueError):
                continue
