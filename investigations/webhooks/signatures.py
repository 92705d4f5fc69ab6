"""Whether a webhook's signature is right, and if not, which part of it is wrong. Pure functions.

The schemes are those of https://docs.stripe.com/webhooks (t=…,v1=… over "t.body"), of
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries (sha256=… over the body),
and HMAC-SHA256 over the body in hex or base64 in a named header.
"""

import binascii
import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from investigations.models import Scheme, Verdict

HEADERS = {Scheme.STRIPE: "Stripe-Signature", Scheme.GITHUB: "X-Hub-Signature-256"}
"""The header of a scheme where none is named."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Signing:
    """How the sender should sign. `tolerance`: seconds that the time of the scheme may differ from ours."""

    scheme: Scheme
    secret: str
    header: str = ""
    tolerance: int = 300


def check(signing: Signing, headers: Mapping[str, str], body: bytes, now: float) -> Verdict:
    """Return what the signature of `body`, as it came, is worth at `now` (seconds since 1970).

    `headers` are found in lower case.
    """
    if signing.scheme == Scheme.NONE or not signing.secret:
        return Verdict.UNCHECKED
    name = signing.header or HEADERS.get(signing.scheme, "")
    said = headers.get(name.lower(), "").strip()
    if not said:
        return Verdict.NO_HEADER
    time, given = _read(signing.scheme, said)
    if not given:
        return Verdict.MALFORMED
    secret = signing.secret.encode()
    if _is_of(given, secret, _signed(time, body)):
        late = time and abs(now - int(time)) > signing.tolerance
        return Verdict.OLD if late else Verdict.VALID
    if any(_is_of(given, secret, _signed(time, other)) for other in _rewritten(body)):
        return Verdict.BODY_CHANGED
    if any(_is_of(given, other, _signed(time, body)) for other in _in_other_forms(signing.secret)):
        return Verdict.OTHER_FORM
    if time and _is_of(given, secret, body):
        return Verdict.WITHOUT_TIME
    return Verdict.WRONG


def sign(signing: Signing, body: bytes, now: float) -> str:
    """Return what the header must say for `body`."""
    time = str(int(now)) if signing.scheme == Scheme.STRIPE else ""
    digest = hmac.digest(signing.secret.encode(), _signed(time, body), hashlib.sha256)
    match signing.scheme:
        case Scheme.STRIPE:
            return f"t={time},v1={digest.hex()}"
        case Scheme.GITHUB:
            return f"sha256={digest.hex()}"
        case Scheme.BASE64:
            return b64encode(digest).decode()
        case _:
            return digest.hex()


def _read(scheme: Scheme, said: str) -> tuple[str, list[bytes]]:
    """Return the time ("" where the scheme has none) and the signatures that the header holds."""
    match scheme:
        case Scheme.STRIPE:
            pairs = [part.strip().partition("=") for part in said.split(",")]
            times = [value for name, _eq, value in pairs if name == "t" and _TIME.fullmatch(value)]
            given = [bytes.fromhex(value) for name, _eq, value in pairs if name == "v1" and _HEX.fullmatch(value)]
            return (times[0], given) if times else ("", [])
        case Scheme.GITHUB:
            name, _eq, value = said.partition("=")
            return "", [bytes.fromhex(value)] if name == "sha256" and _HEX.fullmatch(value) else []
        case Scheme.BASE64:
            try:
                given = [b64decode(said, validate=True)]
            except (binascii.Error, ValueError):
                return "", []
            return "", [one for one in given if len(one) == 32]
        case _:
            return "", [bytes.fromhex(said)] if _HEX.fullmatch(said) else []


def _signed(time: str, body: bytes) -> bytes:
    return time.encode() + b"." + body if time else body


def _is_of(given: list[bytes], secret: bytes, signed: bytes) -> bool:
    expected = hmac.digest(secret, signed, hashlib.sha256)
    return any(hmac.compare_digest(one, expected) for one in given)


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
