"""Deliveries arrive: late if they must, never lost, each done once."""

import threading
from datetime import timedelta

import pytest
import redis
import time_machine
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import connection, transaction

from accounts import people
from common import clock
from events import consumers, pending, recording, relay
from events.management.commands.relay import Queue
from events.models import Delivery
from tests.events.conftest import KIND
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue():
    queue = Queue()
    yield queue
    queue.close()


def queued_jobs() -> int:
    return redis.Redis.from_url(settings.REDIS_URL).llen("celery")


def in_a_thread(work):
    """Run `work` on a database connection of its own and return its result."""
    results = []

    def run():
        try:
            results.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    return results[0]


# What is owed


def test_an_event_owes_each_interested_consumer_one_delivery(happen):
    consumers.register("other", [KIND, "test.else"], lambda event: None)
    consumers.register("deaf", ["test.else"], lambda event: None)
    event = recording.record(KIND, subject=("test", 1), by=people.system())
    assert sorted(event.deliveries.values_list("consumer", flat=True)) == ["other", "watcher"]


def test_an_event_whose_change_is_rolled_back_owes_nothing(watcher):
    with transaction.atomic():
        recording.record(KIND, subject=("test", 1), by=people.system())
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


# Claiming


def test_a_claim_hides_the_delivery_until_it_lapses(happen):
    delivery = happen()
    assert relay.claim() == [delivery.pk]
    assert relay.claim() == []
    with time_machine.travel(clock.now() + relay.CLAIM_HOLDS_FOR + timedelta(seconds=1)):
        assert relay.claim() == [delivery.pk], "a worker that died must not keep it"
    delivery.refresh_from_db()
    assert delivery.attempts == 2


def test_claims_come_oldest_first_and_no_more_than_asked_for(happen):
    deliveries = [happen(number) for number in range(5)]
    assert relay.claim(3) == [delivery.pk for delivery in deliveries[:3]]
    assert relay.claim(3) == [delivery.pk for delivery in deliveries[3:]]


def test_back_off_doubles_up_to_an_hour():
    waits = [relay.back_off(attempts).total_seconds() for attempts in range(1, 13)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 3600
    assert relay.back_off(10_000) == relay.LONGEST_BACK_OFF


@pytest.mark.django_db(transaction=True)
def test_two_relays_never_claim_the_same_delivery(happen):
    for number in range(60):
        happen(number)
    claimed = []
    with transaction.atomic():
        claimed += relay.claim(25)
        claimed += in_a_thread(lambda: relay.claim(25))  # while the first claim is not committed
    claimed += relay.claim()
    assert len(claimed) == len(set(claimed)) == 60


# Publishing


def test_what_redis_does_not_take_is_put_back_and_counts_no_attempt(happen, queue, broker):
    deliveries = [happen(number) for number in range(3)]
    broker("redis+socket:///nowhere/at/all.sock")
    with pytest.raises(relay.BrokerUnreachable):
        relay.hand_on(queue.put)
    for delivery in deliveries:
        delivery.refresh_from_db()
        assert (delivery.attempts, delivery.delivered_at) == (0, None)
    assert len(relay.claim()) == 3, "due at once"


def test_only_the_unpublished_rest_of_a_batch_is_put_back(happen):
    first, second = happen(1), happen(2)

    def takes_one(delivery_id):
        if delivery_id == second.pk:
            raise relay.BrokerUnreachable

    with pytest.raises(relay.BrokerUnreachable):
        relay.hand_on(takes_one)
    assert relay.claim() == [second.pk]
    first.refresh_from_db()
    assert first.attempts == 1


def test_handing_on_queues_one_job_for_each(happen, queue):
    for number in range(3):
        happen(number)
    assert relay.hand_on(queue.put) == 3
    assert queued_jobs() == 3
    assert relay.hand_on(queue.put) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_whole_way_through_redis_and_a_worker(happen, watcher, queue):
    deliveries = [happen(number) for number in range(5)]
    relay.hand_on(queue.put)
    with start_worker(current_app, pool="solo", perform_ping_check=False):
        wait_until(lambda: pending.oldest_undelivered() is None)
    assert sorted(watcher.seen) == [0, 1, 2, 3, 4]
    assert Delivery.objects.filter(delivered_at__isnull=False).count() == len(deliveries)


# Delivering


def test_a_delivery_is_done_once_however_often_it_is_handed_on(happen, watcher):
    delivery = happen(subject=9)
    relay.claim()
    assert relay.deliver(delivery.pk) is True
    assert relay.deliver(delivery.pk) is False
    assert watcher.seen == [9]
    delivery.refresh_from_db()
    assert delivery.delivered_at is not None


def test_a_delivery_that_no_longer_exists_is_nothing_to_do():
    assert relay.deliver(123_456_789) is False


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_job_do_it_once(happen, watcher):
    delivery = happen()
    second = []
    watcher.refuses = lambda event: second.append(in_a_thread(lambda: relay.deliver(delivery.pk)))
    assert relay.deliver(delivery.pk) is True
    assert second == [False], "the second worker neither waits nor repeats"
    assert len(watcher.seen) == 1


def test_a_failing_consumer_leaves_nothing_behind_but_its_error(happen, watcher):
    delivery = happen()

    def half_done_then_broken(event):
        recording.record("test.side_effect", subject=("test", 1), by=people.system())
        raise ValueError("the mail server said no")

    watcher.refuses = half_done_then_broken
    relay.claim()
    assert relay.deliver(delivery.pk) is False
    delivery.refresh_from_db()
    assert delivery.last_error == "ValueError: the mail server said no"
    assert delivery.delivered_at is None
    assert not Delivery.objects.filter(event__kind="test.side_effect").exists()
    assert not type(delivery.event).objects.filter(kind="test.side_effect").exists()


def test_a_failed_delivery_comes_again_after_its_back_off_and_then_forgets_the_error(happen, watcher):
    delivery = happen()
    watcher.refuses = lambda event: 1 / 0
    relay.claim()
    relay.deliver(delivery.pk)
    assert relay.claim() == []
    watcher.refuses = lambda event: None
    with time_machine.travel(clock.now() + relay.FIRST_BACK_OFF + timedelta(seconds=1)):
        assert relay.claim() == [delivery.pk]
        assert relay.deliver(delivery.pk) is True
    delivery.refresh_from_db()
    assert (delivery.last_error, delivery.attempts) == ("", 2)


def test_a_poisonous_event_does_not_hold_up_the_others(happen, watcher):
    poison, *healthy = [happen(number) for number in range(4)]

    def refuses(event):
        if event.subject_id == 0:
            raise RuntimeError("poison")

    watcher.refuses = refuses
    relay.hand_on(relay.deliver)
    assert list(pending.failing()) == [poison]
    assert Delivery.objects.filter(delivered_at__isnull=False).count() == len(healthy)
    assert pending.oldest_undelivered() == poison.created_at


def test_a_consumer_that_broke_the_database_transaction_is_noted_too(happen, watcher):
    delivery = happen()

    def broken(event):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    watcher.refuses = broken
    relay.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.last_error.startswith("ProgrammingError: relation")


def test_an_error_with_a_card_number_is_stored_without_it(happen, watcher):
    delivery = happen()

    def refuses(event):
        raise ValueError("gateway refused 4111 1111 1111 1111")

    watcher.refuses = refuses
    relay.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.last_error.startswith("ValueError: gateway refused ")
    assert "4111 1111 1111 1111" not in delivery.last_error


def test_a_consumer_that_no_app_registers_any_more_is_a_failure_to_be_seen(happen, monkeypatch):
    delivery = happen()
    monkeypatch.setattr(consumers, "_consumers", {})
    assert relay.deliver(delivery.pk) is False
    delivery.refresh_from_db()
    assert "watcher" in delivery.last_error
    assert delivery in pending.failing()


def test_a_delivery_whose_worker_keeps_dying_counts_as_failing(happen):
    delivery = happen()
    Delivery.objects.filter(pk=delivery.pk).update(attempts=pending.STUCK_AFTER_ATTEMPTS)
    assert delivery in pending.failing()


# Tidying up


def test_pruning_forgets_only_what_was_delivered_long_ago(happen):
    old, recent, owed = happen(1), happen(2), happen(3)
    now = clock.now()
    for delivery, age in ((old, timedelta(days=31)), (recent, timedelta(days=29))):
        Delivery.objects.filter(pk=delivery.pk).update(delivered_at=now - age, attempts=1)
    assert pending.prune(batch=1) == 1
    assert set(Delivery.objects.all()) == {recent, owed}
    assert type(old.event).objects.filter(pk=old.event_id).exists()


def test_readiness_knows_how_long_the_oldest_has_waited(happen):
    assert pending.oldest_undelivered() is None
    oldest = happen()
    happen()
    assert pending.oldest_undelivered() == oldest.created_at
