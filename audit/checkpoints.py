"""Signed statements of how far the chain had come, in a file to be shipped to where nobody of the desk writes.

Whoever owns the database, and even the sealing keys, can write a new chain, but not one that agrees with what
was signed and shipped before.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit import canonical, keys, sealing
from common import clock


@dataclass(frozen=True)
class Checkpoint:
    """At a time the chain ended with this number and this hash. `line` counts from 1 in its file."""

    number: int
    hash: bytes
    at: str
    key: str
    signature: bytes
    line: int = 0

    def message(self) -> bytes:
        """Return what is signed."""
        return canonical.spelled({"number": self.number, "hash": self.hash.hex(), "at": self.at, "key": self.key})

    def is_genuine(self) -> bool:
        """Tell whether a key on the ring signed it. Raises keys.UnknownKey."""
        return keys.is_signed(self.message(), self.key, self.signature)


class Unreadable(ValueError):
    """A line of a file is no checkpoint; the argument is its number."""


def write() -> int:
    """Sign how far the chain has come, and append it to the file; return the number."""
    number, digest = sealing.end()
    at = canonical.moment(clock.now())
    key = keys.signing()
    signature = keys.signed(Checkpoint(number, digest, at, key, b"").message())
    line = {
        "number": number,
        "hash": digest.hex(),
        "at": at,
        "key": key,
        "signature": base64.b64encode(signature).decode(),
    }
    file = Path(settings.AUDIT_CHECKPOINT_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as appended:
        fcntl.flock(appended, fcntl.LOCK_EX)
        appended.write(json.dumps(line) + "\n")
        appended.flush()
        os.fsync(appended.fileno())
    return number


def read(file: Path) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a file. Raises Unreadable, and OSError without the file."""
    with file.open() as lines:
        for position, line in enumerate(lines, start=1):
            try:
                said = json.loads(line)
                yield Checkpoint(
                    int(said["number"]),
                    bytes.fromhex(said["hash"]),
                    str(said["at"]),
                    str(said["key"]),
                    base64.b64decode(said["signature"], validate=True),
                    position,
                )
            except (ValueError, KeyError, TypeError) as error:
                raise Unreadable(position) from error
