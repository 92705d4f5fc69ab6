"""What sensitive actions need done on a schedule."""

from celery import shared_task

from actions import execution, lifecycle


@shared_task(ignore_result=True)
def reconcile() -> None:
    """Ask what became of what is not settled, and verify what is done (every 15 seconds)."""
    execution.reconcile()


@shared_task(ignore_result=True)
def expire_overdue() -> None:
    """End what was not decided in time (every minute)."""
    lifecycle.expire_overdue()
