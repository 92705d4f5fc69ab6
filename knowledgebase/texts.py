"""Texts on their way into storage: trimmed, bounded, and free of what must not be kept."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

import redaction
from common import markdown
from common.errors import Refused

#: Characters. A title fits its column; a text fits PostgreSQL's search vector in both languages.
LINE_MAX = 200
TEXT_MAX = 60_000


def line(value: str, field: str, missing: str) -> str:
    """Return `value` redacted, on one line, of at most LINE_MAX characters.

    Raises Refused for `field`: with the sentence `missing` when nothing is
    left, or saying that it is too long.
    """
    return _bounded(" ".join(value.split()), field, LINE_MAX, missing)


def text(value: str, field: str, missing: str = "") -> str:
    """Return `value` redacted, with plain line ends, of at most TEXT_MAX characters.

    Raises Refused for `field` when it is too long, and when nothing is left
    but a sentence for that was given.
    """
    plain = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _bounded(plain, field, TEXT_MAX, missing)


def preview(value: str) -> SafeString:
    """Return what a text will look like once it is stored."""
    return markdown.render(redaction.clean(value[:TEXT_MAX]))


def _bounded(value: str, field: str, limit: int, missing: str) -> str:
    kept = redaction.clean(value.replace("\x00", ""))
    if len(kept) > limit:
        raise Refused(_("This is too long: at most %(limit)d characters fit.") % {"limit": limit}, field=field)
    if missing and not kept:
        raise Refused(missing, field=field)
    return kept
