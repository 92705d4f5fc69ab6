"""Encryption of what a review holds: AES-256-GCM, two layers of keys, each ciphertext bound to its place.

Each case has a data key of its own, made at random. It seals the case's notes, answers, names of files, files and
packs, each with a fresh random nonce. The data key is sealed in turn by the first key of the ring COMPLIANCE_KEYS,
whose name stands beside it. So changing the ring's key (`rotate`) seals one small value per case anew, and what
was written, which the database lets nobody change, stays as it is.

What is sealed is bound to where it stands (associated data): table, column, row and case. A ciphertext that is put
elsewhere, or changed by one bit, does not open.

    sealed = 0x01 | nonce (12 bytes) | ciphertext | tag (16 bytes)
"""

import json
import secrets
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from common.errors import Refused
from common.sealed import opened_bytes, sealed_bytes
from compliance.models import Case

VERSION = b"\x01"
DATA_KEY = 32
BATCH = 200


class Unreadable(Refused):
    """What is sealed does not open: it was changed or moved behind Secondline's back, or its key is gone."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This can't be opened: it was changed from outside, or its key is missing."
                " Tell whoever runs Secondline."
            )
        )


def next_number(model: type[Model]) -> int:
    """Return the id of the row of `model` that is about to be made: what is sealed in it names it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def current() -> str:
    """Return the name of the ring's key that seals now."""
    return str(next(iter(settings.COMPLIANCE_KEYS)))


def new_key(case: Case) -> None:
    """Give a case that is about to be made its data key."""
    case.key_name = current()
    case.key = _sealed(
        settings.COMPLIANCE_KEYS[case.key_name], secrets.token_bytes(DATA_KEY), _place(case, "key", case.pk)
    )


class CaseKey:
    """A case's data key, to seal and open what stands in its rows. Raises Unreadable when it does not open."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._secret = _data_key(case)

    def seal(self, row: Model, column: str, plain: bytes) -> bytes:
        """Return `plain` sealed for that column of that row, whose id is known."""
        return _sealed(self._secret, plain, _place(row, column, self._case.pk))

    def open(self, row: Model, column: str) -> bytes:
        """Return what is sealed in that column. Raises Unreadable."""
        return _opened(self._secret, bytes(getattr(row, column)), _place(row, column, self._case.pk))

    def seal_text(self, row: Model, column: str, text: str) -> bytes:
        return self.seal(row, column, text.encode())

    def text(self, row: Model, column: str) -> str:
        """Return the text that is sealed in that column. Raises Unreadable."""
        return self.open(row, column).decode()

    def seal_json(self, row: Model, column: str, value: Any) -> bytes:
        return self.seal(row, column, json.dumps(value, ensure_ascii=False).encode())

    def json(self, row: Model, column: str) -> Any:
        """Return the JSON value that is sealed in that column. Raises Unreadable."""
        return json.loads(self.open(row, column))


def left_to_rotate() -> int:
    """Return how many cases' keys are not sealed by the ring's first key."""
    return Case.objects.exclude(key_name=current()).count()


def rotate() -> int:
    """Seal the data keys of some more cases by the ring's first key; return how many, 0 at the end.

    Each batch is a transaction: a run that is killed leaves every case readable, and the next one goes on. Raises
    Unreadable when a case's present key is not on the ring.
    """
    name = current()
    with transaction.atomic():
        batch = Case.objects.select_for_update().exclude(key_name=name).order_by("pk")[:BATCH]
        cases = list(batch)
        for case in cases:
            secret = _data_key(case)
            case.key = _sealed(settings.COMPLIANCE_KEYS[name], secret, _place(case, "key", case.pk))
            case.key_name = name
        Case.objects.bulk_update(cases, ["key", "key_name"])
    return len(cases)


def _data_key(case: Case) -> bytes:
    ring: dict[str, bytes] = settings.COMPLIANCE_KEYS
    if case.key_name not in ring:
        raise Unreadable
    return _opened(ring[case.key_name], bytes(case.key), _place(case, "key", case.pk))


def _place(row: Model, column: str, case: int) -> bytes:
    """Return the associated data of what stands there."""
    return json.dumps([row._meta.db_table, column, row.pk, case], separators=(",", ":")).encode()


def _sealed(secret: bytes, plain: bytes, place: bytes) -> bytes:
    return VERSION + sealed_bytes(secret, plain, place)


def _opened(secret: bytes, sealed: bytes, place: bytes) -> bytes:
    plain = opened_bytes(secret, sealed[1:], place) if sealed[:1] == VERSION else None
    if plain is None:
        raise Unreadable
    return plain
