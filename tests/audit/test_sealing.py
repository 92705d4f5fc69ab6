"""Many write at once, one seals: gapless, in the order of commits, nothing missed and nobody held up."""

import threading

import pytest
from django.db import connection, transaction

from accounts import people
from audit import sealing, verifying
from audit.models import Entry, Seal
from audit.noting import note
from events.recording import record
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 8, 15


def all_sealed(count: int) -> bool:
    """Seal, and tell whether there are so many seals."""
    sealing.seal()
    return Seal.objects.count() == count


def seal_all(count: int) -> None:
    """Seal until there are so many: a test of the other process, in one transaction, delays it for minutes."""
    wait_until(lambda: all_sealed(count), seconds=600)


def test_eight_writers_are_sealed_without_a_gap():
    system = people.system()
    before = Entry.objects.count()
    done = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for number in range(EACH):
                with transaction.atomic():
                    record("thing.happened", subject=("thing", number), by=system)
                    if number % 5 == 4:
                        transaction.set_rollback(True)  # its number of the sequence is lost
        except BaseException as error:  # noqa: BLE001  told below
            failed.append(error)
        finally:
            connection.close()

    def seal() -> None:
        while not done.wait(0.005):
            sealing.seal()
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    assert not failed
    count = before + WRITERS * EACH * 4 // 5
    seal_all(count)
    assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, count + 1))
    outcome = verifying.verify()
    assert outcome.bad is None and outcome.last == count


def test_what_commits_late_is_sealed_late_and_not_missed():
    before = Entry.objects.count()
    seal_all(before)
    wrote, may_commit = threading.Event(), threading.Event()

    def write_late() -> None:
        with transaction.atomic():
            note("thing.late", by=None)
            wrote.set()
            may_commit.wait(30)
        connection.close()

    late = threading.Thread(target=write_late)
    late.start()
    wrote.wait(30)
    note("thing.early", by=None)
    assert sealing.seal() == 0, "what began earlier may still commit before it"
    may_commit.set()
    late.join()
    seal_all(before + 2)
    named = Seal.objects.order_by("-number").values_list("entry__action", flat=True)[:2]
    assert list(named) == ["thing.early", "thing.late"]


def test_a_database_from_a_dump_is_sealed_on():
    note("thing.before", by=None)
    before = Entry.objects.count()
    seal_all(before)
    with connection.cursor() as cursor:
        # As a dump has them: numbers of transactions that this server has yet to come to.
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_entry SET transaction = '900000000'")
        cursor.execute(
            "INSERT INTO audit_entry (action, result, name, object_type, agent, request, data, transaction)"
            " VALUES ('thing.unsealed', 'done', '', '', '', '', '{}', '900000001')"
        )
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
        for trigger in ("no_change", "no_truncate", "may_go"):
            cursor.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_{trigger}")
    for number, name in enumerate(("after", "again"), start=1):
        note(f"thing.{name}", by=None)
        seal_all(before + number)
    assert sealing.seal(restored=True) == 1
    assert verifying.verify().bad is None
