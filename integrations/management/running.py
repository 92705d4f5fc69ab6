"""How the import commands speak: progress, bad rows, the account at the end."""

import json
import resource
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import Membership, Role, Team, User
from escalations.models import Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from incidents import doors, own_numbers
from incidents.finds import Place
from incidents.models import Way
from integrations.importing import Account, Progress
from integrations.sources import BadRow

_SHOWN = 50  # bad rows on the terminal; the report lists all


def add_arguments(parser: ArgumentParser) -> None:
    """Add what both import commands take."""
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the counts as JSON")
    parser.add_argument(
        "--lead",
        action="append",
        default=[],
        metavar="EMAIL",
        help="make this person lead of the imported teams, so that their dashboard shows them (may be repeated)",
    )


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that name. Raises CommandError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(f"“{name}” is not a time zone. Write it as in Europe/Lisbon.") from None


class Run:
    """One run of an import command, from its first word to its report."""

    def __init__(self, command: BaseCommand, options: dict[str, Any], account: Account) -> None:
        self._command, self._options = command, options
        self._started = time.monotonic()
        self._bar: tqdm[Any] | None = None
        self.account = account
        account.on_bad_row = self._show
        self._leads = [_person(email) for email in options["lead"]]
        _check_report(options["report"])
        self._door = ExitStack()

    def __enter__(self) -> Self:
        own_numbers.refresh(at_once=True)
        origin = Place("import", text=self.account.origin)
        self._door.enter_context(doors.opened(Way.IMPORT, origin, place=origin))
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar = None
        self._door.close()

    def say(self, sentence: str) -> None:
        if self._options["verbosity"]:
            self._command.stderr.write(sentence)

    @contextmanager
    def progress(self, rows: int) -> Iterator[Progress]:
        """Show a bar over so many rows while the block runs; call what is given with each advance."""
        quiet = not self._options["verbosity"]
        with tqdm(total=rows, unit=" rows", disable=quiet, mininterval=0.5) as bar:
            self._bar = bar

            def advance(by: int) -> None:
                bar.update(by)

            yield advance
            bar.update(rows - bar.n)

    def finish(self, more: dict[str, Any] | None = None) -> None:
        """Let the leads see what was imported, and say and write what was done."""
        for lead in self._leads:
            _show_to(lead, self.account.origin)
        report = self.account.as_json() | (more or {})
        report["seconds"] = round(time.monotonic() - self._started, 1)
        # Linux gives kibibytes: the most memory that this process has had.
        report["peak_memory_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        if self._options["report"]:
            self._options["report"].write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        if not self._options["verbosity"]:
            return
        write = self._command.stdout.write
        write(
            f"{report['tickets']:,} tickets added ({report['already_there']:,} were there already), "
            f"{report['events']:,} events, {report['reassignments']:,} reassignments, "
            f"{report['reopens']:,} reopened, {report['resolved']:,} resolved."
        )
        write(
            f"{report['rows']:,} rows used, {report['bad_rows']:,} with something that could not be used. "
            f"{report['seconds']} seconds, {report['peak_memory_mib']} MiB."
        )
        if self.account.tickets and not self._leads:
            write("Admins and auditors see what was imported; --lead EMAIL shows it to a team lead too.")

    def _show(self, row: BadRow) -> None:
        shown = len(self.account.bad_rows)
        if shown > _SHOWN or not self._options["verbosity"]:
            return
        line = str(row) if shown < _SHOWN else "… (--report FILE lists every bad row)"
        if self._bar is not None:
            self._bar.clear()
        self._command.stderr.write(line)


def _person(email: str) -> User:
    person = User.objects.filter(email__iexact=email, is_active=True).first()
    if person is None:
        raise CommandError(f"--lead: nobody here has the address {email}.")
    return person


def _check_report(path: Path | None) -> None:
    """Refuse a report that could not be written before a long import, not after it."""
    if path is None:
        return
    try:
        with path.open("a"):
            pass
    except OSError as error:
        raise CommandError(f"--report: {error}") from error


def _show_to(lead: User, origin: str) -> None:
    """Make the person lead of the teams that this origin's tickets are in or have been in."""
    tickets = Ticket.objects.filter(origin=origin)
    moves = Event.objects.filter(
        kind="ticket.team_changed", subject_type=SUBJECT, subject_id__in=tickets.values("pk")
    )
    former = set(moves.values_list("data__former", flat=True))
    teams = Team.objects.filter(pk__in=former | set(tickets.values_list("team", flat=True)))
    teams.update(is_active=True)
    for team in teams:
        Membership.objects.get_or_create(user=lead, team=team, defaults={"role": Role.LEAD})
