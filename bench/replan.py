"""A calendar changes under 100,000 running clocks: seconds until all of them count by it, and to check them all.

Run from the repository's root, with its virtual environment: python -m bench.replan [--clocks N] [--json FILE]

It starts a PostgreSQL and a Valkey of its own under .run/bench-replan, tells open escalations with three running
clocks each through the replay that imports use, publishes another version of the calendar, previews it for all of
them, applies it, and compares every clock with its ledger. The work goes the way it goes in the running program:
as deliveries, which a relay hands to two workers. All is thrown away in the end.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".run" / "bench-replan"
RUNNING = 3  # clocks of each escalation
TARGET_SECONDS = 30
WORDS = ("payment", "card", "refund", "transfer", "bank", "gateway", "callback", "invoice", "points", "login")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clocks", type=int, default=100_000, help="how many run")
    parser.add_argument("--workers", type=int, default=2, help="processes that carry deliveries out")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    os.environ.setdefault("SECRET_KEY", "of a bench")
    try:
        _start_services()
        _start_django()
        began = time.monotonic()
        fill(-(-arguments.clocks // RUNNING))
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        figures = measured(arguments.workers)
    finally:
        _services("stop")
        shutil.rmtree(FOLDER, ignore_errors=True)
    print(
        "{clocks:,} running clocks of {tickets:,} escalations, {workers} workers: preview {preview_seconds} s, "
        "change {seconds} s ({per_second:,} clocks a second, target {target} s), of it {processor_seconds} s of "
        "the workers' processors; {peak_mb} MB at most; load {load}; "
        "ledger check {check_per_100_000} s per 100,000 clocks".format_map(figures)
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"replan": figures}, indent=2) + "\n")


def fill(tickets: int) -> None:
    """Tell so many open escalations of the last days, each with two clocks that stopped and three that run."""
    from accounts.models import Team, User
    from common import clock
    from escalations import defaults, policies
    from escalations.models import Category, ContractForm, Customer, Segment
    from integrations import storing

    defaults.seed()
    _publish_policy(_publish_calendar(lunch=False))
    now, chance = clock.now(), Random(1)
    cast: dict[str, Any] = {
        "agent": User.objects.create_user("agent@example.com"),
        "teams": [Team.objects.create(name=f"Second line {number}", kind="l2") for number in range(4)],
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
    rules = policies.rulebook()
    for first in range(0, tickets, 1000):
        ages = [timedelta(hours=1 + 200 * chance.random()) for _ in range(first, min(first + 1000, tickets))]
        storing.store([_told(chance, cast, rules, now - age) for age in ages])
    _forget_deliveries()


def _told(chance: Random, cast: dict[str, Any], rules: Any, at: Any) -> Any:
    from escalations.models import MessageKind, State, Ticket
    from integrations.replay import Replay

    agent = cast["agent"]
    ticket = Ticket(
        subject=" ".join(chance.choices(WORDS, k=6)),
        description=" ".join(chance.choices(WORDS, k=60)),
        category=chance.choice(cast["categories"]), form=cast["form"], customer=chance.choice(cast["customers"]),
        channel=chance.choice(["phone", "chat", "email"]), priority=chance.choice([1, 2, 2, 3, 3, 3, 4, 4]),
        team=chance.choice(cast["teams"]), created_by=agent,
    )  # fmt: skip
    replay = Replay(ticket, rules)
    replay.create(at, by=agent)
    replay.accept(at + timedelta(minutes=10), by=agent)
    replay.start(at + timedelta(minutes=12), by=agent)
    question = replay.say(at + timedelta(minutes=20), MessageKind.TO_CUSTOMER, "When?", by=agent)
    replay.wait(at + timedelta(minutes=20), State.WAITING_CUSTOMER, by=agent, message=question)
    replay.resume(at + timedelta(minutes=50), by=agent)
    return replay


def _publish_calendar(*, lunch: bool) -> Any:
    from accounts import people
    from escalations import calendars
    from escalations.models import Calendar, CalendarVersion

    calendar, _new = Calendar.objects.get_or_create(name="Bench")
    spans = [("08:00", "12:00"), ("13:00", "20:00")] if lunch else [("08:00", "20:00")]
    weekly = [{"day": day, "opens": opens, "closes": closes} for day in range(7) for opens, closes in spans]
    draft = CalendarVersion(
        calendar=calendar, number=calendar.versions.count() + 1, zone="Asia/Manila", weekly=weekly,
        holiday_country="PH",
    )  # fmt: skip
    return calendars.publish(draft, by=people.system()).calendar


def _publish_policy(calendar: Any) -> None:
    from accounts import people
    from escalations import policies
    from escalations.models import Metric, Policy, PolicyVersion, Priority

    minutes = {
        Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 240, Metric.OWNERSHIP: 3000, Metric.FIRST_RESOLUTION: 6000,
        Metric.RESOLUTION: 9000,
    }  # fmt: skip
    targets = [
        {"metric": metric, "priority": priority, "minutes": count * priority, "business_time": True}
        for metric, count in minutes.items()
        for priority in Priority.values
    ]
    policy = Policy.objects.create(name="Bench", position=0)
    draft = PolicyVersion(
        policy=policy, number=1, calendar=calendar, targets=targets, pauses_in=["waiting_customer"]
    )
    policies.publish(draft, by=people.system())


def measured(workers: int) -> dict[str, Any]:
    """Change the calendar; return what previewing and applying it to all clocks took, and checking them."""
    from accounts.models import User
    from escalations import ledger_check, reapplications
    from escalations.models import Calendar, Clock, Reapplication, Ticket

    admin = User.objects.create_superuser("bench@example.com")
    running = Clock.objects.filter(state="running", policy__policy__name="Bench")
    clocks = running.count()
    _publish_calendar(lunch=True)
    _analyze()
    seconds: dict[str, float] = {}
    began = time.monotonic()
    asked = reapplications.request(Reapplication(), by=admin)
    _deliver_all(asked.pk, "previewed", workers)
    seconds["preview"] = time.monotonic() - began
    began, used = time.monotonic(), _used_by_workers()
    reapplications.apply(asked, by=admin)
    _deliver_all(asked.pk, "applied", workers)
    seconds["change"] = time.monotonic() - began
    used = _used_by_workers() - used
    asked = Reapplication.objects.get(pk=asked.pk)
    current = Calendar.objects.get(name="Bench").current
    if asked.changed_clocks != clocks or running.exclude(calendar=current).exists():
        raise SystemExit(f"{asked.changed_clocks} of {clocks} clocks were changed")
    began = time.monotonic()
    seen = different = 0
    for one in ledger_check.recompute():
        seen += one.clocks
        different += len(one.differences)
    check = time.monotonic() - began
    if different:
        raise SystemExit(f"{different} cached columns differ from the ledger")
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "clocks": clocks,
        "tickets": Ticket.objects.count(),
        "workers": workers,
        "preview_seconds": round(seconds["preview"], 1),
        "seconds": round(seconds["change"], 1),
        "per_second": round(clocks / seconds["change"]),
        "target": TARGET_SECONDS,
        "processor_seconds": round(used, 1),
        "load": round(os.getloadavg()[0], 1),
        "peak_mb": round(peak / 1024),
        "checked_clocks": seen,
        "check_per_100_000": round(check * 100_000 / seen, 1),
    }


def _deliver_all(number: int, state: str, workers: int) -> None:
    """Be the relay, with so many workers, until the re-application is in `state`."""
    from django.db import connections

    from escalations.models import Reapplication
    from events import relay

    connections.close_all()
    context = multiprocessing.get_context("fork")
    owed: Any = context.Queue()
    processes = [context.Process(target=_work, args=(owed,)) for _ in range(workers)]
    for process in processes:
        process.start()
    try:
        while Reapplication.objects.get(pk=number).state != state:
            if not relay.hand_on(owed.put):
                time.sleep(relay.IDLE_SECONDS)
            if not all(process.is_alive() for process in processes):
                raise SystemExit("a worker died")
    finally:
        for _process in processes:
            owed.put(None)
        for process in processes:
            process.join()


def _work(owed: Any) -> None:
    from events import relay

    while (delivery := owed.get()) is not None:
        if not relay.deliver(delivery):
            raise SystemExit(f"delivery {delivery} failed")


def _used_by_workers() -> float:
    """Return the processor seconds of the workers that have ended: what a busy machine does not stretch."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _forget_deliveries() -> None:
    """Let nothing but what is measured be delivered: the figures of what was told are another bench."""
    from events.models import Delivery

    Delivery.objects.all().delete()


def _analyze() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _start_services() -> None:
    _services("start")
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
