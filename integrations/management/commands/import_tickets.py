"""Import tickets from any table: manage.py import_tickets FILE --map MAP.toml."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import column_maps, tables
from integrations.column_maps import BadMap
from integrations.directory import Clash
from integrations.importing import Account
from integrations.management import running
from integrations.sources import Unreadable


class Command(BaseCommand):
    help = "Import tickets from a CSV (also packed by xz) or XLSX file, by a map of its columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--map", type=Path, required=True, help="TOML file: docs/imports.md describes it")
        running.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            columns = column_maps.read(options["map"])
            with running.Run(self, options, Account(columns.origin)) as run:
                run.say("Reading the file once, to know that it is whole …")
                with run.progress(tables.survey(options["file"], columns)) as progress:
                    tables.import_table(options["file"], columns, run.account, progress)
                run.finish()
        except (BadMap, Unreadable, Clash) as error:
            raise CommandError(str(error)) from error
