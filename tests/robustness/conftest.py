"""The desk of the escalations' tests, for tests that change it."""

from tests.escalations.conftest import desk

__all__ = ["desk"]
