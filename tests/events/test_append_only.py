"""The database itself refuses to change what happened."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import people
from events import recording
from events.models import Delivery, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def event() -> Event:
    return recording.record("thing.happened", subject=("thing", 7), by=people.system(), data={"size": 3})


def test_an_event_cannot_be_changed(event):
    with pytest.raises(IntegrityError, match="UPDATE on events_event is refused"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(kind="thing.never_happened")
    event.refresh_from_db()
    assert event.kind == "thing.happened"


def test_an_event_cannot_be_deleted(event):
    with pytest.raises(IntegrityError, match="DELETE on events_event is refused"), transaction.atomic():
        event.delete()
    assert Event.objects.filter(pk=event.pk).exists()


def test_events_cannot_be_truncated(event):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or PostgreSQL refuses for what is still unchecked
        with pytest.raises(IntegrityError, match="TRUNCATE on events_event is refused"), transaction.atomic():
            cursor.execute("TRUNCATE events_event CASCADE")
    assert Event.objects.filter(pk=event.pk).exists()


def test_a_delivery_done_without_an_attempt_is_refused(event):
    owed = Delivery(event=event, consumer="mail", created_at=event.at, next_attempt_at=event.at)
    owed.delivered_at = event.at
    with pytest.raises(IntegrityError, match="delivery_done_was_attempted"), transaction.atomic():
        owed.save()
