"""Compute every figure anew from the events."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from escalations.models import Ticket
from reports import ledger


class Command(BaseCommand):
    help = (
        "Computes every figure anew from the events, beside the running desk. "
        "Gives the same figures as before, unless DESK_TIME_ZONE has changed or something was lost."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(total=Ticket.objects.count(), unit="ticket", file=sys.stderr, disable=None) as bar:
            wrong = ledger.rebuild(bar.update)
        self.stdout.write(f"{bar.total} tickets; {wrong} sums had to be mended.")
