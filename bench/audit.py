"""The audit trail: eight people who write at once, sealed meanwhile, then checked.

    python -m bench.audit [--writers 8] [--each 1000] [--json FILE]

It starts a PostgreSQL and a Valkey of its own under .run/bench-audit and throws everything away in the end. Each
change is a transaction with one event, whose entry the trigger writes. A second pass writes without that trigger.
"""

import argparse
import json
import threading
import time
from pathlib import Path
from typing import Any

from bench.services import ROOT, running

FOLDER = ROOT / ".run" / "bench-audit"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--each", type=int, default=1000)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    with running(FOLDER):
        figures = measured(arguments.writers, arguments.each)
    print(
        "{records:,} records of {writers} writers: written in {writing:.1f} s ({without:.1f} s without the "
        "trail), sealed {late:.2f} s after the last, numbers {gapless}; checked in {checking:.1f} s, "
        "{rate:,} a second; sealing alone {sealing:,} a second".format_map(figures)
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"audit": figures}, indent=2) + "\n")


def measured(writers: int, each: int) -> dict[str, Any]:
    """Write, seal meanwhile, and check."""
    from django.db import connection

    from audit import sealing, verifying
    from audit.models import Seal

    sealing.seal()
    before = sealing.end()[0]
    over = threading.Event()

    def seal() -> None:
        while not over.wait(0.05):
            sealing.seal()
        connection.close()

    sealer = threading.Thread(target=seal)
    sealer.start()
    writing = _written(writers, each)
    since = time.monotonic()
    over.set()
    sealer.join()
    sealing.seal()
    late = time.monotonic() - since
    numbers = list(Seal.objects.order_by("number").values_list("number", flat=True))
    gapless = numbers == list(range(1, before + writers * each + 1))
    since = time.monotonic()
    outcome = verifying.verify()
    checking = time.monotonic() - since
    _written(writers, each)
    since = time.monotonic()
    sealed = sealing.seal()
    alone = time.monotonic() - since
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_audited")
    without = _written(writers, each)
    return {
        "records": writers * each,
        "writers": writers,
        "writing": writing,
        "without": without,
        "late": late,
        "gapless": "gapless" if gapless and outcome.bad is None else "WRONG",
        "checking": checking,
        "rate": round(outcome.last / checking),
        "sealing": round(sealed / alone),
    }


def _written(writers: int, each: int) -> float:
    """Write that many records, and return the seconds it took."""
    from django.db import connection, transaction

    from accounts import people
    from events.recording import record

    system = people.system()

    def write() -> None:
        for number in range(each):
            with transaction.atomic():
                record("thing.happened", subject=("thing", number), by=system, data={"state": "new", "owner": 7})
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    since = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - since


if __name__ == "__main__":
    main()
