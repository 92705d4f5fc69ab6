"""The chain of the trail: whatever is changed behind Secondline's back is found, and named."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoDbBlocker

from accounts import people
from audit import checkpoints, retention, rights, sealing, verifying
from audit.models import Deletion, Entry, Seal
from audit.noting import note
from events.models import Event
from events.recording import record
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

COUNT = 20


def _sealed_up_to(number: int) -> bool:
    """Seal, and tell whether the last seal is that one: what others write elsewhere on the server delays it."""
    sealing.seal()
    return sealing.end()[0] == number


@pytest.fixture(scope="module")
def _sealed(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Seal twenty records, committed, with checkpoints after the tenth and the last."""
    file = tmp_path_factory.mktemp("audit") / "checkpoints.jsonl"
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        from django.conf import settings

        patch.setattr(settings, "AUDIT_CHECKPOINT_FILE", file)
        before = Entry.objects.count()
        wait_until(partial(_sealed_up_to, before), seconds=600)
        for number in range(COUNT):
            record("thing.happened", subject=("thing", number), by=people.system(), data={"é": [number, 1.5]})
            if number in (COUNT // 2 - 1, COUNT - 1):
                wait_until(partial(_sealed_up_to, before + number + 1), seconds=600)
                assert checkpoints.write() == before + number + 1
        yield file
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))


@pytest.fixture
def trail(_sealed: Path, db: None, settings: object) -> Path:
    """The sealed trail, whose guards a test may take away as an owner could; rolled back."""
    settings.AUDIT_CHECKPOINT_FILE = _sealed  # type: ignore[attr-defined]
    return _sealed


def unguarded(statement: str, *values: int) -> None:
    """Do to the tables what only their owner could."""
    with connection.cursor() as cursor:
        for table in ("audit_entry", "audit_seal", "events_event"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)


def bad() -> tuple[str, int | None] | None:
    found = verifying.verify(verifying.known()).bad
    return (found.problem, found.number) if found else None


def nth(number: int) -> Seal:
    """Return the seal of the nth of our own records."""
    return Seal.objects.order_by("-number")[COUNT - number]


def seal_uncommitted(first: Entry, patch: pytest.MonkeyPatch) -> None:
    """Seal what the test wrote, which is never committed, as if it were."""
    with patch.context() as within:
        ours = Entry.objects.filter(pk__gte=first.pk).order_by("pk").values_list("pk", flat=True)
        within.setattr(sealing, "_next", lambda: list(ours))
        assert sealing._seal_batch(restored=False) == Entry.objects.filter(pk__gte=first.pk).count()


def become_the_application() -> None:
    """Go on as the role that owns nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'secondline_app'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE ROLE secondline_app")
        rights.grant_after_migrating(using="default")
        cursor.execute("SET LOCAL ROLE secondline_app")


def test_the_whole_trail_is_whole_and_gapless(trail: Path, capsys):
    call_command("verify_audit")
    end = sealing.end()[0]
    assert f"Records 1 to {end} are whole; 2 checkpoints agree." in capsys.readouterr().out
    assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, end + 1))


@pytest.mark.parametrize(
    "change",
    ["name = name || 'x'", "at = at + interval '1 microsecond'", "result = 'failed'", "address = '10.0.0.1'"],
)
def test_a_changed_entry_is_named(trail: Path, change: str):
    seal = nth(7)
    unguarded("UPDATE audit_entry SET " + change + " WHERE id = %s", seal.entry_id)  # noqa: S608
    assert bad() == ("changed", seal.number)
    with pytest.raises(CommandError, match=f"Record {seal.number}: "):
        call_command("verify_audit")


def test_a_flipped_byte_of_a_hash_is_named(trail: Path):
    seal = nth(7)
    unguarded(
        "UPDATE audit_seal SET hash = set_byte(hash, 3, get_byte(hash, 3) # 1) WHERE number = %s", seal.number
    )
    assert bad() == ("changed", seal.number)


def test_a_dropped_middle_is_named(trail: Path):
    seal = nth(7)
    unguarded("DELETE FROM audit_entry WHERE id = %s", seal.entry_id)
    assert bad() == ("missing", seal.number)
    unguarded("DELETE FROM audit_seal WHERE number = %s", seal.number)
    assert bad() == ("gap", seal.number)
    unguarded("UPDATE audit_seal SET number = number - 1 WHERE number > %s", seal.number)
    assert bad() == ("changed", seal.number)


def test_a_dropped_tail_is_named(trail: Path):
    seal = nth(15)
    unguarded("DELETE FROM audit_entry WHERE id >= %s", seal.entry_id)
    unguarded("DELETE FROM audit_seal WHERE number >= %s", seal.number)
    assert bad() == ("tail", seal.number)
    trail_of_nobody = verifying.verify()
    assert trail_of_nobody.bad is None, "without checkpoints nobody can tell"


def test_swapped_records_are_named(trail: Path):
    one, other = nth(7), nth(8)
    unguarded("UPDATE audit_seal SET entry_id = -number WHERE number IN (%s, %s)", one.number, other.number)
    unguarded("UPDATE audit_seal SET entry_id = %s WHERE number = %s", other.entry_id, one.number)
    unguarded("UPDATE audit_seal SET entry_id = %s WHERE number = %s", one.entry_id, other.number)
    assert bad() == ("changed", one.number)


def test_an_older_backup_that_went_on_is_named(trail: Path, monkeypatch):
    seal = nth(15)
    unguarded("DELETE FROM audit_seal WHERE number >= %s", seal.number)
    unguarded("DELETE FROM audit_entry WHERE id >= %s", seal.entry_id)
    others = [note("thing.else", by=None) for _ in range(COUNT)]
    seal_uncommitted(others[0], monkeypatch)
    assert verifying.verify().bad is None
    assert bad() == ("checkpoint", seal.number + 5)


def test_a_chain_made_anew_with_the_keys_is_named_by_its_checkpoints(trail: Path):
    seal = nth(3)
    unguarded("UPDATE audit_entry SET name = 'Somebody' WHERE id = %s", seal.entry_id)
    unguarded("DELETE FROM audit_seal WHERE number >= %s", seal.number)
    assert sealing.seal() == COUNT - 2
    assert verifying.verify().bad is None
    assert bad() == ("checkpoint", nth(10).number)


def test_a_changed_event_is_named(trail: Path):
    seal = nth(7)
    event = Event.objects.get(pk=seal.entry.event_id or 0)
    unguarded("UPDATE events_event SET data = '{}' WHERE id = %s", event.pk)
    assert bad() == ("event", seal.number)


def test_a_forged_checkpoint_is_named(trail: Path, tmp_path: Path):
    lines = [json.loads(line) for line in trail.read_text().splitlines()]
    lines[0]["number"] += 1
    forged = tmp_path / "forged.jsonl"
    forged.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(CommandError, match="not genuine"):
        call_command("verify_audit", checkpoints=forged)
    forged.write_text("{}\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("verify_audit", checkpoints=forged)


def test_keys_change_and_the_old_ones_still_verify(trail: Path, settings, monkeypatch):
    settings.AUDIT_KEYS = {"new": bytes(32), **settings.AUDIT_KEYS}
    settings.AUDIT_SIGNING_KEYS = {"new": bytes(32), **settings.AUDIT_SIGNING_KEYS}
    entry = note("thing.else", by=None)
    seal_uncommitted(entry, monkeypatch)
    assert entry.seal.key == "new" and bad() is None
    settings.AUDIT_KEYS = {"new": bytes(32)}
    assert bad() == ("key", 1)


def test_a_year_later_the_old_ones_go_with_proof(trail: Path):
    assert retention.forget() == 0
    seal, end = nth(12), sealing.end()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_entry SET at = at - interval '13 months' WHERE id <= %s", [seal.entry_id])
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
        for trigger in ("no_change", "no_truncate", "may_go"):
            cursor.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_{trigger}")
    become_the_application()
    assert retention.forget() == seal.number
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    proof = Deletion.objects.get()
    assert (proof.first, proof.last, bytes(proof.last_hash)) == (1, seal.number, bytes(seal.hash))
    assert not Entry.objects.filter(pk__lte=seal.entry_id).exists()
    assert bad() is None and sealing.end() == end
    unguarded("ALTER TABLE audit_deletion DISABLE TRIGGER USER")
    unguarded("UPDATE audit_deletion SET last = last + 1")
    assert bad() == ("proof", 1)


def test_nothing_of_the_last_twelve_months_can_be_proven_deleted(trail: Path):
    seal = nth(5)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="twelve months"), transaction.atomic():
        cursor.execute(
            "INSERT INTO audit_deletion (first, last, last_hash, last_at, at, key, signature) "
            "VALUES (1, %s, %s, now(), now(), 'k', '')",
            [seal.number, bytes(seal.hash)],
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET name = ''",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_seal SET number = 0",
        "DELETE FROM audit_seal",
        "DELETE FROM audit_deletion",
        "UPDATE events_event SET kind = 'x'",
        "DELETE FROM events_event",
        "TRUNCATE events_event CASCADE",
        "DELETE FROM escalations_clockentry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER events_event_audited ON events_event",
        "CREATE OR REPLACE FUNCTION secondline_append_only() RETURNS trigger LANGUAGE sql AS ''",
        "SET session_replication_role = replica",
        "DROP TABLE audit_seal",
    ],
)
def test_the_applications_role_can_do_none_of_it(trail: Path, statement: str):
    become_the_application()
    assert not rights.owns_the_trail()
    note("thing.read", by=None)
    record("thing.happened", subject=("thing", 1), by=people.system())
    denied = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with connection.cursor() as cursor, denied, transaction.atomic():
        cursor.execute(statement)
