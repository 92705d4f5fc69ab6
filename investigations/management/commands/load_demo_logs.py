"""Give the demo company's newest case about a transaction its logs."""

from typing import Any

from django.core.management.base import BaseCommand

from investigations import demo


class Command(BaseCommand):
    help = (
        "Give the demo company's newest open escalation about a transaction two logs: its normal, and an outage."
    )

    def handle(self, *_args: Any, **options: Any) -> None:
        logs = demo.load()
        if options["verbosity"]:
            self.stdout.write(f"{len(logs)} logs" + (f" on {logs[0].ticket.reference}." if logs else "."))
