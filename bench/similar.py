"""Finds duplicate reports again: recall@5 and MRR of the similar escalations, beside PostgreSQL's own ranking.

Run from the repository's root, with its virtual environment:
python -m bench.similar [--data gitbugs.tar.xz] [--json FILE]

The data are real bug reports with links between duplicates (GitBugs, Hadoop). They are told in the order of time:
at each duplicate, what was reported before it is in the database and nothing else, and the words were counted up
to then. What is asked is the later report; found is any earlier one that it is a duplicate of, also by way of a
third. The constants of the ranking were chosen on the earlier half of the duplicates; the later half is the test.

It starts a PostgreSQL of its own under .run/bench-similar and throws it away in the end.
"""

import argparse
import csv
import io
import json
import re
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import services

FOLDER = services.ROOT / ".run" / "bench-similar"
DATA = services.ROOT.parent / "shared" / "data" / "gitbugs.tar.xz"
REPORTS, LINKS = "gitbugs/hadoop/hadoop_bugs.csv", "gitbugs/hadoop/hadoop_bugs-combined.csv"
DEEPEST = 100  # below this rank a duplicate counts as not found


@dataclass(frozen=True)
class Report:
    number: int
    at: datetime
    subject: str
    description: str


@dataclass(frozen=True)
class Duplicate:
    """A report, and the earlier ones that it repeats."""

    report: Report
    of: frozenset[int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the archive with the reports")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"{arguments.data} is not there: nothing was measured. bench/README.md says what it holds.")
        return
    reports, duplicates = read(arguments.data)
    with services.running(FOLDER):
        ranks, seconds = measured(reports, duplicates)
    figures = summed_up(ranks, seconds, duplicates)
    show(figures, len(reports), duplicates)
    if arguments.json:
        arguments.json.write_text(json.dumps({"similar": figures}, indent=2) + "\n")


def read(archive: Path) -> tuple[list[Report], list[Duplicate]]:
    """Return the reports in the order of time, and those that are duplicates of earlier ones."""
    csv.field_size_limit(sys.maxsize)
    with tarfile.open(archive) as unpacked:

        def rows(name: str) -> list[dict[str, str]]:
            file = unpacked.extractfile(name)
            return list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"))) if file else []

        reports = [
            Report(
                int(row["Issue id"]),
                datetime.strptime(row["Created"], "%d/%b/%y %H:%M").replace(tzinfo=UTC),
                row["Summary"][:200],
                row["Description"].replace("\x00", ""),
            )
            for row in rows(REPORTS)
        ]
        links = [(int(row["Issue id"]), int(one)) for row in rows(LINKS) for one in row["Duplicate id"].split(",")]
    reports.sort(key=lambda report: (report.at, report.number))
    place = {report.number: place for place, report in enumerate(reports)}
    alike = linked(links)
    found = [
        Duplicate(
            report, frozenset(other for other in alike[report.number] if place[other] < place[report.number])
        )
        for report in reports
        if report.number in alike
    ]
    return reports, [duplicate for duplicate in found if duplicate.of]


def linked(links: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """Return for each linked report all that are linked with it, directly or not."""
    groups: dict[int, set[int]] = {}
    for one, other in links:
        group = groups.get(one, {one}) | groups.get(other, {other})
        for member in group:
            groups[member] = group
    return groups


def measured(
    reports: list[Report], duplicates: list[Duplicate]
) -> tuple[dict[str, list[int | None]], dict[str, list[float]]]:
    """Live through the reports; return for each way the rank of each duplicate and the seconds it took."""
    from escalations import lexicon

    desk = Desk()
    wanted = {duplicate.report.number: duplicate for duplicate in duplicates}
    ranks: dict[str, list[int | None]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    waiting: list[Report] = []
    for report in reports:
        waiting.append(report)
        duplicate = wanted.get(report.number)
        if duplicate is None:
            continue
        desk.file(waiting)
        waiting = []
        lexicon.count()
        for name, way in WAYS.items():
            began = time.perf_counter()
            found = way(desk, report)
            seconds[name].append(time.perf_counter() - began)
            ranks[name].append(next((n for n, one in enumerate(found, 1) if one in duplicate.of), None))
    return ranks, seconds


class Desk:
    """The database as a desk with one team, and an admin who looks."""

    def __init__(self) -> None:
        from accounts.models import Team, User
        from common import clock
        from escalations.models import Category

        self.admin = User.objects.create_superuser("admin@example.com", name="Admin")
        self.now = clock.now()
        self.rest = {
            "team": Team.objects.create(name="Second line", kind="l2"),
            "category": Category.objects.create(key="bug", name="Bug"),
            "created_by": self.admin,
            "channel": "other",
            "priority": 3,
        }

    def file(self, reports: list[Report]) -> None:
        """Store reports as tickets of the same number, each of a customer of its own: only texts are compared."""
        from django.db import connection

        from escalations.models import Customer, Ticket

        Customer.objects.bulk_create(
            Customer(pk=report.number, external_id=str(report.number), name="Reporter", created_at=self.now)
            for report in reports
        )
        Ticket.objects.bulk_create(
            Ticket(
                pk=report.number,
                customer_id=report.number,
                subject=report.subject,
                description=report.description,
                created_at=report.at,
                updated_at=report.at,
                state_since=report.at,
                team_since=report.at,
                **self.rest,
            )
            for report in reports
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE escalations_ticket, escalations_lexemecount")


def by_resemblance(desk: Desk, report: Report) -> list[int]:
    """The product's own: escalations.similar."""
    from escalations.models import Ticket
    from escalations.similar import similar_to

    ticket = Ticket.objects.get(pk=report.number)
    return [one.ticket.pk for one in similar_to(ticket, desk.admin, most=DEEPEST)]


def by_postgres(function: str, *, of_subject: bool) -> Callable[[Desk, Report], list[int]]:
    """All that share a word, in both languages, ordered by one of PostgreSQL's ranking functions."""

    def ranked(_desk: Desk, report: Report) -> list[int]:
        from django.db import connection

        text = report.subject if of_subject else f"{report.subject} {report.description}"
        words = dict.fromkeys(word.lower() for word in re.findall(r"[^\W_]{3,}", text))
        query = " | ".join(f"'{word}'" for word in words)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT id FROM escalations_ticket,
                    (SELECT to_tsquery('english', %s) || to_tsquery('spanish', %s) AS query) AS asked
                WHERE search @@ query AND id <> %s
                ORDER BY {function}(search, query) DESC, id DESC LIMIT %s
                """,
                [query, query, report.number, DEEPEST],
            )
            return [number for (number,) in cursor.fetchall()]

    return ranked


OURS = "Secondline"
PLAIN = "ts_rank, all words"
WAYS: dict[str, Callable[[Desk, Report], list[int]]] = {
    OURS: by_resemblance,
    PLAIN: by_postgres("ts_rank", of_subject=False),
    "ts_rank, the subject's words": by_postgres("ts_rank", of_subject=True),
    "ts_rank_cd, all words": by_postgres("ts_rank_cd", of_subject=False),
    "ts_rank_cd, the subject's words": by_postgres("ts_rank_cd", of_subject=True),
}


def summed_up(
    ranks: dict[str, list[int | None]], seconds: dict[str, list[float]], duplicates: list[Duplicate]
) -> dict[str, dict[str, Any]]:
    """Return recall and mean reciprocal rank of each way, in the earlier half and the later."""
    half = len(duplicates) // 2
    return {
        name: {
            "earlier": _scores(ranks[name][:half]),
            "later": _scores(ranks[name][half:]),
            "milliseconds": round(median(seconds[name]) * 1000, 1),
        }
        for name in ranks
    }


def _scores(ranks: list[int | None]) -> dict[str, float]:
    found = [rank for rank in ranks if rank is not None]
    return {
        "duplicates": len(ranks),
        **{f"recall@{k}": round(sum(rank <= k for rank in found) / len(ranks), 3) for k in (1, 5, 10)},
        "mrr": round(sum(1 / rank for rank in found) / len(ranks), 3),
    }


def show(figures: dict[str, dict[str, Any]], reports: int, duplicates: list[Duplicate]) -> None:
    cut = duplicates[len(duplicates) // 2].report.at
    print(f"{reports:,} reports, {len(duplicates)} of them duplicates of earlier ones; tuned before {cut:%B %Y}")
    print(f"{'':<33}{'earlier half (tuned on)':^32}{'later half (test)':^32}")
    head = f"{'recall@1':>10}{'@5':>7}{'@10':>7}{'MRR':>7} "
    print(f"{'':<33}{head}{head}{'median':>9}")
    for name, figure in figures.items():
        halves = "".join(
            f"{half['recall@1']:>10.3f}{half['recall@5']:>7.3f}{half['recall@10']:>7.3f}{half['mrr']:>7.3f} "
            for half in (figure["earlier"], figure["later"])
        )
        print(f"{name:<33}{halves}{figure['milliseconds']:>6.1f} ms")
    ours, plain = figures[OURS]["later"], figures[PLAIN]["later"]
    gain = ours["recall@5"] - plain["recall@5"]
    print(
        f"On the later half recall@5 is {gain * 100:+.1f} points against plain ts_rank "
        f"({ours['recall@5'] / plain['recall@5']:.2f} times as many found)."
    )


if __name__ == "__main__":
    main()
