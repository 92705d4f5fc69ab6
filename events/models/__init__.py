"""The facts and what is owed for them."""

from events.models.event import Delivery, Event

__all__ = ["Delivery", "Event"]
