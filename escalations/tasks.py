"""What the escalation desk does by itself, on a schedule."""

from contextlib import suppress

from celery import shared_task

from escalations import (
    alert_mail,
    attachments,
    calendars,
    climbing,
    composing,
    dispatching,
    ledger_alarm,
    lexicon,
    lifecycle,
    mail_intake,
    mailbox,
    ticket_clocks,
)


@shared_task(ignore_result=True)
def mark_breaches() -> None:
    """Mark the clocks whose time has run out (every 30 seconds)."""
    ticket_clocks.mark_breaches()


@shared_task(ignore_result=True)
def take_steps() -> None:
    """Take the steps of ladders that are due, and look after forgotten tickets (every 30 seconds)."""
    climbing.take_steps()


@shared_task(ignore_result=True)
def close_unanswered() -> None:
    """Close resolved tickets that nobody answered (hourly)."""
    lifecycle.close_unanswered()


@shared_task(ignore_result=True)
def sweep_files() -> None:
    """Delete files of changes that failed after storing them (daily)."""
    attachments.sweep()


@shared_task(ignore_result=True)
def forget_drafts() -> None:
    """Delete drafts of messages that nobody has touched for long (daily)."""
    composing.forget_old()


@shared_task(ignore_result=True)
def check_zones() -> None:
    """Publish calendars anew whose zone or holidays have changed since (daily, and when the beat starts)."""
    calendars.check_zones()


@shared_task(ignore_result=True)
def check_ledger() -> None:
    """Begin to compare all clocks with their ledgers (nightly); the steps are deliveries."""
    ledger_alarm.begin()


@shared_task(ignore_result=True)
def give_out() -> None:
    """Give out what waits in teams that push (every 30 seconds)."""
    dispatching.drain()


@shared_task(ignore_result=True)
def count_words() -> None:
    """Count anew how common each word is in the newest tickets (hourly, and when the beat starts)."""
    lexicon.count()


@shared_task(ignore_result=True)
def owe_digests() -> None:
    """Owe everybody the digest that is due by now (every minute)."""
    alert_mail.owe_digests()


@shared_task(ignore_result=True)
def take_in_mail() -> None:
    """Take in the mail by which partners answer, where a mailbox is set (every minute)."""
    with suppress(mailbox.Unreadable):  # admins read of it beside the mails that came
        mail_intake.take_in()
