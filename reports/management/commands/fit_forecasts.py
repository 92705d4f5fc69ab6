"""Learn from the history how likely deadlines are missed, and tell of every open one."""

from typing import Any

from django.core.management.base import BaseCommand

from reports import forecast


class Command(BaseCommand):
    help = (
        "Learns how likely deadlines are missed, as is done every night, and tells of every open one. "
        "Run it after an import. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for fitted in forecast.fit():
            self.stdout.write(
                f"{fitted.get_metric_display()}: {fitted.get_method_display()} "
                f"({fitted.clocks} ended deadlines, {fitted.missed} missed)"
            )
        self.stdout.write(f"{forecast.score()} open deadlines told anew.")
