"""Short secrets in the database, encrypted: AES-256-GCM by the first key of the ring SECRETS_KEYS.

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


def seal(text: str, bound_to: str) -> str:
    """Return `text` sealed for the place that `bound_to` names, such as "environment:12:API_KEY"."""
    name = next(iter(settings.SECRETS_KEYS))
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(settings.SECRETS_KEYS[name]).encrypt(nonce, text.encode(), bound_to.encode())
    return f"{_written(name.encode())}:{_written(nonce + sealed)}"


def open_(sealed: str, bound_to: str) -> str:
    """Return the text that was sealed for that place. Raises Unreadable."""
    try:
        name, data = (bytes.fromhex(part.translate(_DIGITS)) for part in sealed.split(":"))
        key = settings.SECRETS_KEYS[name.decode()]
        plain = AESGCM(key).decrypt(data[:NONCE], data[NONCE:], bound_to.encode())
    except (InvalidTag, KeyError, ValueError):
        raise Unreadable from None
    return plain.decode()


def _written(data: bytes) -> str:
    return data.hex().translate(_LETTERS)
