"""Search everything that is stored for cards and secrets: manage.py sweep."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError

from accounts import people
from incidents import own_numbers, sweeping
from incidents.sweeping import Hit, Target


class Command(BaseCommand):
    help = "Search all tables and files for cards and secrets. Tells where and what kind, never what."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="mask what is found where it stands")
        parser.add_argument("--database-url", default="", help="read another database, such as a restored backup")
        parser.add_argument("--media", type=Path, help="read another folder of files")

    def handle(self, *args: Any, **options: Any) -> None:
        url, media = options["database_url"], options["media"]
        if options["remove"] and (url or media):
            raise CommandError("Only our own database and files are changed: leave --remove away.")
        target, label = self._other(url, media) if url or media else (sweeping.ours(), "")
        own_numbers.refresh(at_once=True)
        sweep = sweeping.begin(by=people.system(), removes=options["remove"], target=label)
        if sweep.step:
            self.stderr.write(f"Going on with the sweep of {sweep.started_at:%Y-%m-%d %H:%M}, at {sweep.table}.")
        self.total: Counter[str] = Counter()
        while sweeping.go_on(sweep, target, self._told):
            pass
        sweep.refresh_from_db()
        kinds = ", ".join(f"{number} × {kind}" for kind, number in sorted(self.total.items()))
        self.stdout.write(f"{sweep.rows} rows and {sweep.files} files: {kinds or 'nothing found'}.")
        if sweep.removed < sweep.found:
            raise CommandError("Something was found that still stands.", returncode=1)

    def _other(self, url: str, media: Path | None) -> tuple[Target, str]:
        if not url:
            return Target(None, media), str(media)
        try:
            source = psycopg2.connect(url)
        except psycopg2.OperationalError as error:
            raise CommandError(f"The database can't be reached: {error}") from error
        source.set_session(readonly=True, autocommit=True)
        about = source.get_dsn_parameters()
        return Target(source, media), f"{about.get('host', '')}/{about['dbname']}"[:200]

    def _told(self, hit: Hit) -> None:
        kinds = ", ".join(f"{number} × {kind}" for kind, number in sorted(hit.kinds.items()))
        self.total.update(hit.kinds)
        row = f" row {hit.row}" if hit.row else ""
        self.stdout.write(f"{hit.place}{row}: {kinds}{', masked' if hit.is_removed else ''}")
