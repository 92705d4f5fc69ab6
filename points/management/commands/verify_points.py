"""Check the ledger of points."""

from typing import Any

from django.core.management.base import BaseCommand

from points import verifying


class Command(BaseCommand):
    help = "Check that the ledger of points balances, transfer by transfer. Ends with 1 if it does not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = verifying.trial_balance()
        self.stdout.write(
            f"{found.transfers} transfers between {found.accounts} accounts; the postings sum to {found.total}."
        )
        for what, transfers in (("do not balance", found.wrong), ("are not refunded as noted", found.drifted)):
            if transfers:
                self.stderr.write(f"These transfers {what}: {', '.join(map(str, transfers[:50]))}")
        if not found.is_right:
            raise SystemExit(1)
