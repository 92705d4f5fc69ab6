"""Writing events down, together with the deliveries they owe."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from common import clock, origin
from events import consumers
from events.models import Delivery, Event

if TYPE_CHECKING:
    from accounts.models import User

_companions: list[Callable[[list[Event]], None]] = []


def accompany(change: Callable[[list[Event]], None]) -> None:
    """Have `change` called with the events of every change, within its transaction, when they were recorded.

    For what a domain function need not know of; an app says so when it starts.
    """
    if change not in _companions:
        _companions.append(change)


def record(
    kind: str,
    *,
    subject: tuple[str, int],
    by: "User",
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
    deliver_at: datetime | None = None,
) -> Event:
    """Record that `by` did `kind` to `subject`, and owe it to every interested consumer.

    Call it inside the transaction that makes the change, so that neither can
    exist without the other. `at` is for facts whose true time is not now,
    `deliver_at` for what consumers shall only hear of later.
    """
    now = clock.now()
    event = Event(
        kind=kind,
        subject_type=subject[0],
        subject_id=subject[1],
        actor=by,
        at=at or now,
        recorded_at=now,
        data=data or {},
    )
    record_many([event], deliver_at=deliver_at)
    return event


@transaction.atomic(savepoint=False)  # nobody goes on after half of it
def record_many(
    events: Iterable[Event], *, deliver: bool = True, deliver_at: datetime | None = None
) -> list[Event]:
    """Record prepared events in order.

    `deliver=False` is for replayed history, whose mails were sent long ago: the
    importer then records one event about the whole batch instead.
    """
    origin.tell_the_database()  # whose trigger writes the audit trail
    recorded = Event.objects.bulk_create(list(events), batch_size=2000)
    if deliver:
        Delivery.objects.bulk_create(
            Delivery(
                event=event,
                consumer=consumer.name,
                created_at=event.recorded_at,
                next_attempt_at=deliver_at or event.recorded_at,
            )
            for event in recorded
            for consumer in consumers.interested_in(event.kind)
        )
    for companion in _companions:
        companion(recorded)
    return recorded
