"""Taking in the mail by which partners answer, now."""

from typing import Any

from django.core.management.base import BaseCommand

from escalations import mail_intake


class Command(BaseCommand):
    help = "Take in what has come to MAIL_IN_URL. The workers do so each minute."

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = mail_intake.take_in()
        self.stdout.write(
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing"
        )
