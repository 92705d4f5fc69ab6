"""What the workers do for people."""

from celery import shared_task

from accounts import safe_retry


@shared_task(name="accounts.tasks.forget_handled_requests")
def forget_handled_requests() -> None:
    """Forget the outcomes of requests that nobody will repeat any more."""
    safe_retry.prune()
