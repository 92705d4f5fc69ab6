"""Fill an empty database with the demo company."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.errors import Refused
from integrations import demo
from integrations.demo.arrivals import Arrival
from integrations.demo.company import SEED, TICKETS


class Command(BaseCommand):
    help = "Fill an empty database with a payments firm's second line: people, customers, six weeks of cases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=SEED, help="another number tells other stories")
        parser.add_argument("--tickets", type=int, default=TICKETS, help="how many, besides the planted trend")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["verbosity"] == 0

        def progress(arrivals: list[Arrival]) -> Iterable[Arrival]:
            return tqdm(arrivals, desc="cases", unit="", disable=quiet)

        try:
            tickets = demo.load(seed=options["seed"], tickets=options["tickets"], progress=progress)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        if not quiet:
            self.stdout.write(f"{len(tickets)} cases. Sign in with the password {demo.PASSWORD} as one of:")
            for role, email in demo.SIGN_INS.items():
                self.stdout.write(f"  {role:<14} {email}")
