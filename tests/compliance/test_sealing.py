"""Encryption: what was changed, moved, or lost its key does not open; keys change and nothing is rewritten."""

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.models import Entry
from compliance import cases, checks, documents, sealing
from compliance.models import Case, Document, DocumentContent, Note
from compliance.sealing import CaseKey, Unreadable
from tests.compliance.reviewing import CANARY, Reviewing, picture

pytestmark = pytest.mark.django_db

OLD, NEW = {"old": bytes(range(32))}, {"new": bytes(range(32, 64))}


def unguarded(statement: str, *values: Any) -> None:
    """Do to the tables what only their owner could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("note", "document", "documentcontent", "case"):
            cursor.execute(f"ALTER TABLE compliance_{table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)


@pytest.fixture
def filled(reviewing: Reviewing, settings: Any) -> Case:
    """A case with a note and two documents, sealed by a ring of one key."""
    settings.COMPLIANCE_KEYS = OLD
    case = reviewing.opened()
    for name in ("a.png", "b.png"):
        documents.add(case, picture(name), by=reviewing.rita)
    return case


def test_the_same_text_is_sealed_otherwise_each_time_and_opens(filled: Case):
    key, note = CaseKey(filled), Note.objects.get()
    assert key.text(note, "text").startswith(CANARY)
    sealed = {key.seal(note, "text", b"the same") for _ in range(20)}
    assert len(sealed) == 20 and len({one[1:13] for one in sealed}) == 20


FLIPS = [
    ("compliance_note", "text", "id", lambda case: case.notes.get().pk),
    ("compliance_document", "about", "id", lambda case: case.documents.earliest("pk").pk),
    ("compliance_documentcontent", "sealed", "document_id", lambda case: case.documents.earliest("pk").pk),
    ("compliance_case", "indicators", "id", lambda case: case.pk),
    ("compliance_case", "key", "id", lambda case: case.pk),
]


@pytest.mark.parametrize(("table", "column", "by", "row"), FLIPS)
def test_a_flipped_bit_does_not_open(
    reviewing: Reviewing, filled: Case, table: str, column: str, by: str, row: Callable[[Case], int]
):
    for place in (0, 5, 20):  # version, nonce, ciphertext
        flip = f"UPDATE {table} SET {column} = set_byte({column}, {place}, get_byte({column}, {place}) # 1)"  # noqa: S608
        unguarded(f"{flip} WHERE {by} = %s", row(filled))
        with pytest.raises(Unreadable):
            _read_all(reviewing, Case.objects.get(pk=filled.pk))
        unguarded(f"{flip} WHERE {by} = %s", row(filled))
    _read_all(reviewing, Case.objects.get(pk=filled.pk))


def _read_all(reviewing: Reviewing, case: Case) -> None:
    key = CaseKey(case)
    key.json(case, "indicators")
    for note in case.notes.all():
        key.text(note, "text")
    for document in Document.objects.filter(case=case):
        documents.read(document, by=reviewing.rita, shown=False)


def test_what_was_moved_to_another_row_case_or_column_does_not_open(reviewing: Reviewing, filled: Case):
    other = reviewing.opened()
    mine, second = filled.documents.order_by("pk")
    swap = (
        "UPDATE compliance_documentcontent AS one SET sealed = other.sealed"
        " FROM compliance_documentcontent AS other WHERE one.document_id IN (%s, %s)"
        " AND other.document_id IN (%s, %s) AND one.document_id <> other.document_id"
    )
    unguarded(swap, mine.pk, second.pk, mine.pk, second.pk)
    with pytest.raises(Unreadable):
        documents.read(mine, by=reviewing.rita, shown=False)
    assert Entry.objects.filter(action="compliance.document_read", result="failed").count() == 1
    unguarded(swap, mine.pk, second.pk, mine.pk, second.pk)
    documents.read(Document.objects.get(pk=mine.pk), by=reviewing.rita, shown=False)

    unguarded("UPDATE compliance_document SET case_id = %s WHERE id = %s", other.pk, mine.pk)
    with pytest.raises(Unreadable):
        documents.read(Document.objects.get(pk=mine.pk), by=reviewing.rita, shown=False)
    unguarded("UPDATE compliance_case SET key = (SELECT key FROM compliance_case WHERE id = %s)", filled.pk)
    with pytest.raises(Unreadable):
        CaseKey(Case.objects.get(pk=other.pk))


def test_an_old_key_still_opens_and_a_removed_one_does_not(filled: Case, reviewing: Reviewing, settings: Any):
    settings.COMPLIANCE_KEYS = NEW | OLD
    _read_all(reviewing, filled)
    assert reviewing.opened().key_name == "new"
    settings.COMPLIANCE_KEYS = NEW
    with pytest.raises(Unreadable):
        CaseKey(filled)


def test_a_rotation_that_was_killed_goes_on_and_changes_nothing_but_the_keys(
    filled: Case, reviewing: Reviewing, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    more = [reviewing.opened() for _ in range(4)]
    contents = list(DocumentContent.objects.order_by("pk").values_list("sealed", flat=True))
    settings.COMPLIANCE_KEYS = NEW | OLD
    monkeypatch.setattr(sealing, "BATCH", 2)
    assert sealing.rotate() == 2  # and here it dies
    assert sealing.left_to_rotate() == 3
    for case in Case.objects.all():
        CaseKey(case)
    out = StringIO()
    call_command("rotate_compliance_keys", stdout=out)
    assert re.findall(r"\d of 3", out.getvalue()) == ["2 of 3", "3 of 3"]
    call_command("rotate_compliance_keys", stdout=out)
    assert out.getvalue().splitlines()[-1].startswith("All cases are sealed by the key 'new'")
    settings.COMPLIANCE_KEYS = NEW
    for case in (filled, *more):
        _read_all(reviewing, Case.objects.get(pk=case.pk))
    assert contents == list(DocumentContent.objects.order_by("pk").values_list("sealed", flat=True))


def test_a_rotation_without_the_old_key_says_so(filled: Case, settings: Any):
    settings.COMPLIANCE_KEYS = NEW
    with pytest.raises(CommandError, match="still on the ring"):
        call_command("rotate_compliance_keys")


def test_what_is_changed_meanwhile_keeps_the_keys_apart(filled: Case, reviewing: Reviewing, settings: Any):
    settings.COMPLIANCE_KEYS = NEW | OLD
    stale = Case.objects.get(pk=filled.pk)
    sealing.rotate()
    cases.write_note(stale, "Afterwards", by=reviewing.rita)
    kept = Case.objects.get(pk=filled.pk)
    assert kept.key_name == "new"
    _read_all(reviewing, kept)


def test_the_deployment_check_complains_of_a_key_that_follows_from_another(settings: Any):
    assert [one.id for one in checks.keys_of_its_own()] == ["compliance.W001"]
    settings.COMPLIANCE_KEYS = NEW
    assert checks.keys_of_its_own() == []
