"""What each kind's own checks answer."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import translation

from actions import checks, kinds, lifecycle
from actions.account_facts import Transaction, Transactions
from actions.models import Action, Kind
from common import clock
from escalations import attachments
from tests.actions.acting import OWED, SILENT, Acting, known, refund, spent

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "actions.md"
MONEY = {"present_limit": "10000.00 PHP", "new_limit": "12000.00 PHP"}
PAYLOADS = {
    Kind.CREDIT_LINE: {"account": "C-1", **MONEY, "reason": "income"},
    Kind.PHONE_CHANGE: {"account": "C-1", "new_phone": "+639171234567", "reason": "lost"},
    Kind.UNBAN: {"account": "C-1", "reason": "appeal"},
    Kind.DELIVERY_RESET: {"account": "C-1", "delivery": "DLV-1", "address": "same", "reason": "lost"},
    Kind.REVERSAL: {"account": "C-1", "transaction": "TXN-1", "amount": "12.50 PHP", "reason": "wrong"},
}


def results(action: Action, facts, by) -> dict[str, str]:
    return {one.rule: str(one.result) for one in checks.judge(action, facts, by=by)}


@pytest.mark.parametrize("kind", PAYLOADS)
def test_each_kind_from_its_definition(acting: Acting, kind: Kind):
    definition = kinds.of(kind)
    schema = definition.schema()
    assert set(PAYLOADS[kind]) <= set(schema["properties"]) and set(schema["required"]) <= set(PAYLOADS[kind])
    action = acting.drafted(kind, PAYLOADS[kind], {})
    assert action.order and action.amount > 0 and definition.rows(action.payload)
    found = results(action, known(), acting.desk.l2)
    assert found["evidence"] == "fail" and found["approver"] == "pass"
    silent = checks.judge(action, SILENT, by=acting.desk.l2)
    assert all(one.reason and one.label != one.rule for one in silent)
    assert results(action, SILENT, acting.desk.l2)["customer"] == "unknown"


def test_a_limit_in_another_currency_is_unknown(acting: Acting):
    payload = PAYLOADS[Kind.REVERSAL] | {"amount": "12.50 EUR"}
    action = acting.drafted(Kind.REVERSAL, payload, {})
    found = results(action, known(), acting.desk.l2)
    assert {found[name] for name in ("one_most", "customer_most", "person_most", "day_most")} == {"unknown"}


def test_a_credit_line_goes_by_the_limit_that_the_back_office_has(acting: Acting):
    action, l2 = acting.drafted(Kind.CREDIT_LINE, PAYLOADS[Kind.CREDIT_LINE], {}), acting.desk.l2
    assert results(action, known(), l2)["present_limit"] == "pass"
    assert results(action, known(credit_limit=5), l2)["present_limit"] == "fail"
    assert results(action, known(credit_limit=None), l2)["present_limit"] == "unknown"


def test_a_reversal_goes_by_its_transaction(acting: Acting):
    action, l2 = acting.drafted(Kind.REVERSAL, PAYLOADS[Kind.REVERSAL], {}), acting.desk.l2
    right = Transaction("TXN-1", clock.now(), "payment", "settled", -1250, "PHP", "Kapitolyo Coffee")

    def found(**changes):
        rows = (replace(right, **changes),)
        return results(action, replace(known(), transactions=Transactions(rows, None)), l2)["transaction"]

    assert found() == "pass"
    assert found(state="reversed") == found(amount=-1249) == found(currency="EUR") == "fail"
    assert found(at=clock.now() - timedelta(days=200)) == "fail"
    assert found(reference="TXN-2") == "unknown"


def test_a_refund_goes_by_what_was_spent(acting: Acting):
    l2, original = acting.desk.l2, spent(500)
    for payload, answer in (
        (refund(500, original), "pass"),
        (refund(501, original), "fail"),
        (refund(1, spent(account="C-2")), "fail"),
        (refund(1, "ORD-none"), "fail"),
    ):
        assert results(acting.drafted(payload=payload), known(), l2)["original"] == answer


def test_a_change_of_phone_that_we_approved_cools_off_too(acting: Acting):
    changed = acting.approved(
        acting.requested(
            lifecycle.draft(
                acting.ticket, Kind.PHONE_CHANGE, PAYLOADS[Kind.PHONE_CHANGE], identity(acting), by=acting.desk.l2
            )
        )
    )
    action = lifecycle.draft(acting.ticket, "points_refund", refund(), OWED, by=acting.desk.l2)
    assert results(action, known(), acting.desk.l2)["cooling_off"] == "fail"
    with clock.replaying(clock.now() + timedelta(hours=73)):
        assert results(action, known(), acting.desk.l2)["cooling_off"] == "pass"
    assert changed.amount == 1


def identity(acting: Acting):
    """Return the evidence that a change of phone number needs."""
    file = attachments.attach(acting.ticket, ContentFile(b"a passport", name="id.txt"), by=acting.desk.l2)
    return {"identity": {"text": "By video."}, "document": {"source": f"file-{file.pk}"}}


def test_the_document_is_what_the_tables_say_now():
    written = StringIO()
    with translation.override("es"):
        call_command("describe_actions", stdout=written)
    assert written.getvalue() == DOCUMENT.read_text("utf-8"), "Run manage.py describe_actions > docs/actions.md"
