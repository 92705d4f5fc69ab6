"""Taking an environment's secrets out of what an answer repeats, in whatever usual spelling it does."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from functools import partial
from html import escape

from investigations.console.environments import SHORTEST_SECRET


def without(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text with {{NAME}} in place of each secret, as it is, in JSON, HTML, an address, or base64."""
    for name, secret in sorted(secrets.items(), key=lambda pair: -len(pair[1])):
        if len(secret) >= SHORTEST_SECRET:  # a shorter one, entered before, would be found everywhere
            text = _anyhow(secret).sub(partial(_put, "{{" + name + "}}"), text)
    return text


def _put(what: str, _found: re.Match[str]) -> str:
    return what


def _anyhow(secret: str) -> re.Pattern[str]:
    """Return what finds a secret. Whoever writes it may escape one letter of it and leave the next as it is."""
    packed = {encode(secret.encode()).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode)}
    escaped = ["".join(map(_letter, form)) for form in (secret, *sorted(packed))]
    return re.compile("|".join([re.escape(secret), re.escape(escape(secret)), *escaped]))


def _letter(letter: str) -> str:
    """Return what finds a letter, escaped or not; taken as it is found, so that no text makes this slow."""
    if letter.isascii() and letter.isalnum():  # which nobody escapes
        return letter
    octets = "".join(f"%{octet:02x}" for octet in letter.encode())
    units = letter.encode("utf-16-be").hex()
    numbers = "".join(rf"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    ways = [
        f"(?i:{octets}|{numbers}|&\\#0*{ord(letter)};|&\\#x0*{ord(letter):x};)",
        *{re.escape(escape(letter)), re.escape(json.dumps(letter)[1:-1])} - {re.escape(letter)},
        re.escape(letter),
    ]
    if letter in "/'":
        ways.insert(0, rf"\\{letter}")
    if letter == " ":
        ways.append(r"\+")
    return f"(?>{'|'.join(ways)})"
