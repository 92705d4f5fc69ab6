"""The catalogue a new desk starts with: categories and forms, codes, calendars, policies."""

from escalations.defaults.seeding import seed, seed_calendars

__all__ = ["seed", "seed_calendars"]
