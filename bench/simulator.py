"""The simulator on a desk of 100,000 escalations: seconds, escalations a second, and the most memory it took.

Run from the repository's root, with its virtual environment: python -m bench.simulator [--json FILE]

It starts a PostgreSQL and a Valkey of its own under .run/bench, tells 1,000 escalations of five events each
through the replay that imports use, copies them a hundred times with other dates, and throws everything away in
the end. With --existing it simulates all that the database of DATABASE_URL holds, and leaves nothing there.
"""

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".run" / "bench-simulator"
TOLD = 1000
DAYS = 88


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tickets", type=int, default=100_000, help="how many, in whole thousands")
    parser.add_argument("--existing", action="store_true", help="simulate what DATABASE_URL holds")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    os.environ.setdefault("SECRET_KEY", "of a bench")
    if arguments.existing:
        _start_django()
        figures = measured()
    else:
        try:
            _start_services()
            _start_django()
            began = time.monotonic()
            fill(arguments.tickets // TOLD)
            print(f"{arguments.tickets:,} escalations made in {time.monotonic() - began:.0f} s", flush=True)
            figures = measured()
        finally:
            _services("stop")
            shutil.rmtree(FOLDER, ignore_errors=True)
    print(
        "{tickets:,} escalations with {events:,} events and {clocks:,} clocks, each by two rules: "
        "{seconds:.1f} s ({processor_seconds:.1f} s of the processor), {per_second:,} escalations a second, "
        "{changed:,} clocks changed, "
        "{peak_mb} MB at most".format_map(figures)
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"simulator": figures}, indent=2) + "\n")


def measured() -> dict[str, Any]:
    """Simulate what half of every target would have done to all escalations there are."""
    from django.db import transaction
    from django.db.models import Max, Min

    from accounts.models import User
    from common import clock
    from escalations.models import Clock, Policy, PolicyVersion, Ticket
    from events.models import Event
    from reports import days, simulation, trial
    from reports.models import Simulation

    drafts = []
    for policy in Policy.objects.filter(current__isnull=False).select_related("current"):
        columns: dict[str, Any] = {name: getattr(policy.current, name) for name in trial.POLICY_COLUMNS}
        columns["targets"] = [row | {"minutes": max(1, row["minutes"] // 2)} for row in columns["targets"]]
        drafts.append(PolicyVersion(pk=-policy.pk, policy=policy, number=0, **columns))
    span = Ticket.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    with transaction.atomic():
        tried = Simulation.objects.create(
            requested_by=User.objects.create_superuser("bench@example.com"), requested_at=clock.now(),
            first=days.day_of(span["first"]), last=days.day_of(span["last"]),
            tried=trial.copied(policies=drafts), tickets=Ticket.objects.count(),
        )  # fmt: skip
        began, worked = time.monotonic(), time.process_time()
        simulation.run(tried)
        seconds, worked = time.monotonic() - began, time.process_time() - worked
        tried.refresh_from_db()
        if tried.state != "done":
            raise SystemExit(f"The simulation ended as {tried.state}: {tried.trouble}")
        figures = {
            "tickets": tried.tickets,
            "events": Event.objects.filter(kind__startswith="ticket.").count(),
            "clocks": Clock.objects.count(),
            "seconds": round(seconds, 2),
            "processor_seconds": round(worked, 2),
            "per_second": round(tried.tickets / seconds),
            "changed": tried.changed,
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        transaction.set_rollback(True)
    return figures


def fill(copies: int) -> None:
    """Tell TOLD escalations of the last two days, and copy them until there are `copies` times as many."""
    from accounts.models import Team, User
    from common import clock
    from escalations import defaults, policies
    from escalations.models import Category, ContractForm, Customer, Segment
    from integrations import storing

    defaults.seed()
    now = clock.now()
    cast: dict[str, Any] = {
        "agent": User.objects.create_user("agent@example.com"),
        "teams": [Team.objects.create(name=f"Second line {number}", kind="l2") for number in range(4)],
        "partner": Team.objects.create(name="Partner", kind="partner"),
        "categories": list(Category.objects.all()),
        "form": ContractForm.objects.first(),
        "customers": [
            Customer.objects.create(
                external_id=f"C-{number}", name=f"Customer {number}", segment=Segment.values[number % 3],
                created_at=now,
            )
            for number in range(300)
        ],
    }  # fmt: skip
    chance, rules = Random(1), policies.rulebook()
    told = [
        _told(chance, cast, rules, now - timedelta(hours=24 + 24 * chance.random()), story=number % 5)
        for number in range(TOLD)
    ]
    storing.store(told)
    _copy(copies - 1, every=timedelta(days=DAYS) / copies)


def _told(chance: Random, cast: dict[str, Any], rules: Any, at: datetime, *, story: int) -> Any:
    """Return one escalation with five events and five to seven clocks."""
    from escalations.models import HandOver, MessageKind, State, Ticket
    from integrations.replay import Replay

    agent = cast["agent"]
    category, customer = chance.choice(cast["categories"]), chance.choice(cast["customers"])
    ticket = Ticket(
        subject="A payment does not arrive", description="Nothing since this morning.", category=category,
        form=cast["form"], customer=customer, channel=chance.choice(["phone", "chat", "email"]),
        priority=chance.choice([1, 2, 2, 3, 3, 3, 4, 4]), team=chance.choice(cast["teams"]), created_by=agent,
    )  # fmt: skip
    replay = Replay(ticket, rules)

    def later() -> datetime:
        nonlocal at
        at += timedelta(minutes=chance.lognormvariate(4, 1.2))
        return at

    replay.create(at, by=agent)
    if story == 0:
        replay.set_priority(later(), chance.randint(1, 4), by=agent)
    elif story == 1:
        replay.move(later(), chance.choice(cast["teams"]), by=agent)
    replay.accept(later(), by=agent)
    if story == 2:
        question = replay.say(later(), MessageKind.TO_CUSTOMER, "?", by=agent)
        replay.wait(at, State.WAITING_CUSTOMER, by=agent, message=question)
        replay.message(later(), MessageKind.FROM_CUSTOMER, "!", by=agent, resumes=True)
    elif story == 3:
        handed = HandOver(ticket=ticket, team=cast["partner"], question="?", asked_by=agent, asked_at=later())
        replay.add(handed)
        replay.wait(at, State.WAITING_PARTNER, by=agent, hand_over=handed, partner=cast["partner"].pk)
        replay.message(later(), MessageKind.PARTNER, "!", by=agent, hand_over=handed, resumes=True)
    else:
        replay.message(later(), MessageKind.TO_CUSTOMER, "Soon", by=agent)
    if story == 4:
        replay.message(later(), MessageKind.FROM_CUSTOMER, "When?", by=agent)
    if story != 4 or chance.random() < 0.5:
        replay.resolve(later(), by=agent)
    return replay


def _copy(times: int, *, every: timedelta) -> None:
    """Add each escalation, its hand-overs, events and clocks again and again, each time a while earlier."""
    from django.db import connection

    from escalations.models import Clock, ClockEntry, HandOver, Ticket
    from events.models import Event

    copied = (Ticket, HandOver, Event, Clock, ClockEntry)
    with connection.cursor() as cursor:
        step = {}
        for model in copied:
            cursor.execute(f"SELECT max(id) FROM {model._meta.db_table}")
            step[model._meta.db_table] = cursor.fetchone()[0] or 0
        for model in copied:
            table = model._meta.db_table
            names, values = [], []
            for field in model._meta.concrete_fields:
                if field.generated:
                    continue
                names.append(field.column)
                values.append(_copied(field, step))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
                f"FROM {table}, generate_series(1, %s) AS n WHERE {table}.id <= %s",
                [every] * sum("%s" in value for value in values) + [times, step[table]],
            )
        cursor.execute("ANALYZE")


def _copied(field: Any, step: dict[str, int]) -> str:
    """Return what a copy's column holds, in SQL with `n` for the number of the copy."""
    table, column = field.model._meta.db_table, field.column
    named = f"{table}.{column}"
    if field.primary_key:
        return f"{named} + n * {step[table]}"
    if field.is_relation and (target := field.related_model._meta.db_table) in step:
        return f"{named} + n * {step[target]}"
    if field.get_internal_type() == "DateTimeField":
        return f"{named} - n * %s"
    if column == "subject_id":
        return f"{named} + n * {step['escalations_ticket']}"
    if column == "data":  # of an event: it names the hand-over
        return (
            f"CASE WHEN {named} ? 'hand_over' THEN jsonb_set({named}, '{{hand_over}}', "
            f"to_jsonb(({named}->>'hand_over')::bigint + n * {step['escalations_handover']})) ELSE {named} END"
        )
    return named


def _start_services() -> None:
    _services("start", "--throwaway")
    for line in _services("env").splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        os.environ[name] = value


def _services(*action: str) -> str:
    command = [sys.executable, str(ROOT / "bin" / "services"), *action, "--folder", str(FOLDER)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def _start_django() -> None:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
