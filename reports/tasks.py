"""What the figures do by themselves, on a schedule."""

from datetime import timedelta

from celery import shared_task

from reports import days, detection


@shared_task(name="reports.tasks.detect_trends", ignore_result=True)
def detect_trends() -> None:
    """Look for what rises today (hourly)."""
    detection.detect(days.today())


@shared_task(name="reports.tasks.detect_trends_of_yesterday", ignore_result=True)
def detect_trends_of_yesterday() -> None:
    """Look once more at yesterday, now that it is whole (nightly)."""
    detection.detect(days.today() - timedelta(days=1))
