"""Reading on in the record: what commits late is found, and nothing is read twice."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts import people
from events import recording, tail


def recorded(number: int) -> None:
    recording.record("thing.done", subject=("thing", number), by=people.system())


def held_open(number: int) -> Callable[[], None]:
    """Record an event in a transaction of its own; return what commits it."""
    done, commit = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            recorded(number)
            done.set()
            commit.wait(10)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert done.wait(10)

    def ended() -> None:
        commit.set()
        thread.join()

    return ended


def numbers(facts: list[tail.Fact]) -> list[int]:
    return [fact.subject[1] for fact in facts if fact.subject[0] == "thing"]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_with_a_smaller_id_is_not_missed() -> None:
    record = tail.Tail.here()
    people.system()  # made once, before two transactions would both make it
    commit = held_open(1)
    recorded(2)
    facts, record = record.read()
    assert numbers(facts) == [2]
    before = record.position
    commit()
    facts, record = record.read()
    assert numbers(facts) == [1]
    facts, record = record.read()
    assert numbers(facts) == []
    # Whoever comes back with the position that was told while 1 was open is given both.
    assert numbers(tail.since(before)[1]) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_more_than_fits_is_read_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    record = tail.Tail.here()
    monkeypatch.setattr(tail, "MOST", 2)
    for number in range(5):
        recorded(number)
    read = []
    for _ in range(4):
        facts, record = record.read()
        read.append(numbers(facts))
    assert read == [[0, 1], [2, 3], [4], []]
