"""Deleting what is older than a year, with a signed proof of what it was.

The proof names the numbers, and the hash from which the chain verifies on. The database takes no proof that
covers anything of the last twelve months, and deletes nothing without a proof.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

from audit import canonical, keys, sealing
from audit.models import Deletion, Seal
from audit.noting import note
from common import clock

KEPT_FOR = timedelta(days=372)  # twelve months as the database counts them, and some days more
BATCH = 20_000


def forget() -> int:
    """Delete what is older than it must be kept; return how many records."""
    deleted = 0
    while count := _forget_batch(clock.now() - KEPT_FOR):
        deleted += count
    return deleted


@transaction.atomic
def _forget_batch(before: datetime) -> int:
    if not sealing.locked():
        return 0
    first = Seal.objects.select_related("entry").order_by("number").first()
    if first is None or first.entry.at >= before:
        return 0
    old = Seal.objects.filter(number__lt=first.number + BATCH)
    # Entries are sealed as they are committed, not quite in the order of their times.
    young = old.filter(entry__at__gte=before).order_by("number").first()
    end = old.filter(number__lt=young.number) if young else old
    last = end.select_related("entry").latest("number")
    proof = Deletion(
        first=first.number,
        last=last.number,
        last_hash=last.hash,
        last_at=last.entry.at,
        at=clock.now(),
        key=keys.signing(),
    )
    proof.signature = keys.signed(message(proof))
    proof.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secondline_audit_forget()")
        deleted: int = cursor.fetchone()[0]
    note("audit.deleted", by=None, about=("audit", proof.pk), data={"first": proof.first, "last": proof.last})
    return deleted


def message(proof: Deletion) -> bytes:
    """Return what is signed of a proof."""
    return canonical.spelled(
        {
            "first": proof.first,
            "last": proof.last,
            "last_hash": bytes(proof.last_hash).hex(),
            "last_at": canonical.moment(proof.last_at),
            "at": canonical.moment(proof.at),
            "key": proof.key,
        }
    )
