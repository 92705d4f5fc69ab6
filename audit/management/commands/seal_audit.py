"""Sealing now, and not when the schedule comes to it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import sealing


class Command(BaseCommand):
    help = "Give the committed entries of the audit trail their place in the chain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restored", action="store_true", help="look at every entry, once after the database came from a dump"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count = sealing.seal(restored=options["restored"])
        self.stdout.write(f"{count} entries sealed.")
