"""Drafting, requesting and deciding: who may, when, and what is refused."""

from datetime import timedelta

import pytest

from accounts.models import Role
from accounts.proof import Proof
from actions import lifecycle, limits
from actions.models import Action, State
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations.contract import Invalid
from events.models import Event
from tests.actions.acting import OWED, SILENT, Acting, known, proof, refund, spent


def kinds(action: Action) -> list[str]:
    events = Event.objects.filter(subject_type="action", subject_id=action.pk).order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_from_draft_to_approved(acting: Acting):
    action = acting.approved()
    assert (action.state, action.approved_by, action.approved_digest) == (
        State.APPROVED, acting.desk.lead, action.digest,
    )  # fmt: skip
    assert action.makers == [acting.desk.l2.pk] and action.sequence == 1
    decision = action.decisions.get()
    assert (decision.by, decision.digest, decision.proved_by) == (acting.desk.lead, action.digest, "password")
    assert kinds(action) == ["action.drafted", "action.requested", "action.approved"]
    assert "shop" not in str(list(Event.objects.filter(subject_type="action").values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("payload", "wrong"),
    [
        ({}, {"account", "original", "points", "reason"}),
        (refund(0, "ORD-0"), {"points"}),
        (refund(1, "ORD-0") | {"points": "1.5"}, {"points"}),
        (refund(1, "ORD-0", reason="because"), {"reason"}),
        (refund(1, "4111111111111111"), {"original"}),
    ],
)
def test_a_payload_that_is_none(acting: Acting, payload, wrong):
    with pytest.raises(Invalid) as refused:
        lifecycle.draft(acting.ticket, "points_refund", payload, OWED, by=acting.desk.l2)
    assert set(refused.value.errors) == wrong


def test_only_who_works_the_ticket_begins(acting: Acting):
    for person, error in (
        (acting.desk.l1, NotAllowed),
        (acting.desk.auditor, NotAllowed),
        (acting.desk.outsider, Absent),
    ):
        with pytest.raises(error):
            lifecycle.draft(acting.ticket, "points_refund", refund(), OWED, by=person)


def test_nobody_approves_what_they_made(acting: Acting):
    desk = acting.desk
    own = lifecycle.draft(acting.ticket, "points_refund", refund(), OWED, by=desk.lead)
    with pytest.raises(Refused, match="Nobody but who made it"):
        lifecycle.request(own, known(), by=desk.lead)
    edited = lifecycle.edit(acting.drafted(), refund(), OWED, by=desk.lead)
    assert set(edited.makers) == {desk.l2.pk, desk.lead.pk}
    other = desk.person("Lola Lead", (desk.payments, Role.LEAD))
    requested = lifecycle.request(edited, known(), by=desk.l2)
    for person in (desk.lead, desk.l2):
        with pytest.raises(NotAllowed):
            lifecycle.approve(requested, known(), by=person, digest=requested.digest, proof_given=proof(person))
    approved = lifecycle.approve(requested, known(), by=other, digest=requested.digest, proof_given=proof(other))
    assert approved.approved_by == other


def test_neither_admins_nor_jobs_approve(acting: Acting):
    admin = acting.desk.person("Ada Admin")
    admin.is_superuser = admin.is_staff = True
    admin.save()
    robot = acting.desk.person("Robot")
    robot.is_robot = True
    robot.save()
    action = acting.requested()
    for person in (admin, robot, acting.desk.auditor):
        with pytest.raises(NotAllowed):
            lifecycle.approve(action, known(), by=person, digest=action.digest, proof_given=proof(person))


def test_an_approval_needs_a_fresh_proof_and_what_was_seen(acting: Acting):
    action, lead = acting.requested(), acting.desk.lead
    stale = Proof(lead.pk, "password", clock.now() - timedelta(minutes=2))
    for given in (None, stale, proof(acting.desk.l2)):
        with pytest.raises(NotAllowed, match="once more"):
            lifecycle.approve(action, known(), by=lead, digest=action.digest, proof_given=given)
    with pytest.raises(StaleVersion):
        lifecycle.approve(action, known(), by=lead, digest="0" * 64, proof_given=proof(lead))


def test_an_edit_voids_the_approval(acting: Acting):
    action = acting.approved()
    edited = lifecycle.edit(action, refund(points=300), OWED, by=acting.desk.l2)
    assert (edited.state, edited.approved_by, edited.digest, edited.sequence) == (State.DRAFT, None, "", None)
    assert Event.objects.filter(kind="action.edited").get().data["voided"] is True
    again = acting.requested(edited)
    assert again.digest != action.digest
    with pytest.raises(StaleVersion):
        lifecycle.approve(
            again, known(), by=acting.desk.lead, digest=action.digest, proof_given=proof(acting.desk.lead)
        )


def test_what_fails_blocks_and_what_is_unknown_is_accepted_with_a_reason(acting: Acting):
    with pytest.raises(Refused, match="Missing"):
        acting.requested(evidence={})
    with pytest.raises(Refused, match="within the last 72 hours"):
        acting.requested(facts=known(phone_changed_at=clock.now()))
    with pytest.raises(Refused, match="banned"):
        acting.requested(facts=known(status="banned"))
    action, lead = acting.requested(facts=SILENT), acting.desk.lead
    assert {check["rule"] for check in action.checks if check["result"] == "unknown"} == {
        "customer",
        "cooling_off",
    }

    def approve(facts=SILENT, **accepted):
        return lifecycle.approve(
            action, facts, by=lead, digest=action.digest, proof_given=proof(lead), accepted=accepted
        )

    with pytest.raises(Refused) as refused:
        approve(customer="I called the customer.")
    assert refused.value.field == "accept-cooling_off"
    with pytest.raises(Refused, match="within the last 72 hours"):
        approve(known(phone_changed_at=clock.now()), customer="Known.", cooling_off="Never mind.")
    approve(customer="I called the customer.", cooling_off="The number is ten years old.")
    assert set(action.decisions.get().accepted) == {"customer", "cooling_off"}


def test_limits_count_from_the_request_until_it_is_let_go(acting: Acting):
    policy = acting.requested(payload=refund(15_000)).policy
    assert policy.terms["one_most"] == 20_000
    with pytest.raises(Refused, match="Limit for one action"):
        acting.requested(payload=refund(20_001))
    second, third = (acting.requested(payload=refund(15_000)) for _ in range(2))
    with pytest.raises(Refused, match="Limit for the account"):
        acting.requested(payload=refund(15_000))
    lifecycle.reject(second, by=acting.desk.lead, digest=second.digest, reason="Not owed.")
    lifecycle.cancel(third, by=acting.desk.l2, reason="Asked twice.")
    more = acting.requested(payload=refund(15_000))
    assert limits.used(more, acting.desk.l2.pk)["customer_most"] == (15_000, 50_000)


def test_one_action_of_a_kind_upon_the_same_thing(acting: Acting):
    original = spent()
    first = acting.requested(payload=refund(original=original))
    with pytest.raises(Refused, match="under way"):
        acting.requested(payload=refund(original=original))
    lifecycle.reject(first, by=acting.desk.lead, digest=first.digest, reason="No.")
    assert acting.requested(payload=refund(original=original)).sequence == 1


def test_what_nobody_decides_expires(acting: Acting):
    action, approved = acting.requested(), acting.approved()
    with clock.replaying(clock.now() + timedelta(hours=25)):
        with pytest.raises(Refused, match="time to decide"):
            lifecycle.approve(
                action, known(), by=acting.desk.lead, digest=action.digest, proof_given=proof(acting.desk.lead)
            )
        assert lifecycle.expire_overdue() == 2 and lifecycle.expire_overdue() == 0
    for one in (action, approved):
        one.refresh_from_db()
        assert one.state == State.EXPIRED
