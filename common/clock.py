"""The time, read in one place so that tests can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_replayed: ContextVar[datetime | None] = ContextVar("replayed", default=None)


def now() -> datetime:
    """Return the present moment, aware and in UTC. Nothing else reads the clock."""
    return _replayed.get() or datetime.now(UTC)


@contextmanager
def replaying(at: datetime) -> Iterator[None]:
    """Let `now` answer `at` within this thread of execution, to do again what was done then.

    For loading histories only: what a domain function writes inside bears the past's time.
    """
    token = _replayed.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _replayed.reset(token)
