"""How far a long job has come, for the page that waits for it.

Kept in the cache and nowhere else: it is written while the job's own transaction is still open, and nothing
but the bar is lost when the cache is away.
"""

from typing import NamedTuple

from django.core.cache import cache

_KEPT = 3600  # seconds; a job ends long before


class Progress(NamedTuple):
    """So many steps of `total` are done."""

    done: int
    total: int


def note(job: str, done: int, total: int) -> None:
    """Say how far `job` has come."""
    cache.set(_key(job), (done, total), timeout=_KEPT)


def of(job: str) -> Progress | None:
    """Return how far `job` has come, or None where nothing is known of it."""
    noted = cache.get(_key(job))
    return Progress(*noted) if noted else None


def _key(job: str) -> str:
    return f"common.progress.{job}"
