"""What is found while somebody listens: how often each kind, and in which part; never the number.

Whoever opens a way in listens (`noticing`), so that those who clean a text need not tell anybody.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from redaction.schemes import Finding

#: Where something was found, unless `part` says otherwise.
TEXT = "text"


class Notice:
    """The kinds that were found, by part. The same text counts once, however often it is cleaned."""

    def __init__(self) -> None:
        self._found: dict[str, Counter[str]] = {}
        self._seen: set[tuple[str, int]] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, part: str, content: str | bytes, findings: tuple[Finding, ...]) -> None:
        """Note what was found in one text or file."""
        mark = (part, hash(content))
        if findings and mark not in self._seen:
            self._seen.add(mark)
            self._found.setdefault(part, Counter()).update(finding.kind for finding in findings)

    def take(self) -> dict[str, Counter[str]]:
        """Return what was noticed since this was last asked."""
        found, self._found = self._found, {}
        return found


_listening: ContextVar[Notice | None] = ContextVar("redaction_listening", default=None)
_part: ContextVar[str] = ContextVar("redaction_part", default=TEXT)


@contextmanager
def noticing() -> Iterator[Notice]:
    """Listen to what is found within this thread of execution."""
    notice = Notice()
    token = _listening.set(notice)
    try:
        yield notice
    finally:
        _listening.reset(token)


@contextmanager
def unnoticed() -> Iterator[None]:
    """Let nobody hear of what is found, because it is only tried."""
    token = _listening.set(None)
    try:
        yield
    finally:
        _listening.reset(token)


@contextmanager
def part(name: str) -> Iterator[None]:
    """Say which part of what comes in is being cleaned, such as a file."""
    token = _part.set(name)
    try:
        yield
    finally:
        _part.reset(token)


def tell(content: str | bytes, findings: tuple[Finding, ...]) -> None:
    """Tell whoever listens what was found in `content`."""
    notice = _listening.get()
    if notice is not None and findings:
        notice.add(_part.get(), content, findings)
