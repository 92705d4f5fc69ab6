"""What the workers do for the spine. Only the relay publishes `deliver`."""

from celery import shared_task

from events import pending, relay


@shared_task(name="events.tasks.deliver")
def deliver(delivery_id: int) -> None:
    """Hand one event to one consumer. Safe to repeat."""
    relay.deliver(delivery_id)


@shared_task(name="events.tasks.prune")
def prune() -> None:
    """Forget deliveries that were made long ago."""
    pending.prune()
