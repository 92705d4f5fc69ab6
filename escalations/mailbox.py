"""Where the mail of partners lies (MAIL_IN_URL): a maildir, or an IMAP folder; and whether it can be read."""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import clock
from common.errors import DomainError

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
        _ok, found = server.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split()[:MOST_AT_ONCE]:
            number = uid.decode()
            size = _size(server.uid("FETCH", number, "(RFC822.SIZE)")[1])
            part = "BODY.PEEK[]" if size <= LARGEST else "BODY.PEEK[HEADER]"
            content = _content(server.uid("FETCH", number, f"({part})")[1])
            done = partial(server.uid, "STORE", number, "+FLAGS", r"(\Seen)")
            yield Letter(content, b"", done) if size <= LARGEST else Letter(None, content, done)
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _size(answer: list[object]) -> int:
    match = re.search(rb"RFC822\.SIZE (\d+)", answer[0] if answer and isinstance(answer[0], bytes) else b"")
    return int(match[1]) if match else LARGEST + 1


def _content(answer: list[object]) -> bytes:
    for part in answer:
        if isinstance(part, tuple) and len(part) > 1 and isinstance(part[1], bytes):
            return part[1]
    return b""
