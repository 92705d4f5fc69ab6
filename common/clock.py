"""The time, read in one place so that tests can move it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware and in UTC. Nothing else reads the clock."""
    return datetime.now(UTC)
