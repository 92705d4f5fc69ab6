"""What the database refuses, whoever asks: each is tried past the domain functions."""

import pytest
from django.db import DatabaseError, connection, transaction

from actions import policies, transitions
from actions.models import Action, ActionPolicy, Decision
from common import clock
from tests.actions.acting import Acting


def refused(sql: str, *values) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_steps_are_those_of_the_table(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM secondline_action_steps()")
        assert set(cursor.fetchall()) == transitions.steps()


def test_no_way_to_a_self_approved_action(acting: Acting):
    action, l2 = acting.requested(), acting.desk.l2.pk
    approve = (
        "UPDATE actions_action SET state = 'approved', approved_by_id = %s, approved_at = now(),"
        " approved_digest = digest WHERE id = %s"
    )
    decide = (
        "INSERT INTO actions_decision (action_id, by_id, at, verdict, digest, policy_id, checks, accepted, reason,"
        " proved_by) SELECT id, %s, now(), 'approved', digest, policy_id, '[]', '{}', '', %s"
        " FROM actions_action WHERE id = %s"
    )
    refused(decide, l2, "password", action.pk)
    refused(approve, l2, action.pk)
    refused(approve, acting.desk.lead.pk, action.pk)  # without a decision
    refused(decide, acting.desk.lead.pk, "", action.pk)  # without a proof
    refused("UPDATE actions_action SET makers = '{}' WHERE id = %s", action.pk)
    refused("UPDATE actions_action SET state = 'executing' WHERE id = %s", action.pk)
    refused("UPDATE actions_action SET state = 'done' WHERE id = %s", action.pk)


@pytest.mark.parametrize("state", ["requested", "approved", "executing"])
def test_what_was_asked_is_not_changed_under_way(acting: Acting, state: str):
    action = getattr(acting, state)()
    for change in (
        """payload = payload || '{"points": "9999"}'""",
        "evidence = '{}'",
        "amount = 9999",
        "account = 'C-2'",
        "\"order\" = 'PT-2'",
        "sequence = 7",
        "statement = statement || ' '",
        "digest = repeat('0', 64)",
        "policy_id = policy_id + 1",
        "ticket_id = ticket_id + 1",
        "key = gen_random_uuid()",
        "created_by_id = created_by_id + 1",
    ):
        refused("UPDATE actions_action SET " + change + " WHERE id = %s", action.pk)  # noqa: S608
    if state != "requested":
        refused("UPDATE actions_action SET approved_by_id = created_by_id WHERE id = %s", action.pk)
        refused("UPDATE actions_action SET approved_at = now() WHERE id = %s", action.pk)


def test_what_was_decided_stays(acting: Acting):
    action = acting.approved()
    refused("DELETE FROM actions_action WHERE id = %s", action.pk)
    refused("UPDATE actions_decision SET verdict = 'rejected'")
    refused("DELETE FROM actions_decision")
    refused("TRUNCATE actions_decision")
    assert Decision.objects.count() == 1 and Action.objects.count() == 1


def test_a_policy_takes_two(acting: Acting):
    lead, now = acting.desk.lead, clock.now()
    current = policies.in_force("unban")
    with pytest.raises(DatabaseError), transaction.atomic():
        ActionPolicy.objects.create(kind="unban", number=2, state="in_force", terms={}, edited_at=now)
    refused("UPDATE actions_actionpolicy SET terms = '{}' WHERE id = %s", current.pk)
    refused("DELETE FROM actions_actionpolicy WHERE id = %s", current.pk)
    draft = ActionPolicy.objects.create(
        kind="unban", number=2, terms={}, edited_by=lead, edited_at=now, makers=[lead.pk]
    )
    propose = "UPDATE actions_actionpolicy SET state = 'proposed', proposed_by_id = %s WHERE id = %s"
    refused("UPDATE actions_actionpolicy SET state = 'in_force' WHERE id = %s", draft.pk)
    with connection.cursor() as cursor:
        cursor.execute(propose, [lead.pk, draft.pk])
        cursor.execute("UPDATE actions_actionpolicy SET state = 'replaced' WHERE id = %s", [current.pk])
    force = "UPDATE actions_actionpolicy SET state = 'in_force', decided_by_id = %s WHERE id = %s"
    refused(force, lead.pk, draft.pk)
    refused(force, None, draft.pk)
    refused("UPDATE actions_actionpolicy SET terms = '{\"one_most\": 1}' WHERE id = %s", draft.pk)
    with connection.cursor() as cursor:
        cursor.execute(force, [acting.desk.auditor.pk, draft.pk])
