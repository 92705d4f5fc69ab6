"""Background work: what every job needs, whatever it does."""

from datetime import datetime

from celery import shared_task
from django.core.cache import cache

from common import clock

BEAT_KEY = "common.jobs.beat"


def note_beat() -> None:
    """Write down, in the cache, that the beat was heard now."""
    cache.set(BEAT_KEY, clock.now().isoformat(), timeout=None)


def last_beat() -> datetime | None:
    """Return when the beat was last heard, or None if never (since the cache was emptied)."""
    written = cache.get(BEAT_KEY)
    return datetime.fromisoformat(written) if written else None


@shared_task(ignore_result=True)
def heartbeat() -> None:
    """Prove the way from the beat through the broker to a worker."""
    note_beat()
