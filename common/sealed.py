"""Short secrets in the database, encrypted: AES-256-GCM by the first key of the ring SECRETS_KEYS.

What is sealed is bound to where it stands: put elsewhere, or changed by one bit, it does not open. The name of its
key stands in front, so that the ring's other keys still open what they sealed.

    sealed = name of the key ":" base64url(nonce (12 bytes) | ciphertext | tag (16 bytes))
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Refused

NONCE = 12


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
    return f"{name}:{urlsafe_b64encode(nonce + sealed).decode()}"


def open_(sealed: str, bound_to: str) -> str:
    """Return the text that was sealed for that place. Raises Unreadable."""
    name, _colon, content = sealed.rpartition(":")
    if name not in settings.SECRETS_KEYS:
        raise Unreadable
    try:
        data = urlsafe_b64decode(content)
        plain = AESGCM(settings.SECRETS_KEYS[name]).decrypt(data[:NONCE], data[NONCE:], bound_to.encode())
    except (InvalidTag, ValueError):
        raise Unreadable from None
    return plain.decode()
