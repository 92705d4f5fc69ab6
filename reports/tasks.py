"""What the figures do by themselves, on a schedule."""

from datetime import timedelta

from celery import shared_task

from reports import days, detection, forecast


@shared_task(name="reports.tasks.detect_trends", ignore_result=True)
def detect_trends() -> None:
    """Look for what rises today (hourly)."""
    detection.detect(days.today())


@shared_task(name="reports.tasks.detect_trends_of_yesterday", ignore_result=True)
def detect_trends_of_yesterday() -> None:
    """Look once more at yesterday, now that it is whole (nightly)."""
    detection.detect(days.today() - timedelta(days=1))


@shared_task(name="reports.tasks.fit_forecasts", ignore_result=True)
def fit_forecasts() -> None:
    """Learn from the history how likely deadlines are missed (nightly)."""
    forecast.fit()
    forecast.score()


@shared_task(name="reports.tasks.score_forecasts", ignore_result=True)
def score_forecasts() -> None:
    """Tell of every open deadline how likely it is to be missed (every five minutes)."""
    if not forecast.is_learnt():
        forecast.fit()
    forecast.score()
