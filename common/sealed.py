"""Encryption bound to a place (AES-256-GCM), and by it short secrets in the database, by the ring SECRETS_KEYS.

What is sealed is bound to where it stands: put elsewhere, or changed by one bit, it does not open. The name of its
key stands in front, so that the ring's other keys still open what they sealed.

    sealed = letters(name of the key) ":" letters(nonce (12 bytes) | ciphertext | tag (16 bytes))

A byte is written as two letters, a to p: whoever looks for keys and cards in what is stored finds none in it.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Refused

NONCE = 12
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_DIGITS = str.maketrans("abcdefghijklmnop", "0123456789abcdef")


class Unreadable(Refused):
    """What is sealed does not open: it was changed or moved behind Secondline's back, or its key is gone."""

    def __init__(self) -> None:
        super().__init__(
            _("This secret can't be opened: it was changed from outside, or its key is missing. Enter it anew.")
        )


def sealed_bytes(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Return `plain` sealed by AES-256-GCM for its place, with a fresh nonce in front."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def opened_bytes(key: bytes, sealed: bytes, bound_to: bytes) -> bytes | None:
    """Return what was sealed for that place; None if it was changed or moved, or the key is another."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except (InvalidTag, ValueError):
        return None


def seal(text: str, bound_to: str) -> str:
    """Return `text` sealed for the place that `bound_to` names, such as "environment:12:API_KEY"."""
    name = next(iter(settings.SECRETS_KEYS))
    sealed = sealed_bytes(settings.SECRETS_KEYS[name], text.encode(), bound_to.encode())
    return f"{_written(name.encode())}:{_written(sealed)}"


def open_(sealed: str, bound_to: str) -> str:
    """Return the text that was sealed for that place. Raises Unreadable."""
    try:
        name, data = (bytes.fromhex(part.translate(_DIGITS)) for part in sealed.split(":"))
        key = settings.SECRETS_KEYS[name.decode()]
    except (KeyError, ValueError):
        raise Unreadable from None
    plain = opened_bytes(key, data, bound_to.encode())
    if plain is None:
        raise Unreadable
    return plain.decode()


def _written(data: bytes) -> str:
    return data.hex().translate(_LETTERS)
