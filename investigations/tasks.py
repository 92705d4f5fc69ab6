"""What investigations do by themselves, on a schedule."""

from celery import shared_task

from investigations import keeping


@shared_task(ignore_result=True)
def sweep_logs() -> None:
    """Delete files of logs that are not there (daily)."""
    keeping.sweep()
