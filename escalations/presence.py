"""Who looks at a ticket at this moment, and who writes an answer: kept in Valkey for a minute, and nowhere else.

It is known and shown only among those who work the ticket. While Valkey is away nobody is seen, and nothing fails.
"""

import json
import logging
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.models import User
from common import clock
from escalations.models import Ticket

logger = logging.getLogger(__name__)

CHANNEL = "secondline:presence"
#: Seconds after which somebody who gave no sign of life is gone; the page gives one every 20.
GONE_AFTER = 45


@dataclass(frozen=True)
class Present:
    """Somebody who has the ticket open."""

    person: User
    replying: bool


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _key(ticket: Ticket) -> str:
    return f"secondline:presence:{ticket.pk}"


def note(ticket: Ticket, *, by: User, replying: bool) -> None:
    """Keep that `by` has the ticket open; tell the others if that is new."""
    now = clock.now().timestamp()
    try:
        before = _read(_redis().hget(_key(ticket), str(by.pk)))
        pipe = _redis().pipeline()
        pipe.hset(_key(ticket), str(by.pk), json.dumps([now, replying]))
        pipe.expire(_key(ticket), GONE_AFTER)
        if before is None or before[1] != replying or now - before[0] > GONE_AFTER:
            pipe.publish(CHANNEL, ticket.pk)
        pipe.execute()
    except RedisError as error:
        _unknown(error)


def leave(ticket: Ticket, *, by: User) -> None:
    """Forget that `by` has the ticket open, and tell the others."""
    try:
        if _redis().hdel(_key(ticket), str(by.pk)):
            _redis().publish(CHANNEL, ticket.pk)
    except RedisError as error:
        _unknown(error)


def others(ticket: Ticket, user: User) -> list[Present]:
    """Return who else has the ticket open, those who write first."""
    try:
        kept = _redis().hgetall(_key(ticket))
    except RedisError as error:
        _unknown(error)
        return []
    since = clock.now().timestamp() - GONE_AFTER
    signs = {int(pk): _read(sign) for pk, sign in kept.items()}
    replying = {pk: sign[1] for pk, sign in signs.items() if sign and sign[0] > since and pk != user.pk}
    people = User.objects.filter(pk__in=replying, is_active=True) if replying else []
    return sorted(
        (Present(person, replying[person.pk]) for person in people),
        key=lambda present: (not present.replying, present.person.name),
    )


def _read(sign: bytes | str | None) -> tuple[float, bool] | None:
    if sign is None:
        return None
    at, replying = json.loads(sign)
    return float(at), bool(replying)


def _unknown(error: RedisError) -> None:
    logger.warning("Redis does not answer (%s): nobody sees who else looks at a ticket.", type(error).__name__)
