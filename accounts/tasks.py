"""What the workers do for people."""

from celery import shared_task

from accounts import access_reminders, attendance, safe_retry, unused
from accounts.sessions import SessionStore


@shared_task(name="accounts.tasks.forget_handled_requests")
def forget_handled_requests() -> None:
    """Forget the outcomes of requests that nobody will repeat any more."""
    safe_retry.prune()


@shared_task(name="accounts.tasks.follow_rosters", ignore_result=True)
def follow_rosters() -> None:
    """Let availability follow the shifts that have begun or ended (every minute)."""
    attendance.follow()


@shared_task(name="accounts.tasks.disable_unused")
def disable_unused() -> None:
    """Switch off the accounts that nobody has used for 90 days."""
    unused.disable()


@shared_task(name="accounts.tasks.remind_of_reviews")
def remind_of_reviews() -> None:
    """Remind those who owe an access review that is overdue."""
    access_reminders.remind()


@shared_task(name="accounts.tasks.forget_sessions")
def forget_sessions() -> None:
    """Delete the sessions that have ended."""
    SessionStore.clear_expired()
