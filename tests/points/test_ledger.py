"""The ledger of points: what it posts, what it refuses, and what the database refuses to anybody."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import Entry
from common.errors import Refused
from points import ledger, verifying
from points.models import Account, Allowance, Posting, Transfer
from tests.audit.test_chain import become_the_application
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return UserFactory()


@pytest.fixture
def spent(by):
    return ledger.spend(account="C-1", points=500, key="PTS-1", by=by)


def _refund(by, points, key, original="PTS-1", account="C-1"):
    return ledger.refund(account=account, points=points, original=original, key=key, by=by, about="action 7")


def _settle():
    """Let the database judge what is deferred to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_refund_goes_the_way_back_and_is_recorded(by, spent):
    transfer = _refund(by, 200, "action-7")
    _settle()
    moved = dict(transfer.postings.values_list("account__reference", "points"))
    assert moved == {"C-1": 200, "programme": -200}
    assert ledger.by_key("action-7") == transfer and transfer.reference == f"PT-{transfer.pk}"
    assert Allowance.objects.get(pk=spent.pk).left == 300
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.object_id, entry.person_id) == ("points.refund", transfer.pk, by.pk)
    assert entry.data["about"] == "action 7"
    assert verifying.trial_balance().is_right


def test_the_same_key_posts_once_and_stands_for_nothing_else(by, spent):
    assert _refund(by, 200, "k") == _refund(by, 200, "k")
    assert _refund(by, 300, "rest").points == 300
    assert _refund(by, 200, "k").points == 200  # even with nothing left
    with pytest.raises(Refused, match="another transfer"):
        _refund(by, 100, "k")
    ledger.spend(account="C-2", points=500, key="PTS-2", by=by)
    with pytest.raises(Refused, match="another transfer"):
        _refund(by, 200, "k", original="PTS-2", account="C-2")
    assert ledger.spend(account="C-1", points=500, key="PTS-1", by=by) == spent
    for account, points in (("C-2", 500), ("C-1", 501)):
        with pytest.raises(Refused, match="another transfer"):
            ledger.spend(account=account, points=points, key="PTS-1", by=by)


@pytest.mark.parametrize(
    ("points", "original", "account", "sentence"),
    [
        (501, "PTS-1", "C-1", "Of 500 points that were spent, 500"),
        (0, "PTS-1", "C-1", "whole number"),
        (-5, "PTS-1", "C-1", "whole number"),
        (10, "PTS-9", "C-1", "knows no points"),
        (10, "PTS-1", "C-2", "Another account"),
        (10, "PTS-1", "programme", "Another account"),
    ],
)
def test_what_is_not_owed_is_not_refunded(by, spent, points, original, account, sentence):
    with pytest.raises(Refused, match=sentence):
        _refund(by, points, "k", original, account)
    assert Transfer.objects.count() == 1


def test_a_correction_names_what_it_undoes(by, spent):
    wrong = _refund(by, 500, "k")
    with pytest.raises(Refused, match="refunds first"):
        ledger.correct(spent, key="c0", why="never spent", by=by)
    with pytest.raises(Refused, match="Say why"):
        ledger.correct(wrong, key="c1", why=" ", by=by)
    undone = ledger.correct(wrong, key="c1", why="Wrong customer, card 4111 1111 1111 1111", by=by)
    assert ledger.correct(wrong, key="c1", why="again", by=by) == undone
    assert "4111 1111 1111" not in undone.why and undone.corrects == wrong
    for again, sentence in ((wrong, "before"), (undone, "not corrected")):
        with pytest.raises(Refused, match=sentence):
            ledger.correct(again, key="c2", why="once more", by=by)
    assert _refund(by, 500, "k2").points == 500  # what was undone can be refunded anew
    ledger.correct(Transfer.objects.get(key="k2"), key="c3", why="that, too", by=by)
    ledger.correct(spent, key="c4", why="never spent", by=by)
    with pytest.raises(Refused, match="0 can still"):
        _refund(by, 1, "k3")
    _settle()
    assert verifying.trial_balance().is_right
    assert Posting.objects.filter(account__reference="C-1").count() == 6


def _raw(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


TRANSFER = (
    "INSERT INTO points_transfer (key, kind, points, original_id, corrects_id, about, why, by_id, at)"
    " VALUES (%s, %s, %s, %s, %s, '', '', %s, now()) RETURNING id"
)


def _legs(account, points):
    return [(account, points), ("programme", -points)]


def _forged(kind, points, by, *, original=None, corrects=None, postings=()):
    with connection.cursor() as cursor:
        cursor.execute(TRANSFER, [f"forged {kind}", kind, points, original, corrects, by.pk])
        (number,) = cursor.fetchone()
        for account, amount in postings:
            cursor.execute(
                "INSERT INTO points_posting (transfer_id, account_id, points)"
                " SELECT %s, id, %s FROM points_account WHERE reference = %s",
                [number, amount, account],
            )


@pytest.mark.parametrize(
    "forge",
    [
        lambda by, spent: _forged("spent", 5, by),
        lambda by, spent: _forged("spent", 5, by, postings=[("C-1", -5)]),
        lambda by, spent: _forged("spent", 5, by, postings=[("C-1", -5), ("programme", 6)]),
        lambda by, spent: _forged("spent", 9, by, postings=[("C-1", -5), ("programme", 5)]),
        lambda by, spent: _forged("refund", 501, by, original=spent.pk),
        lambda by, spent: _forged("refund", 5, by, postings=[("C-1", 5), ("programme", -5)]),
        lambda by, spent: _forged("refund", 5, by, original=spent.pk, postings=_legs("C-9", 5)),
        lambda by, spent: _forged("refund", 5, by, original=spent.pk, postings=_legs("C-1", -5)),
        lambda by, spent: _forged("correction", 5, by, corrects=spent.pk, postings=_legs("C-1", 5)),
        lambda by, spent: _raw(
            "INSERT INTO points_posting (transfer_id, account_id, points)"
            " SELECT %s, id, 1 FROM points_account WHERE reference = 'C-9'", spent.pk
        ),
        lambda by, spent: _raw("DELETE FROM points_allowance"),
    ],
    ids=["no posting", "one leg", "unbalanced", "not its amount", "too much", "of nothing", "elsewhere",
         "wrong way", "in part", "a leg later", "no allowance"],
)  # fmt: skip
def test_the_database_takes_no_transfer_that_is_wrong(by, spent, forge):
    ledger.spend(account="C-9", points=9, key="PTS-9", by=by)
    _settle()
    with pytest.raises(DatabaseError), transaction.atomic():  # noqa: PT012 - at the latest in the end
        forge(by, spent)
        _settle()
    assert verifying.trial_balance().is_right


def test_the_application_posts_and_changes_nothing(by, spent):
    become_the_application()
    _refund(by, 100, "k")
    _forged("refund", 5, by, original=spent.pk, postings=_legs("C-1", 5))  # rightly so
    _settle()
    for table in ("account", "transfer", "posting"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            _raw(f"UPDATE points_{table} SET id = id")  # noqa: S608
    assert Allowance.objects.get().left == 395


def test_nothing_that_was_posted_is_changed(spent):
    _settle()
    for table in ("account", "transfer", "posting"):
        for statement in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with connection.cursor() as cursor, transaction.atomic():
                cursor.execute("SET LOCAL session_replication_role = replica")
                with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                    cursor.execute(statement.format(f"points_{table}"))
                cursor.execute("SET LOCAL session_replication_role = origin")


def test_an_allowance_can_not_be_talked_into_more(by, spent):
    _refund(by, 400, "k")
    _raw("UPDATE points_allowance SET refunded = 0, points = 9999")
    assert Allowance.objects.get(pk=spent.pk).left == 100
    with pytest.raises(IntegrityError), transaction.atomic():
        _forged("refund", 101, by, original=spent.pk)


def test_the_command_counts(by, spent):
    _refund(by, 100, "k")
    said = StringIO()
    call_command("verify_points", stdout=said)
    assert "2 transfers between 2 accounts; the postings sum to 0." in said.getvalue()


def test_the_command_finds_what_an_owner_has_done(by, spent):
    _settle()
    _raw("ALTER TABLE points_posting DISABLE TRIGGER points_posting_no_change")
    _raw("UPDATE points_posting SET points = points + 1 WHERE points > 0")
    wrong = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_points", stdout=StringIO(), stderr=wrong)
    assert str(spent.pk) in wrong.getvalue()
    assert Account.objects.count() == 2
