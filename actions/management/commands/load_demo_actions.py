"""Lay sensitive actions out on the demo company's escalations."""

from typing import Any

from django.core.management.base import BaseCommand

from actions import demo


class Command(BaseCommand):
    help = "Bring some sensitive actions of the demo company into each state. Does nothing where there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{demo.lay_out()} sensitive actions laid out.")
