"""What the workers do for reviews."""

from celery import shared_task

from compliance import deadlines


@shared_task(name="compliance.tasks.mark_deadlines")
def mark_deadlines() -> None:
    """Mark the deadlines that are near or missed. Safe to repeat, and side by side."""
    deadlines.mark()
