"""A replay tells what the domain's functions would have done at the same times."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from common import clock
from escalations import conversation, escalating, lifecycle, policies, ticket_clocks, triage
from escalations.escalating import Contract
from escalations.models import Clock, HandOver, MessageKind, PartnerAgreement, Reason, RootCause, State, Ticket
from events.models import Event
from integrations import demo, storing
from integrations.replay import Replay

NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)
COMPARED = [
    field.attname
    for field in Ticket._meta.concrete_fields
    if field.attname not in {"id", "search", "transaction_ref", "product", "error_code"}
]


@pytest.fixture
def staffed(db):
    """The catalogue and the people, without cases."""
    demo.load(now=NOW, tickets=0)
    PartnerAgreement.objects.all().delete()  # what an import tells of had none
    return {
        "l1": User.objects.get(email="l1@secondline.test"),
        "l2": User.objects.get(email="l2@secondline.test"),
        "partner": User.objects.get(email="partner@secondline.test"),
    }


def _ledger(ticket: Ticket) -> list:
    columns = [field.attname for field in Clock._meta.concrete_fields if field.attname not in {"id", "ticket_id"}]
    parts = (
        "number",
        "at",
        "does",
        "reason",
        "policy",
        "calendar",
        "target_seconds",
        "fixed_due_at",
        "event__kind",
    )
    return [
        ([getattr(row, name) for name in columns], list(row.entries.values_list(*parts)))
        for row in Clock.objects.filter(ticket=ticket).order_by("metric", "cycle")
    ]


@pytest.mark.parametrize("begin", [NOW - timedelta(days=7), NOW - timedelta(days=5, hours=3)])
def test_domain_and_replay_come_to_the_same_ledger(staffed, begin):
    """One case of every kind of pause, through the domain functions at the past's times and through a replay."""
    l1, l2 = staffed["l1"], staffed["l2"]
    model = Ticket.objects.filter(category__key="transaction_failure", team__memberships__user=l2).first()
    assert model is not None
    fixed, cause = Reason.objects.get(key="fixed"), RootCause.objects.get(key="manual_error")
    again = Reason.objects.get(kind="reopen", key="not_fixed")
    back = Reason.objects.get(kind="return", key="missing_information")
    minutes = iter((0, 20, 55, 90, 95, 180, 700, 705, 1700, 3100, 3200, 3230, 4000))
    times = [begin + timedelta(minutes=minute, seconds=7) for minute in minutes]
    review = triage.Review(is_complete=True, right_category=True, l1_could_solve=False)

    @contextmanager
    def at(index):
        with clock.replaying(times[index]):
            ticket_clocks.mark_breaches()  # as the beat does, every 30 seconds
            yield

    customer = model.customer
    stated = Contract(
        category=model.category, subject="A", description="B", channel="phone", impact=2, urgency=2,
        customer={"external_id": customer.external_id, "name": customer.name},
        answers={
            "transaction_id": "TXN-A", "product": "QR payments", "amount": "1.00 PHP", "happened_on": "2026-11-01",
            "outcome": "timed_out", "error_code": "QR-1", "steps_tried": "one", "request": "help",
        },
    )  # fmt: skip
    with at(0):
        done = escalating.escalate(stated, by=l1)
    with at(1):
        triage.return_to_l1(done, by=l2, review=review, reason=back.pk, missing="What?")
    with at(2):
        escalating.resubmit(done, stated, by=l1)
    with at(3):
        triage.accept(done, by=l2, review=review, priority=2)
    with at(4):
        lifecycle.start(done, by=l2)
    promise = times[6] + timedelta(hours=3, microseconds=5)
    with at(5):
        lifecycle.wait_for_customer(done, by=l2, message="Please?", promise=times[5] + timedelta(minutes=50))
    with at(6):
        lifecycle.resume(done, by=l2)
        conversation.write(done, by=l2, kind=MessageKind.TO_CUSTOMER, body="By then.", promise=promise)
    with at(7):
        partner_team = staffed["partner"].memberships.get().team
        lifecycle.wait_for_partner(done, by=l2, partner=partner_team, message="And you?")
    with at(8):
        lifecycle.resume(done, by=l2)
    texts = {"answer_to_l1": "x", "answer_to_customer": "y"}
    answers: dict[str, Any] = {"resolution": fixed.pk, "root_cause": cause.pk, **texts}
    with at(9):
        lifecycle.resolve(done, by=l2, **answers)
    with at(10):
        lifecycle.reopen(done, by=l1, reason=again.pk, explanation="still")
    with at(11):
        lifecycle.start(done, by=l2)
    with at(12):
        lifecycle.resolve(done, by=l2, **answers)

    done.refresh_from_db()
    twin = Ticket(
        subject="A", description="B", category=done.category, form=done.form, answers=done.answers,
        customer=done.customer, channel="phone", impact=2, urgency=2, priority=3, team=model.team, created_by=l1,
        l1_team=done.l1_team,
    )  # fmt: skip
    replay = Replay(twin, policies.rulebook())
    replay.create(times[0], by=l1)
    asked = replay.say(times[1], MessageKind.TO_L1, "What?", by=l2)
    replay.change(
        times[1], "returned", by=l2, state=State.RETURNED, reason="returned", code=back, message=asked,
        columns={"return_count": 1},
    )  # fmt: skip
    replay.change(
        times[2], "resubmitted", by=l1, state=State.NEW, reason="resubmitted", rematch=True,
        columns={"owner": None},
    )  # fmt: skip
    replay.accept(times[3], by=l2, priority=2)
    replay.start(times[4], by=l2)
    first = times[5] + timedelta(minutes=50)
    asked = replay.say(times[5], MessageKind.TO_CUSTOMER, "?", by=l2, promise=first)
    replay.wait(times[5], State.WAITING_CUSTOMER, by=l2, message=asked, promise=first)
    replay.resume(times[6], by=l2)
    replay.message(times[6], MessageKind.TO_CUSTOMER, "By then.", by=l2, promise=promise)
    hand_over = HandOver(ticket=twin, team=partner_team, question="?", asked_by=l2, asked_at=times[7])
    replay.add(hand_over)
    said = replay.say(times[7], MessageKind.PARTNER, "?", by=l2, hand_over=hand_over)
    replay.wait(times[7], State.WAITING_PARTNER, by=l2, message=said, hand_over=hand_over, partner=partner_team.pk)
    replay.resume(times[8], by=l2)
    resolved: dict[str, Any] = {"resolution": fixed, "root_cause": cause, **texts}
    replay.resolve(times[9], by=l2, message=replay.say(times[9], MessageKind.TO_CUSTOMER, "y", by=l2), **resolved)
    reopened = replay.say(times[10], MessageKind.FROM_L1, "still", by=l1)
    replay.reopen(times[10], by=l1, code=again, message=reopened)
    replay.start(times[11], by=l2)
    replay.resolve(
        times[12], by=l2, message=replay.say(times[12], MessageKind.TO_CUSTOMER, "y", by=l2), **resolved
    )
    [kept] = storing.store([replay])

    assert _ledger(kept) == _ledger(done)
    kept.refresh_from_db()
    assert {name: getattr(kept, name) for name in COMPARED} == {name: getattr(done, name) for name in COMPARED}
    shown = [
        list(Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).order_by("at", "id"))
        for ticket in (done, kept)
    ]
    assert [(event.kind, event.at, event.actor_id) for event in shown[0]] == [
        (event.kind, event.at, event.actor_id) for event in shown[1]
    ]
    for one, other in zip(*shown, strict=True):
        for name in ("ticket", "used", "reason", "corrected", "resolution", "root_cause", "promised_for"):
            assert one.data.get(name) == other.data.get(name), (one.kind, name)
        assert set(one.data) == set(other.data), one.kind
