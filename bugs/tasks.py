"""What bug reports do by themselves, on a schedule."""

from celery import shared_task

from bugs import hearing, sending


@shared_task(ignore_result=True)
def keep_in_step() -> None:
    """Send again what was interrupted, and ask the trackers how far they are (every minute)."""
    sending.repeat()
    hearing.poll()
