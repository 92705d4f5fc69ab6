"""The address that a partner's mail is answered to: it carries the hand-over's number and a signature.

Whoever knows the address of one hand-over can't make that of another. Letters are lower case, since mail systems
may change them.
"""

import base64
import re
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "escalations.hand_over.reply"
_TOKEN = re.compile(r"([1-9][0-9]{0,17})-([a-z2-7]{26})")


class Forged(Exception):
    """An address of ours whose signature is not ours."""


def of(hand_over: int) -> str:
    """Return where the answer to this hand-over is mailed to; "" where no mail is taken in."""
    local, _at, domain = settings.MAIL_IN_ADDRESS.partition("@")
    if not domain:
        return ""
    return f"{local}+{hand_over}-{_signature(hand_over, settings.SECRET_KEY)}@{domain}"


def read(addresses: Iterable[str]) -> int | None:
    """Return the hand-over that one of these addresses belongs to, None if none is ours. Raises Forged."""
    local, _at, domain = settings.MAIL_IN_ADDRESS.lower().partition("@")
    for address in addresses:
        name, _at, at = address.strip().lower().rpartition("@")
        before, plus, token = name.partition("+")
        if at != domain or before != local or not plus or not domain:
            continue
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise Forged
        number = int(match[1])
        keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        if not any(constant_time_compare(match[2], _signature(number, key)) for key in keys):
            raise Forged
        return number
    return None


def _signature(number: int, key: str) -> str:
    digest = salted_hmac(_SALT, str(number), secret=key, algorithm="sha256").digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=").lower()
