"""Comparing all clocks with their ledgers, now and in one go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from escalations import ledger_alarm
from escalations.models import LedgerCheck


class Command(BaseCommand):
    help = "Compare every clock's cached columns with its ledger. Ends with 1 if any differs."

    def handle(self, *args: Any, **options: Any) -> None:
        check = LedgerCheck.objects.create(started_at=clock.now())
        more = True
        while more:
            more = ledger_alarm.take_step(check)
            self.stderr.write(f"{check.tickets} tickets, {check.clocks} clocks", ending="\r")
        self.stderr.write("")
        for difference in check.found.order_by("pk")[:100]:
            where = f"clock {difference.clock_id}" if difference.clock_id else "the ticket"
            self.stdout.write(
                f"ESC-{difference.ticket_id}, {where}: {difference.column} is {difference.cached}, "
                f"the ledger says {difference.ledger}"
            )
        if check.differences:
            raise CommandError(f"{check.differences} differences among {check.clocks} clocks.")
        self.stdout.write(f"{check.clocks} clocks of {check.tickets} tickets: no difference.")
