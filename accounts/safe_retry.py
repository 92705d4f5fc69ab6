"""A request that is sent twice is carried out once.

A page: `{% load safe_retry %}`, put `{% form_token %}` in the form, decorate the view with
`accounts.views.once.once`, and answer a success with a redirect, an error with 4xx.
The API: decorate the handler with `accounts.api.idempotency.idempotent`; clients send `Idempotency-Key`.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from accounts.models import HandledRequest, User
from common import clock

KEPT_FOR = timedelta(days=1)


def fingerprint(*parts: Any) -> str:
    """Return a digest that is the same only for the same parts."""
    canonical = json.dumps(parts, cls=DjangoJSONEncoder, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def begin(user: User, key: str, *, fingerprint: str = "") -> HandledRequest:
    """Return the request of that key, `is_done` if it was carried out before.

    Call it inside a transaction. While another request with the key is being
    carried out this waits for it; if that one fails, this one is its own.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("safe_retry.begin needs a transaction.")
    table = connection.ops.quote_name(HandledRequest._meta.db_table)
    with connection.cursor() as cursor:
        # Changing nothing of a row that is there waits for whoever has it, locks it, and returns it.
        cursor.execute(
            f"""
            INSERT INTO {table} (user_id, key, fingerprint, created_at, location) VALUES (%s, %s, %s, %s, '')
            ON CONFLICT (user_id, key) DO UPDATE SET key = excluded.key
            RETURNING id, fingerprint, created_at, status, location, body
            """,  # noqa: S608  our own name only
            [user.pk, key, fingerprint, clock.now()],
        )
        pk, first, created_at, status, location, body = cursor.fetchone()
    return HandledRequest(
        pk=pk, user=user, key=key, fingerprint=first, created_at=created_at, status=status, location=location,
        body=json.loads(body) if isinstance(body, str) else body,
    )  # fmt: skip


def finish(handled: HandledRequest, *, status: int, location: str = "", body: Any = None) -> None:
    """Keep the outcome of a request that succeeded (HTTP status 2xx or 3xx)."""
    handled.status, handled.location, handled.body = status, location, body
    handled.save(update_fields=["status", "location", "body"])


def forget(handled: HandledRequest) -> None:
    """Let a request that was refused be mended and sent again with the same key."""
    handled.delete()


def prune(older_than: timedelta = KEPT_FOR) -> int:
    """Delete the outcomes that nobody will ask for again; return how many."""
    kept_since = clock.now() - older_than
    deleted, _ = HandledRequest.objects.filter(created_at__lt=kept_since).delete()
    return deleted
