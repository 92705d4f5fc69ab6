"""Handing owed deliveries on: late if it must be, never lost.

The relay claims due deliveries in batches and publishes one job for each. A
claim moves `next_attempt_at` into the future: that hides the delivery from
every relay while a worker has it, and it is all that is needed when the worker
dies, the job is lost or Redis forgets it, because the claim then lapses and
the delivery is due again. The worker does the delivery in one transaction.

Deliveries may be handed on in another order than they were recorded in, and
more than once; each is done once.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

import redaction
from common import clock
from events import consumers
from events.models import Delivery

logger = logging.getLogger(__name__)

BATCH = 200
IDLE_SECONDS = 0.5
OUTAGE_SECONDS = 2.0

CLAIM_HOLDS_FOR = timedelta(minutes=2)
FIRST_BACK_OFF = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(hours=1)
LONGEST_ERROR = 2000

Publish = Callable[[int], object]


class BrokerUnreachable(Exception):
    """The job could not be published now; it may be later."""


def back_off(attempts: int, first: timedelta = FIRST_BACK_OFF) -> timedelta:
    """Return how long to wait after so many attempts: `first`, then twice as long each time, to an hour."""
    doubled: timedelta = first * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_BACK_OFF)


@transaction.atomic
def claim(limit: int = BATCH) -> list[int]:
    """Take up to `limit` due deliveries, oldest first, and return their ids.

    Two relays never take the same one. The claim holds once this is committed.
    """
    now = clock.now()
    due = list(
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(delivered_at__isnull=True, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")[:limit]
    )
    for delivery in due:
        delivery.attempts += 1
        delivery.next_attempt_at = now + back_off(delivery.attempts, CLAIM_HOLDS_FOR)
    Delivery.objects.bulk_update(due, ["attempts", "next_attempt_at"])
    return [delivery.pk for delivery in due]


def put_back(claimed: Iterable[int]) -> None:
    """Give up claims that could not be published: they are due at once and count no attempt."""
    Delivery.objects.filter(pk__in=list(claimed), delivered_at__isnull=True).update(
        attempts=Greatest(F("attempts") - 1, 0), next_attempt_at=clock.now()
    )


def hand_on(publish: Publish, limit: int = BATCH) -> int:
    """Claim one batch and publish it; return how many were handed on.

    Raises BrokerUnreachable after putting back what could not be published.
    """
    claimed = claim(limit)
    for position, delivery_id in enumerate(claimed):
        try:
            publish(delivery_id)
        except BrokerUnreachable:
            put_back(claimed[position:])
            raise
    return len(claimed)


def run(publish: Publish, stop: threading.Event) -> None:
    """Hand deliveries on until `stop` is set: at once while there are any, else twice a second.

    Outlives a restart of the database and of Redis. An outage is logged when
    it starts and when it ends, never with an address.
    """
    outage = ""
    while not stop.is_set():
        try:
            handed_on = hand_on(publish)
        except (OperationalError, InterfaceError):
            outage = _note_outage(outage, "the database")
            connection.close()
        except BrokerUnreachable:
            outage = _note_outage(outage, "Redis")
        else:
            if outage:
                logger.warning("The relay can reach %s again.", outage)
                outage = ""
            if not handed_on:
                stop.wait(IDLE_SECONDS)
            continue
        stop.wait(OUTAGE_SECONDS)


def _note_outage(known: str, missing: str) -> str:
    if missing != known:
        logger.warning("The relay cannot reach %s. Deliveries wait, none is lost.", missing)
    return missing


@transaction.atomic
def deliver(delivery_id: int) -> bool:
    """Hand the event to its consumer; return whether it was delivered now.

    Does nothing if it was delivered before, or if another worker is at it. A
    consumer that fails leaves nothing behind but the delivery's `last_error`,
    and is asked again after the back-off.
    """
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("event")
        .filter(pk=delivery_id, delivered_at__isnull=True)
        .first()
    )
    if delivery is None:
        return False
    try:
        with transaction.atomic():
            _consumer_of(delivery).handle(delivery.event)
    except Exception as error:  # noqa: BLE001  a consumer may fail in any way; what it did is rolled back
        _note_failure(delivery, error)
        return False
    delivery.delivered_at = clock.now()
    delivery.attempts = max(delivery.attempts, 1)
    delivery.last_error = ""
    delivery.save(update_fields=["delivered_at", "attempts", "last_error"])
    return True


def _consumer_of(delivery: Delivery) -> consumers.Consumer:
    consumer = consumers.named(delivery.consumer)
    if consumer is None:
        raise LookupError(f"No installed app registers the consumer {delivery.consumer!r}.")
    return consumer


def _note_failure(delivery: Delivery, error: Exception) -> None:
    delivery.last_error = redaction.clean(f"{type(error).__name__}: {error}")[:LONGEST_ERROR]
    delivery.next_attempt_at = clock.now() + back_off(max(delivery.attempts, 1))
    delivery.save(update_fields=["last_error", "next_attempt_at"])
    logger.warning(
        "Delivery %s of event %s to %s failed at attempt %s: %s",
        delivery.pk, delivery.event_id, delivery.consumer, delivery.attempts, delivery.last_error,
    )  # fmt: skip


def deliver_again(deliveries: Iterable[int]) -> int:
    """Make undelivered ones due now, without waiting out their back-off; return how many."""
    return Delivery.objects.filter(pk__in=list(deliveries), delivered_at__isnull=True).update(
        next_attempt_at=clock.now()
    )
