"""Many at the same moment: one row for one key, no limit passed, one decision."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from actions import execution, lifecycle, policies
from actions.models import Action, Decision, State
from events import relay
from events.models import Delivery
from points.models import Transfer
from tests import seed
from tests.actions.acting import OWED, Acting, known, proof, refund, spent
from tests.escalations.desk import Desk
from tests.robustness.test_races import at_once, one_wins

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acting(db: None) -> Acting:
    seed.catalogue()
    return Acting(Desk())


def test_fifty_with_one_key_make_one_action(acting: Acting):
    body = {"ticket": acting.ticket.reference, "kind": "points_refund", "payload": refund(), "evidence": OWED}
    client = Client()
    client.force_login(acting.desk.l2)

    def create():
        each = Client()
        each.cookies = client.cookies
        headers = {"Idempotency-Key": "one"}
        return each.post(reverse("api-action-list"), body, content_type="application/json", headers=headers)

    answers = at_once(*[create] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert Action.objects.count() == 1 and len({answer.json()["id"] for answer in answers}) == 1


def test_twenty_refunds_of_100_under_a_limit_of_500(acting: Acting):
    desk, terms = acting.desk, policies.in_force("points_refund").terms
    other = desk.person("Lola Lead", (desk.accounts, Role.LEAD))
    version = policies.save_draft(
        "points_refund", {**terms, "customer_most": 500}, approver_team=None, approver_role="lead",
        why="A test.", by=desk.lead,
    )  # fmt: skip
    policies.approve(policies.propose(version, by=desk.lead), by=other, proof_given=proof(other))
    drafts = [acting.drafted(payload=refund(100)) for _ in range(20)]
    facts = known()
    results = at_once(*(lambda one=one: lifecycle.request(one, facts, by=desk.l2) for one in drafts))
    assert sum(isinstance(result, Action) for result in results) == 5
    assert Action.objects.filter(state=State.REQUESTED).count() == 5
    lifecycle.cancel(Action.objects.filter(state=State.REQUESTED)[0], by=desk.l2, reason="Not needed.")
    left = Action.objects.filter(state=State.DRAFT)[:3]
    results = at_once(*(lambda one=one: lifecycle.request(one, facts, by=desk.l2) for one in left))
    one_wins(results)


def test_the_same_original_is_requested_once(acting: Acting):
    original, facts = spent(), known()
    drafts = [acting.drafted(payload=refund(100, original)) for _ in range(4)]
    one_wins(at_once(*(lambda one=one: lifecycle.request(one, facts, by=acting.desk.l2) for one in drafts)))


def test_two_approve(acting: Acting):
    action, desk = acting.requested(), acting.desk
    other = desk.person("Lola Lead", (desk.payments, Role.LEAD))
    facts = known()
    one_wins(
        at_once(
            *(
                lambda by=by: lifecycle.approve(action, facts, by=by, digest=action.digest, proof_given=proof(by))
                for by in (desk.lead, other)
            )
        )
    )
    assert Decision.objects.count() == 1 and Delivery.objects.filter(consumer=execution.CONSUMER).count() == 1


def test_approve_crosses_cancel(acting: Acting):
    action, desk, facts = acting.requested(), acting.desk, known()
    results = at_once(
        lambda: lifecycle.approve(action, facts, by=desk.lead, digest=action.digest, proof_given=proof(desk.lead)),
        lambda: lifecycle.cancel(action, by=desk.l2, reason="No.", version=action.version),
    )
    one_wins(results)
    action.refresh_from_db()
    assert action.state in {State.APPROVED, State.CANCELLED}


def test_a_double_click_approves_once(acting: Acting):
    action, desk = acting.requested(), acting.desk
    client = Client()
    client.force_login(desk.lead)
    form = {
        "form_token": "a-token-of-this-very-form",
        "digest": action.digest,
        "password": "correct horse battery",
        "accept-customer": "Known to me.",
        "accept-cooling_off": "Known to me.",
    }

    def click():
        each = Client()
        each.cookies = client.cookies
        return each.post(reverse("approve_action", args=[action.pk]), form)

    answers = at_once(click, click)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Decision.objects.count() == 1


def test_two_workers_carry_out_one_refund(acting: Acting):
    action = acting.executing(acting.approved(payload=refund(100)))
    delivery = Delivery.objects.get(consumer=execution.CONSUMER)
    at_once(
        lambda: execution.carry_out(action.pk),
        lambda: execution.carry_out(action.pk),
        lambda: relay.deliver(delivery.pk),
    )
    action.refresh_from_db()
    assert action.state == State.DONE
    assert Transfer.objects.filter(key=execution.points_key(action)).count() == 1
