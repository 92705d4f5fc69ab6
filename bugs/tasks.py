"""What bug reports do by themselves, on a schedule."""

from celery import shared_task

from bugs import commenting, hearing, sending


@shared_task(ignore_result=True)
def keep_in_step() -> None:
    """Send again what was interrupted, and ask the trackers how far they are (every minute)."""
    sending.repeat()
    commenting.repeat()
    hearing.poll()


@shared_task(ignore_result=True)
def forget_webhooks() -> None:
    """Forget the trackers' webhooks of long ago (daily)."""
    hearing.forget()
