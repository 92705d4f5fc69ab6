"""Checking a report pack: whether it holds exactly what it was signed for."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit import keys
from audit.models import Seal
from compliance.report import SIGNATURE, SUMS


def problems(file: Path) -> Iterator[str]:
    """Yield what is wrong with a pack, a sentence each; nothing when it is whole.

    Raises zipfile.BadZipFile, and KeyError for a ZIP that is no pack.
    """
    with zipfile.ZipFile(file) as pack:
        sums = pack.read(SUMS)
        yield from _signature(sums, pack.read(SIGNATURE))
        expected = dict(line.split("  ", 1)[::-1] for line in sums.decode().splitlines())
        there = {name for name in pack.namelist() if name not in {SUMS, SIGNATURE}}
        for name in sorted(there - expected.keys()):
            yield f"{name} does not belong to it."
        for name, digest in expected.items():
            if name not in there:
                yield f"{name} is missing."
            elif hashlib.sha256(pack.read(name)).hexdigest() != digest:
                yield f"{name} was changed."
        if "audit.jsonl" in there:
            yield from _records(pack.read("audit.jsonl"))


def _signature(sums: bytes, written: bytes) -> Iterator[str]:
    said = json.loads(written)
    try:
        public = keys.public(said["key"])
    except keys.UnknownKey:
        yield f"It is signed with a key that this desk does not have: {said['key']}."
        return
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(said["signature"]), sums)
    except InvalidSignature:
        yield f"{SUMS} is not what was signed."


def _records(lines: bytes) -> Iterator[str]:
    """Compare the records' hashes with those of this desk's trail, as far as it still has them."""
    said = {one["record"]["number"]: one["hash"] for one in map(json.loads, lines.splitlines())}
    for number, digest in Seal.objects.filter(pk__in=said).values_list("pk", "hash"):
        if bytes(digest).hex() != said[number]:
            yield f"Record {number} of the audit trail has another hash here."
