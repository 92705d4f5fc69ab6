"""Sensitive actions: many who request at once under a limit, and how many a second are requested and carried out.

    python -m bench.actions [--requests 200] [--people 8] [--json FILE]

It starts a PostgreSQL and a Valkey of its own under .run/bench-actions and throws everything away in the end.
Each request is for 100 points of an original of its own, of one account; the limit lets every second one through.
All of those are then approved and posted. The back office is not asked: its facts are given.
"""

import argparse
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.services import ROOT, running

FOLDER = ROOT / ".run" / "bench-actions"
EACH = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--people", type=int, default=8, help="how many at the same time")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    with running(FOLDER):
        figures = measured(arguments.requests, arguments.people)
    print(
        "{requests} requests of {each} by {people} at once under a limit of {limit}: {kept} kept it, {refused} "
        "refused, {used} used; {requesting:.0f} requests a second, {approving:.0f} approvals, {posting:.0f} "
        "postings; {sum} is the sum of all postings".format_map(figures)
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"actions": figures}, indent=2) + "\n")


def measured(requests: int, people: int) -> dict[str, Any]:
    """Request, approve and post; return what came of it."""
    from django.db.models import Sum

    from accounts.models import User
    from actions import execution, lifecycle
    from actions.models import Action, State
    from common.errors import Refused
    from points.models import Posting
    from tests.actions.acting import Acting, known, proof, refund, spent
    from tests.escalations.desk import Desk

    _catalogue()
    acting = Acting(Desk())
    desk, facts = acting.desk, known()
    limit = requests // 2 * EACH
    _limit(limit, desk)
    drafts = [acting.drafted(payload=refund(EACH, spent(EACH))) for _ in range(requests)]
    refused: list[Action] = []

    def request(action: Action) -> None:
        try:
            lifecycle.request(action, facts, by=desk.l2)
        except Refused:
            refused.append(action)

    def approve(action: Action, by: User = desk.lead) -> None:
        lifecycle.approve(action, facts, by=by, digest=action.digest, proof_given=proof(by))

    def post(action: Action) -> None:
        execution.begin(action)
        execution.carry_out(action.pk)

    requesting = _timed(request, drafts, people)
    kept = list(Action.objects.filter(state=State.REQUESTED))
    approving = _timed(approve, kept, people)
    posting = _timed(post, kept, people)
    done = Action.objects.filter(state=State.DONE)
    return {
        "requests": requests,
        "each": EACH,
        "people": people,
        "limit": limit,
        "kept": len(kept),
        "refused": len(refused),
        "used": done.aggregate(sum=Sum("amount"))["sum"],
        "requesting": requests / requesting,
        "approving": len(kept) / approving,
        "posting": len(kept) / posting,
        "sum": Posting.objects.aggregate(sum=Sum("points"))["sum"],
    }


def _catalogue() -> None:
    from escalations import defaults

    defaults.seed()


def _limit(most: int, desk: Any) -> None:
    """Put a limit for the account in force, as two leads would."""
    from accounts.models import Role
    from actions import policies
    from tests.actions.acting import proof

    other = desk.person("Lola Lead", (desk.accounts, Role.LEAD))
    terms = {**policies.in_force("points_refund").terms, "customer_most": most, "person_most": None}
    version = policies.save_draft(
        "points_refund", terms, approver_team=None, approver_role="lead", why="A bench.", by=desk.lead
    )
    policies.approve(policies.propose(version, by=desk.lead), by=other, proof_given=proof(other))


def _timed(act: Callable[[Any], None], things: Iterable[Any], people: int) -> float:
    """Do it to each thing, so many at a time, and return the seconds it took."""
    from django.db import connection

    left: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for thing in things:
        left.put(thing)

    def work() -> None:
        try:
            while True:
                act(left.get_nowait())
        except queue.Empty:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(people)]
    since = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - since


if __name__ == "__main__":
    main()
