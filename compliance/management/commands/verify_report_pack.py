"""Check a report pack of a compliance review."""

import zipfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import pack_check


class Command(BaseCommand):
    help = "Check that a report pack holds exactly what this desk signed; ends with 1 when it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = list(pack_check.problems(options["file"]))
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise CommandError(f"This is no report pack: {error}") from error
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"{len(found)} things are wrong with it.")
        self.stdout.write("Whole: every file is as it was signed.")
