"""Changing a policy: written by one, approved by another, and what becomes of requests under the old one."""

import pytest

from accounts.models import Role
from actions import lifecycle, policies, terms
from actions.models import ApproverRole, Kind, PolicyState
from common.errors import NotAllowed, Refused
from escalations.contract import Invalid
from tests.actions.acting import Acting, known, proof


def drafted(acting: Acting, by=None, **changes):
    raw = {**terms.defaults(Kind.POINTS_REFUND), **changes}
    return policies.save_draft(
        "points_refund", raw, approver_team=None, approver_role=ApproverRole.LEAD, why="Too low.",
        by=by or acting.desk.lead,
    )  # fmt: skip


def test_a_change_takes_two_people(acting: Acting):
    lead, other = acting.desk.lead, acting.desk.person("Lola Lead", (acting.desk.accounts, Role.LEAD))
    before = acting.requested()
    with pytest.raises(NotAllowed):
        drafted(acting, by=acting.desk.l2)
    with pytest.raises(Refused, match="changes nothing"):
        policies.propose(drafted(acting), by=lead)
    version = policies.propose(drafted(acting, one_most=90), by=lead)
    with pytest.raises(Refused, match="waits for a decision"):
        drafted(acting, by=other)
    with pytest.raises(NotAllowed):
        policies.approve(version, by=lead, proof_given=proof(lead))
    with pytest.raises(NotAllowed):
        policies.approve(version, by=other, proof_given=None)
    policies.approve(version, by=other, proof_given=proof(other))
    in_force = policies.in_force("points_refund")
    assert (in_force.number, in_force.terms["one_most"], in_force.decided_by) == (2, 90, other)
    with pytest.raises(Refused, match="has changed since it was requested"):
        lifecycle.approve(before, known(), by=lead, digest=before.digest, proof_given=proof(lead))
    with pytest.raises(Refused, match="Limit for one action"):
        acting.requested()


def test_whoever_wrote_on_a_draft_decides_nothing(acting: Acting):
    lead, other = acting.desk.lead, acting.desk.person("Lola Lead", (acting.desk.accounts, Role.LEAD))
    drafted(acting, one_most=90)
    version = policies.propose(drafted(acting, one_most=91, by=other), by=other)
    with pytest.raises(NotAllowed):
        policies.reject(version, by=lead, reason="No.")
    policies.take_back(version, by=lead)
    policies.discard(version, by=lead)
    assert policies.open_version("points_refund") is None


def test_a_rejected_change_leaves_what_is_in_force(acting: Acting):
    other = acting.desk.person("Lola Lead", (acting.desk.accounts, Role.LEAD))
    version = policies.propose(drafted(acting, one_most=90), by=acting.desk.lead)
    policies.reject(version, by=other, reason="Enough as it is.")
    assert version.state == PolicyState.PROPOSED and policies.in_force("points_refund").number == 1
    assert drafted(acting, one_most=80).number == 3


def test_terms_are_whole_numbers(acting: Acting):
    with pytest.raises(Invalid) as refused:
        drafted(acting, one_most="many", hours_to_decide="", customer_days=0)
    assert set(refused.value.errors) == {"one_most", "hours_to_decide", "customer_days"}
