"""The catalogue a new desk starts with: categories and forms, codes, calendars, policies."""

from escalations.defaults.seeding import seed

__all__ = ["seed"]
