"""Where the mail of partners lies (MAIL_IN_URL): a maildir, or an IMAP folder; and whether it can be read."""

import imaplib
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import clock
from common.errors import DomainError

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 50
LARGEST = 30 * 1024**2
WITHIN = 20  # seconds for each answer of an IMAP server
_KEY = "escalations.mailbox.trouble"
_CERTIFICATE, _REFUSED, _FOLDER, _NO_ANSWER = "certificate", "refused", "folder", "no_answer"
_WORDS: dict[str, Promise] = {
    _CERTIFICATE: _("Nobody whom this machine trusts has signed the mail server's certificate. Nothing was sent."),
    _REFUSED: _("The mail server refuses: check user, password and folder in MAIL_IN_URL."),
    _FOLDER: _("There is no maildir to read and write there: check the folder in MAIL_IN_URL."),
    _NO_ANSWER: _("The mail server does not answer: check host and port in MAIL_IN_URL."),
}


class Letter(NamedTuple):
    """A mail as it lies there; `done` puts it away. `content` is None when it is larger than LARGEST."""

    content: bytes | None
    head: bytes
    done: Callable[[], object]


class Unreadable(DomainError):
    """The mailbox can't be read; what lies there waits."""


class Trouble(NamedTuple):
    """Since when the mailbox can't be read, and what to do."""

    since: datetime
    words: Promise


def letters(url: str) -> Iterator[Letter]:
    """Yield what has come. Raises Unreadable, which `trouble` tells of until the mailbox is read again."""
    parts = urlsplit(url)
    try:
        yield from _of_maildir(Path(unquote(parts.path))) if parts.scheme == "maildir" else _of_imap(parts)
    except (OSError, imaplib.IMAP4.error) as error:
        reason = _reason(error, parts)
        cache.add(_KEY, (clock.now().isoformat(), reason), timeout=None)
        raise Unreadable(str(_WORDS[reason])) from error
    cache.delete(_KEY)


def trouble() -> Trouble | None:
    """Return why the mailbox can't be read, if that is so."""
    found = cache.get(_KEY)
    return Trouble(datetime.fromisoformat(found[0]), _WORDS[found[1]]) if found else None


def _reason(error: Exception, parts: SplitResult) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE
    if parts.scheme == "maildir":
        return _FOLDER
    return _NO_ANSWER if isinstance(error, OSError | imaplib.IMAP4.abort) else _REFUSED


def _of_maildir(folder: Path) -> Iterator[Letter]:
    """Yield what lies in `new`; what is done moves to `cur`, as seen."""
    new, seen = folder / "new", folder / "cur"
    seen.mkdir(exist_ok=True)
    for path in sorted(new.iterdir())[:MOST_AT_ONCE]:
        if not path.is_file() or path.is_symlink():
            continue
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        large = len(content) > LARGEST
        target = seen / f"{path.name.partition(':')[0]}:2,S"
        done = partial(path.rename, target)
        yield Letter(None if large else content, content[:65_536] if large else b"", done)


def _of_imap(parts: SplitResult) -> Iterator[Letter]:
    """Yield what is unseen in the folder; what is done is marked as seen. TLS, with the certificate checked."""
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    trusting = ssl.create_default_context()  # imaplib's own does not look at the certificate
    server = imaplib.IMAP4_SSL(parts.hostname or "", parts.port or 993, ssl_context=trusting, timeout=WITHIN)
    try:
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        if server.select(f'"{folder}"')[0] != "OK":
            raise imaplib.IMAP4.error("no such folder")
        status, found = server.uid("SEARCH", "UNSEEN")
        if status != "OK":
            raise imaplib.IMAP4.error("no search")
        for uid in (found[0] or b"").split()[:MOST_AT_ONCE]:
            letter = _fetched(server, uid.decode())
            if letter is not None:
                yield letter
            else:
                logger.warning("The mail server did not hand out a mail; it stays unseen and is asked for again.")
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _fetched(server: imaplib.IMAP4_SSL, uid: str) -> Letter | None:
    """Return a mail; None where the server does not hand it out: imaplib raises at BAD, and not at NO."""
    told = re.search(rb"RFC822\.SIZE (\d+)", _first(server.uid("FETCH", uid, "(RFC822.SIZE)")))
    if told is None:
        return None
    large = int(told[1]) > LARGEST
    content = _first(server.uid("FETCH", uid, "(BODY.PEEK[HEADER])" if large else "(BODY.PEEK[])"))
    done = partial(server.uid, "STORE", uid, "+FLAGS", r"(\Seen)")
    return Letter(None if large else content, content if large else b"", done) if content else None


def _first(answer: tuple[str, list[Any]]) -> bytes:
    """Return the first literal, or else line, of what a server answered; nothing unless it says OK."""
    status, parts = answer
    if status != "OK":
        return b""
    literals = [part[1] for part in parts if isinstance(part, tuple)]
    return bytes(next((part for part in [*literals, *parts] if isinstance(part, bytes)), b""))
