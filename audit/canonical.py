"""How an entry is spelled before it is sealed, and how seals chain: pure functions.

The spelling is that of RFC 8785 for what entries hold: keys in order, no white space, UTF-8, times in UTC with
microseconds. docs/audit.md says it for whoever checks an export with a program of their own.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from audit.models import Entry

GENESIS = bytes(32)  # the hash "before" the first record


def spelled(value: Any) -> bytes:
    """Return the one spelling of a JSON value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def moment(at: datetime) -> str:
    """Return a time in UTC with microseconds, such as 2026-11-28T14:47:31.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(entry: Entry, number: int, key: str) -> dict[str, Any]:
    """Return what is sealed of an entry: all of it, with its number and the name of the key."""
    return {
        "number": number,
        "key": key,
        "id": entry.pk,
        "at": moment(entry.at),
        "person": entry.person_id,
        "name": entry.name,
        "action": entry.action,
        "object": {"type": entry.object_type, "id": entry.object_id},
        "address": entry.address,
        "agent": entry.agent,
        "request": entry.request,
        "result": entry.result,
        "event": entry.event_id,
        "data": entry.data,
    }


def chained(secret: bytes, previous: bytes, sealed: Mapping[str, Any]) -> bytes:
    """Return the hash of a record: HMAC-SHA256 over the hash before it and the record's spelling."""
    return hmac.digest(secret, previous + spelled(sealed), hashlib.sha256)
