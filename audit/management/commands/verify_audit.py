"""Checking the trail, on the desk or on a copy of its database elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from audit import checkpoints, verifying
from common import clock


class Command(BaseCommand):
    help = "Check the whole audit trail. Ends with 1 and names the first record that is not right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoints",
            type=Path,
            help="the checkpoints as they were shipped (else those of AUDIT_CHECKPOINT_FILE, if it exists)",
        )
        parser.add_argument("--keep", action="store_true", help="keep the outcome for the page of the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        started_at = clock.now()
        try:
            shipped: Path | None = options["checkpoints"]
            seen = list(checkpoints.read(shipped)) if shipped else verifying.known()
        except OSError as error:
            raise CommandError(f"The checkpoints can't be read: {error.strerror}.") from error
        except checkpoints.Unreadable as error:
            raise CommandError(f"Line {error} of the checkpoints can't be read.") from error
        with tqdm(unit=" records", file=self.stderr, disable=None, leave=False) as bar:

            def told(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            outcome = verifying.verify(seen, told=told)
        if options["keep"]:
            verifying.keep(outcome, started_at)
        if bad := outcome.bad:
            where = f"Record {bad.number}: " if bad.number is not None else ""
            detail = f" ({bad.detail})" if bad.detail else ""
            raise CommandError(f"{where}{verifying.PROBLEMS[bad.problem]}{detail}")
        if outcome.last < outcome.first:
            self.stdout.write("The trail is empty.")
            return
        self.stdout.write(
            f"Records {outcome.first} to {outcome.last} are whole; {outcome.checkpoints} checkpoints agree."
        )
