"""What investigations do by themselves, on a schedule."""

from celery import shared_task

from investigations import analysing, keeping
from investigations.console import runs
from investigations.health import rechecks


@shared_task(ignore_result=True)
def sweep_logs() -> None:
    """Delete files of logs that are not there (daily)."""
    keeping.sweep()


@shared_task(ignore_result=True)
def expire_runs() -> None:
    """End writes that nobody decided about in time (every minute)."""
    runs.expire_overdue()


@shared_task(ignore_result=True)
def take_up_logs() -> None:
    """Analyse the log whose worker was killed (every minute)."""
    analysing.take_up()


@shared_task(ignore_result=True)
def run_rechecks() -> None:
    """Ask the endpoints whose re-check is due (every 30 seconds)."""
    rechecks.run_due()
