"""Whether the trail is what it was: every record against its seal, its event, the one before, and checkpoints.

Reads the chain from its beginning, or from where the last proof of deletion lets it go on, and stops at the
first record that is not right.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from audit import canonical, checkpoints, keys, retention
from audit.checkpoints import Checkpoint
from audit.models import Deletion, Entry, Seal, Verification
from common import clock
from events.models import Event
from events.recording import record

if TYPE_CHECKING:
    from accounts.models import User

ASKED = "audit.check_asked"
BATCH = 2000
SEALED_WITHIN = timedelta(hours=1)  # an entry waits for transactions that began before it

PROBLEMS = {
    "gap": _("The record is missing: the numbers go on without it."),
    "missing": _("The entry is missing, its seal is there."),
    "changed": _("The record does not fit its seal: it, or one of the two hashes, was changed."),
    "key": _("The record was sealed with a key that is not on the ring."),
    "event": _("The event that the record tells of is missing or was changed."),
    "proof": _("The proof of deletion is not genuine, or leaves a gap."),
    "tail": _("Records are missing at the end: a checkpoint saw them."),
    "checkpoint": _("The record is not the one that a checkpoint saw."),
    "forged": _("A checkpoint is not genuine."),
    "unsealed": _("An entry was never sealed."),
}

# Events and what was sealed of them say the same.
OTHERWISE = """
SELECT entry.id FROM audit_entry AS entry LEFT JOIN events_event AS event ON event.id = entry.event_id
WHERE entry.id = ANY(%s) AND entry.event_id IS NOT NULL AND (
    event.id IS NULL OR (event.kind, event.subject_type, event.subject_id, event.actor_id, event.data)
        IS DISTINCT FROM (entry.action, entry.object_type, entry.object_id, entry.person_id, entry.data))
"""

UNSEALED = """
SELECT entry.id FROM audit_entry AS entry
WHERE entry.at < %s AND entry.transaction < pg_snapshot_xmin(pg_current_snapshot())
    AND NOT EXISTS (SELECT FROM audit_seal WHERE entry_id = entry.id)
ORDER BY entry.id LIMIT 1
"""


class Bad(Exception):
    """The trail is not whole; `number` is the first record that is not right, if it is one record."""

    def __init__(self, problem: str, number: int | None, detail: str = "") -> None:
        super().__init__(problem, number, detail)
        self.problem, self.number, self.detail = problem, number, detail


@dataclass
class Outcome:
    """What was checked, and the first bad thing, if any."""

    first: int
    last: int
    checkpoints: int = 0
    bad: Bad | None = None


def verify(
    seen: Iterable[Checkpoint] = (), *, told: Callable[[int, int], object] = lambda _done, _total: None
) -> Outcome:
    """Check the whole trail, and that it agrees with the checkpoints. `told` hears how far it has come.

    Somebody may delete what is old meanwhile: then the check starts again from where the chain begins now.
    """
    seen = list(seen)
    while True:
        proofs = Deletion.objects.count()
        outcome = _verify_once(seen, told)
        if outcome.bad is None or Deletion.objects.count() == proofs:
            return outcome


def _verify_once(seen: list[Checkpoint], told: Callable[[int, int], object]) -> Outcome:
    outcome = Outcome(first=1, last=0)
    try:
        outcome.last, previous = _deleted()
        outcome.first = outcome.last + 1
        wanted = _genuine(seen)
        outcome.checkpoints = len(seen)
        end = Seal.objects.aggregate(last=Max("number"))["last"] or outcome.last
        _agrees(wanted, outcome.last, previous)
        while rows := list(Seal.objects.filter(number__gt=outcome.last).order_by("number")[:BATCH]):
            entries = Entry.objects.in_bulk([row.entry_id for row in rows])
            otherwise = _otherwise(list(entries))
            for row in rows:
                previous = _fits(row, entries.get(row.entry_id), outcome.last, previous)
                if row.entry_id in otherwise:
                    raise Bad("event", row.number)
                outcome.last = row.number
                _agrees(wanted, row.number, previous)
            told(outcome.last - outcome.first + 1, max(end, outcome.last) - outcome.first + 1)
        later = min((number for number in wanted if number > outcome.last), default=None)
        if later is not None:
            detail = f"{wanted[later].at}: {later}"
            raise Bad("tail", outcome.last + 1, detail)
        _nothing_unsealed(clock.now() - SEALED_WITHIN)
    except Bad as bad:
        outcome.bad = bad
    return outcome


def _deleted() -> tuple[int, bytes]:
    """Return the last deleted number and its hash, having checked every proof."""
    last, digest = 0, canonical.GENESIS
    for proof in Deletion.objects.order_by("first"):
        try:
            genuine = keys.is_signed(retention.message(proof), proof.key, bytes(proof.signature))
        except keys.UnknownKey:
            genuine = False
        if not genuine or proof.first != last + 1:
            raise Bad("proof", proof.first, f"{proof.first}–{proof.last}")
        last, digest = proof.last, bytes(proof.last_hash)
    return last, digest


def _genuine(seen: list[Checkpoint]) -> dict[int, Checkpoint]:
    for checkpoint in seen:
        try:
            genuine = checkpoint.is_genuine()
        except keys.UnknownKey:
            genuine = False
        if not genuine:
            raise Bad("forged", checkpoint.number, f"line {checkpoint.line}")
    numbers = {checkpoint.number: checkpoint for checkpoint in seen}
    for checkpoint in seen:
        if checkpoint.hash != numbers[checkpoint.number].hash:
            raise Bad("checkpoint", checkpoint.number, f"line {checkpoint.line}")
    return numbers


def _agrees(wanted: dict[int, Checkpoint], number: int, digest: bytes) -> None:
    checkpoint = wanted.get(number)
    if checkpoint is not None and checkpoint.hash != digest:
        raise Bad("checkpoint", number, checkpoint.at)


def _fits(row: Seal, entry: Entry | None, last: int, previous: bytes) -> bytes:
    if row.number != last + 1:
        raise Bad("gap", last + 1)
    if entry is None:
        raise Bad("missing", row.number)
    try:
        secret = keys.secret(row.key)
    except keys.UnknownKey:
        raise Bad("key", row.number, row.key) from None
    digest = canonical.chained(secret, previous, canonical.record(entry, row.number, row.key))
    if digest != bytes(row.hash):
        raise Bad("changed", row.number)
    return digest


def _otherwise(ids: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(OTHERWISE, [ids])
        return {pk for (pk,) in cursor.fetchall()}


def _nothing_unsealed(before: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [before])
        if row := cursor.fetchone():
            raise Bad("unsealed", None, f"entry {row[0]}")


def ask(*, by: "User") -> None:
    """Have the whole trail checked as soon as a worker comes to it."""
    record(ASKED, subject=("audit", 0), by=by)


def handle(event: Event) -> None:
    """Check the trail because somebody asked (the consumer of ASKED)."""
    started_at = clock.now()
    keep(verify(known()), started_at, by=event.actor)


def known() -> list[Checkpoint]:
    """Return the checkpoints of our own file; none if there is no such file. Raises checkpoints.Unreadable."""
    file = Path(settings.AUDIT_CHECKPOINT_FILE)
    return list(checkpoints.read(file)) if file.exists() else []


def keep(outcome: Outcome, started_at: datetime, *, by: "User | None" = None) -> Verification:
    """Keep what came of a check, for the page that shows it."""
    bad = outcome.bad
    return Verification.objects.create(
        started_at=started_at,
        finished_at=clock.now(),
        first=outcome.first,
        last=outcome.last,
        checkpoints=outcome.checkpoints,
        bad_number=bad.number if bad else None,
        problem=bad.problem if bad else "",
        detail=bad.detail if bad else "",
        by=by,
    )
