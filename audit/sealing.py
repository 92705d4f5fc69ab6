"""Giving committed entries their place in the chain, one after the other, without holding up who writes them.

Ids come from a sequence and commit in any order; a transaction's number tells what can no longer change. Below
the horizon (`pg_snapshot_xmin`) every transaction has ended, so entries in the order of (transaction, id) never
get another one before them, and the last sealed one is the place to read on from.
"""

from django.db import connection, transaction

from audit import canonical, keys
from audit.models import Deletion, Entry, Seal

BATCH = 1000
LOCK = 0x5345414C  # "SEAL": the advisory lock of whoever seals or deletes

# A database restored from a dump counts transactions anew: then the last sealed one is ahead of what there is.
PLACE = """
SELECT transaction::text, id FROM audit_entry
WHERE id = %s AND transaction < pg_snapshot_xmax(pg_current_snapshot())
"""

# OFFSET 0: a join with all seals would be taken for cheaper. Only after a restore is any of them found.
NEXT = """
SELECT entry.id FROM audit_entry AS entry
WHERE (entry.transaction, entry.id) > (%s::xid8, %s)
    AND entry.transaction < pg_snapshot_xmin(pg_current_snapshot())
    AND NOT EXISTS (SELECT FROM audit_seal WHERE entry_id = entry.id OFFSET 0)
ORDER BY entry.transaction, entry.id LIMIT %s
"""

LEFT = """
SELECT entry.id FROM audit_entry AS entry
WHERE NOT EXISTS (SELECT FROM audit_seal WHERE entry_id = entry.id)
    AND (entry.transaction < pg_snapshot_xmin(pg_current_snapshot())
         OR entry.transaction >= pg_snapshot_xmax(pg_current_snapshot()))
ORDER BY entry.id LIMIT %s
"""


# Twice as fast as one row of values for each.
SEAL = """
INSERT INTO audit_seal (number, entry_id, key, hash)
SELECT number, entry_id, %s, decode(hash, 'hex')
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS sealed (number, entry_id, hash)
"""


def end() -> tuple[int, bytes]:
    """Return the last number and its hash: a seal's, else the last proof of deletion's, else zero."""
    if last := Seal.objects.order_by("-number").first():
        return last.number, bytes(last.hash)
    if proof := Deletion.objects.order_by("-last").first():
        return proof.last, bytes(proof.last_hash)
    return 0, canonical.GENESIS


def seal(*, restored: bool = False) -> int:
    """Seal what is committed; return how many entries. Does nothing while somebody else seals.

    `restored` looks at every entry, for a database that came from a dump: what was not sealed before may then
    bear the number of a transaction that is yet to come.
    """
    sealed = 0
    while count := _seal_batch(restored=restored):
        sealed += count
    return sealed


@transaction.atomic
def _seal_batch(*, restored: bool) -> int:
    if not locked():
        return 0
    ids = _left_over() if restored else _next()
    entries = Entry.objects.in_bulk(ids)
    before, previous = end()
    name, secret = keys.sealing()
    numbers, hashes = [], []
    for number, pk in enumerate(ids, start=before + 1):
        previous = canonical.chained(secret, previous, canonical.record(entries[pk], number, name))
        numbers.append(number)
        hashes.append(previous.hex())
    with connection.cursor() as cursor:
        cursor.execute(SEAL, [name, numbers, ids, hashes])
    return len(ids)


def _next() -> list[int]:
    last = Seal.objects.order_by("-number").values_list("entry_id", flat=True).first()
    with connection.cursor() as cursor:
        cursor.execute(PLACE, [last])
        cursor.execute(NEXT, [*(cursor.fetchone() or ("0", 0)), BATCH])
        return [pk for (pk,) in cursor.fetchall()]


def _left_over() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [BATCH])
        return [pk for (pk,) in cursor.fetchall()]


def locked() -> bool:
    """Take the lock of whoever seals or deletes until the transaction ends; return whether it was free."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
