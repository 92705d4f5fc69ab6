"""The formats of the company's own numbers: which are in force, and changing them, version by version.

Every text asks for them, so the answer comes from memory. Each process looks whether there is a newer version when
something comes in by a door (`refresh`), at most every few seconds; it needs nothing but the database for it.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from incidents.models import OwnNumbers
from redaction import OwnIds, schemes
from redaction.noticing import unnoticed

SUBJECT = "own_numbers"
CHANGED = "own_numbers.changed"
LOOK_EVERY = 5.0  # seconds
MOST = 50
LONGEST_USE = 100
STALE = gettext_lazy("Somebody has changed the list meanwhile. Look at it as it is now, then try again.")
#: How the numbers of each scheme begin, and how long they are.
SCHEMES = {
    "Visa": ("4111", 16),
    "Mastercard": ("5555", 16),
    "Mastercard 2": ("2223", 16),
    "American Express": ("3782", 15),
    "Diners Club": ("3056", 14),
    "Discover": ("6011", 16),
    "JCB": ("3530", 16),
    "UnionPay": ("6212", 16),
    "Maestro": ("6759", 16),
    "Mir": ("2200", 16),
    "RuPay": ("6078", 16),
    "Troy": ("9792", 16),
    "Uzcard": ("8600", 16),
    "Humo": ("9860", 16),
}
#: What people write before a card's number.
LABELS = ("", *"PAN CC CCN CARD TARJETA VISA MC AMEX NO NR NRO NUM NUMBER CREDIT".split())  # noqa: SIM905
GAPS = ("", "-", ":", " ", "#")


@dataclass
class _Memory:
    number: int
    ids: OwnIds
    looked_at: float


_memory = _Memory(0, OwnIds(), float("-inf"))
_lock = threading.Lock()


def in_force() -> OwnIds:
    """Return the formats as this process knows them: without asking anybody."""
    return _memory.ids


def refresh(*, at_once: bool = False) -> bool:
    """Look whether there is a newer version, if that was not done just now; return whether there was."""
    global _memory
    now = time.monotonic()
    if not at_once and now - _memory.looked_at < LOOK_EVERY:
        return False
    with _lock:
        newest = OwnNumbers.objects.order_by("-number").values_list("number", "formats").first() or (0, [])
        is_new = newest[0] != _memory.number
        ids = OwnIds(one["format"] for one in newest[1]) if is_new else _memory.ids
        _memory = _Memory(newest[0], ids, now)
    return is_new


def current() -> OwnNumbers:
    """Return the version in force; an unsaved one without formats if there is none."""
    return OwnNumbers.objects.select_related("made_by").first() or OwnNumbers(number=0, formats=[])


def add(written: str, use: str, *, by: User, version: int) -> OwnNumbers:
    """Exempt numbers of one more format. Raises Refused, NotAllowed or StaleVersion."""
    formats = [*_formats(version), _one(written, use)]
    return _next(formats, by=by, version=version)


def change(place: int, written: str, use: str, *, by: User, version: int) -> OwnNumbers:
    """Put another format in the place of one."""
    formats = _formats(version)
    formats[place] = _one(written, use)
    return _next(formats, by=by, version=version)


def withdraw(place: int, *, by: User, version: int) -> OwnNumbers:
    """Exempt numbers of that format no more."""
    formats = _formats(version)
    del formats[place]
    return _next(formats, by=by, version=version)


def _formats(version: int) -> list[dict[str, str]]:
    now = current()
    if now.number != version:
        raise StaleVersion(STALE, current=now)
    return list(now.formats)


def _one(written: str, use: str) -> dict[str, str]:
    written, use = written.strip(), redaction.clean(use.strip())[:LONGEST_USE]
    check(written)
    if not use:
        raise Refused(_("Say which numbers these are."), field="use")
    return {"format": written, "use": use}


@transaction.atomic
def _next(formats: list[dict[str, str]], *, by: User, version: int) -> OwnNumbers:
    if not by.is_superuser:
        raise NotAllowed(_("Only admins say which numbers are the company's own."))
    if len(formats) > MOST:
        raise Refused(_("There are %d formats already. Withdraw one first.") % MOST, field="format")
    if len({one["format"] for one in formats}) < len(formats):
        raise Refused(_("This format is in the list already."), field="format")
    try:
        with transaction.atomic():
            made = OwnNumbers.objects.create(
                number=version + 1, formats=formats, made_at=clock.now(), made_by=by
            )  # fmt: skip
    except IntegrityError:
        raise StaleVersion(STALE, current=current()) from None
    data = {"version": made.number, "formats": [one["format"] for one in formats]}
    recording.record(CHANGED, subject=(SUBJECT, made.pk), by=by, data=data)
    transaction.on_commit(lambda: refresh(at_once=True))
    return made


def check(written: str) -> None:
    """Raise Refused when a card's number could pass as one of the company's own."""
    try:
        OwnIds([written])
    except ValueError:
        raise Refused(
            _(
                "A card's number could look like this. A format needs at least two letters or digits of its own, "
                "and one of digits only must not begin as cards do. Add letters, such as ORD-################."
            ),
            field="format",
        ) from None
    capitals = OwnIds([written.upper()])
    with unnoticed():
        for scheme, (beginning, length) in SCHEMES.items():
            number = _example(beginning, length)
            for text in _writings(number):
                fits = any(True for _span in capitals.spans(text))
                if fits and _is_masked(text, OwnIds()) and not _is_masked(text, capitals):
                    shown = redaction.clean(text, OwnIds())
                    raise Refused(
                        _("A card of %(scheme)s, written “%(text)s”, would be let through. Make it narrower.")
                        % {"scheme": scheme, "text": shown},
                        field="format",
                    )


def _is_masked(text: str, ids: OwnIds) -> bool:
    return bool(redaction.redact(text, ids).findings)


def _example(beginning: str, length: int) -> str:
    """Return a number of that scheme which no card has, with a right check digit."""
    body = (beginning + "0" * length)[: length - 1]
    return next(f"{body}{last}" for last in range(10) if schemes.passes_luhn(f"{body}{last}"))


def _writings(number: str) -> Iterator[str]:
    """Yield the number as people write it."""
    for by in (" ", "-"):
        yield by.join(number[at : at + 4] for at in range(0, len(number), 4))
    for label in LABELS:
        yield from (f"{label}{gap}{number}" for gap in GAPS)


def tried(text: str, formats: list[str]) -> redaction.Redacted:
    """Return what would be masked in a text if these formats were in force; nobody hears of it."""
    with unnoticed():
        return redaction.redact(text, OwnIds(formats))
