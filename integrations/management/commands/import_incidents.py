"""Replay a ServiceNow incident audit log: manage.py import_incidents FILE."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import incidents
from integrations.directory import Clash
from integrations.importing import Account
from integrations.management import running
from integrations.sources import Unreadable


class Command(BaseCommand):
    help = "Import a ServiceNow incident audit log (CSV, or CSV packed by xz) as tickets with their whole life."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        running.add_arguments(parser)
        parser.add_argument(
            "--zone", default="UTC", help="IANA time zone of the log's dates, which state none (default: UTC)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with running.Run(self, options, Account(incidents.ORIGIN)) as run:
            try:
                run.say("Reading the file once, to know that it is whole …")
                log = incidents.open_log(options["file"], running.zone(options["zone"]))
                with run.progress(log.rows) as progress:
                    incidents.import_log(log, run.account, progress)
            except (Unreadable, Clash) as error:
                raise CommandError(str(error)) from error
            run.finish({"made_sla": incidents.sla_verdicts()})
