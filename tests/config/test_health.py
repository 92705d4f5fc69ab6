"""The two probes: what they say, and what they keep to themselves."""

import json
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import User
from common import clock, jobs
from events.models import Delivery, Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _time_stands_still(time_machine):
    """The first request of a process may take seconds, which must not count as age."""
    time_machine.move_to(clock.now(), tick=False)


def _owed(**state):
    now = clock.now()
    actor = User.objects.create(email="relay@example.com")
    event = Event.objects.create(
        kind="ticket.opened", subject_type="ticket", subject_id=1, actor=actor, at=now, recorded_at=now
    )
    return Delivery.objects.create(
        event=event, consumer="mail", **{"created_at": now, "next_attempt_at": now, **state}
    )


def test_the_process_answers_without_a_sign_in_or_a_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"ok": True}


def test_ready_when_everything_works(client):
    jobs.heartbeat()
    response = client.get("/readyz")
    assert response.status_code == 200, response.json()
    assert response.json()["deliveries"] == {"ok": True, "oldest_seconds": None}
    assert "no-store" in response["Cache-Control"]


def test_not_ready_before_the_first_beat_or_long_after_the_last(client, time_machine):
    assert client.get("/readyz").json()["beat"] == {"ok": False, "seconds_ago": None}
    jobs.heartbeat()
    time_machine.shift(timedelta(minutes=2))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["beat"] == {"ok": False, "seconds_ago": 120}


def test_not_ready_when_nobody_hands_events_on(client):
    jobs.heartbeat()
    _owed(created_at=clock.now() - timedelta(minutes=6))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["deliveries"] == {"ok": False, "oldest_seconds": 360}


def test_one_failing_consumer_does_not_take_the_desk_down(client):
    jobs.heartbeat()
    _owed(created_at=clock.now() - timedelta(hours=2), attempts=7, last_error="refused")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["deliveries"] == {"ok": True, "oldest_seconds": 7200}


def test_a_missing_migration_shows(client):
    jobs.heartbeat()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    assert client.get("/readyz").json()["migrations"] == {"ok": False, "waiting": 1}


@pytest.mark.usefixtures("redis_away")
def test_a_lost_redis_is_named_and_nothing_else_is_told(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == {"ok": False}
    assert response.json()["database"] == {"ok": True}
    assert "nowhere" not in json.dumps(response.json())


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_only_read(client, address):
    assert client.post(address).status_code == 405
