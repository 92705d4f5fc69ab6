"""Fill the catalogue of a new desk."""

from typing import Any

from django.core.management.base import BaseCommand

from escalations import defaults


class Command(BaseCommand):
    help = "Create the default categories, forms, codes, calendars and policies that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        defaults.seed()
        self.stdout.write("The catalogue is complete.")
