"""Taking in the mail by which partners answer, now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from escalations import mail_intake, mailbox


class Command(BaseCommand):
    help = "Take in what has come to MAIL_IN_URL. The workers do so each minute."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcomes = mail_intake.take_in()
        except mailbox.Unreadable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing"
        )
