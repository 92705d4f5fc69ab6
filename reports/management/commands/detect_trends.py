"""Look for trends in the past, day by day."""

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from common.errors import Refused
from reports import days, detection, naming


class Command(BaseCommand):
    help = "Looks for trends on each day of the past in turn, as if it were today. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD", required=True)
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD", help="today by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"] or days.today()
        with tqdm(total=(last - first).days + 1, unit="day", file=sys.stderr, disable=None) as bar:
            try:
                found = detection.detect_days(first, last, lambda _day: bar.update())
            except Refused as refusal:
                raise CommandError(str(refusal)) from None
        for shown in sorted(naming.named(found), key=lambda one: (one.trend.since, one.trend.pk)):
            trend = shown.trend
            self.stdout.write(
                f"{trend.since} – {trend.last_day}  {trend.get_dimension_display()}: {shown.label}"
                f"  seen {trend.total_seen}, expected {trend.total_expected:.1f}, customers {trend.customers}"
            )
        self.stdout.write(f"{len(found)} trends.")
