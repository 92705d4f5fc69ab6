"""What the database itself refuses about sensitive actions, whoever asks: application, admin, API or job.

Nobody approves what they made; what is approved is what was hashed; what was requested is not changed under an
approver's hands; a state is only left for one that the transition table leads to. tests/actions/test_guards.py
attacks each of these, and holds the list of steps to actions/transitions.py.
"""

from django.db import migrations

CONSTRAINTS = """
ALTER TABLE actions_action ADD CONSTRAINT action_makers CHECK (
    created_by_id = ANY (makers) AND edited_by_id = ANY (makers)
    AND (requested_by_id IS NULL OR requested_by_id = ANY (makers))
);
ALTER TABLE actions_action ADD CONSTRAINT action_approver_is_no_maker CHECK (
    approved_by_id IS NULL OR NOT approved_by_id = ANY (makers)
);
ALTER TABLE actions_action ADD CONSTRAINT action_approved_is_the_statement CHECK (
    (approved_by_id IS NULL) = (approved_digest = '') AND (approved_digest = '' OR approved_digest = digest)
);
ALTER TABLE actions_action ADD CONSTRAINT action_statement_says_it CHECK (
    CASE WHEN statement = '' THEN digest = '' AND state IN ('draft', 'cancelled')
    ELSE digest = encode(sha256(convert_to(statement, 'UTF8')), 'hex')
        AND statement::jsonb->'payload' = payload
        AND statement::jsonb->'evidence' = evidence
        AND statement::jsonb->>'kind' = kind
        AND statement::jsonb->>'account' = account
        AND statement::jsonb->>'order' = "order"
        AND (statement::jsonb->>'sequence')::int = sequence
        AND (statement::jsonb->>'ticket')::bigint = ticket_id
        AND (statement::jsonb->>'policy')::bigint = policy_id
    END
);
ALTER TABLE actions_actionpolicy ADD CONSTRAINT action_policy_makers CHECK (
    (edited_by_id IS NULL OR edited_by_id = ANY (makers))
    AND (proposed_by_id IS NULL OR proposed_by_id = ANY (makers))
    AND (decided_by_id IS NULL OR NOT decided_by_id = ANY (makers))
);
"""

UNDO_CONSTRAINTS = """
ALTER TABLE actions_action DROP CONSTRAINT action_makers;
ALTER TABLE actions_action DROP CONSTRAINT action_approver_is_no_maker;
ALTER TABLE actions_action DROP CONSTRAINT action_approved_is_the_statement;
ALTER TABLE actions_action DROP CONSTRAINT action_statement_says_it;
ALTER TABLE actions_actionpolicy DROP CONSTRAINT action_policy_makers;
"""

ACTION = """
CREATE FUNCTION secondline_action_steps() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('draft', 'requested'), ('draft', 'cancelled'),
           ('requested', 'draft'), ('requested', 'approved'), ('requested', 'rejected'),
           ('requested', 'cancelled'), ('requested', 'expired'),
           ('approved', 'draft'), ('approved', 'cancelled'), ('approved', 'expired'), ('approved', 'executing'),
           ('executing', 'done'), ('executing', 'failed'), ('executing', 'unknown'),
           ('unknown', 'done'), ('unknown', 'failed'),
           ('done', 'verified')
$$;

CREATE FUNCTION secondline_action_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.approved_by_id IS NOT NULL THEN
            RAISE EXCEPTION 'An action begins as a draft.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.ticket_id, NEW.kind, NEW.key, NEW.created_by_id, NEW.created_at)
       IS DISTINCT FROM (OLD.ticket_id, OLD.kind, OLD.key, OLD.created_by_id, OLD.created_at) THEN
        RAISE EXCEPTION 'Ticket, kind, key and author of an action stay.' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT NEW.makers @> OLD.makers THEN
        RAISE EXCEPTION 'Whoever made an action stays one of its makers.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM secondline_action_steps() AS step WHERE step.source = OLD.state AND step.target = NEW.state
    ) THEN
        RAISE EXCEPTION 'No action goes from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> 'draft' AND OLD.state <> 'draft' AND (
        (NEW.payload, NEW.evidence, NEW.account, NEW."order", NEW.sequence, NEW.amount, NEW.currency, NEW.policy_id,
         NEW.statement, NEW.digest, NEW.checks, NEW.makers, NEW.edited_by_id, NEW.requested_by_id,
         NEW.requested_at, NEW.expires_at)
        IS DISTINCT FROM
        (OLD.payload, OLD.evidence, OLD.account, OLD."order", OLD.sequence, OLD.amount, OLD.currency, OLD.policy_id,
         OLD.statement, OLD.digest, OLD.checks, OLD.makers, OLD.edited_by_id, OLD.requested_by_id,
         OLD.requested_at, OLD.expires_at)
    ) THEN
        RAISE EXCEPTION 'What was requested is not changed: editing makes a draft of it.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'draft' AND (NEW.statement <> '' OR NEW.approved_by_id IS NOT NULL) THEN
        RAISE EXCEPTION 'A draft has neither statement nor approval.' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.approved_by_id, NEW.approved_digest, NEW.approved_at)
       IS DISTINCT FROM (OLD.approved_by_id, OLD.approved_digest, OLD.approved_at)
       AND NEW.state <> 'draft' AND NOT (OLD.state = 'requested' AND NEW.state = 'approved') THEN
        RAISE EXCEPTION 'An approval stays as it was given.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS (
        SELECT FROM actions_decision AS decision
        WHERE decision.action_id = NEW.id AND decision.verdict = 'approved'
            AND decision.by_id = NEW.approved_by_id AND decision.digest = NEW.approved_digest
            AND decision.policy_id = NEW.policy_id
    ) THEN
        RAISE EXCEPTION 'An approval needs a decision about just this.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER actions_action_guard BEFORE INSERT OR UPDATE ON actions_action
    FOR EACH ROW EXECUTE FUNCTION secondline_action_guard();
CREATE TRIGGER actions_action_no_delete BEFORE DELETE ON actions_action
    FOR EACH ROW EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER actions_action_no_truncate BEFORE TRUNCATE ON actions_action
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
"""

UNDO_ACTION = """
DROP TRIGGER actions_action_guard ON actions_action;
DROP TRIGGER actions_action_no_delete ON actions_action;
DROP TRIGGER actions_action_no_truncate ON actions_action;
DROP FUNCTION secondline_action_guard();
DROP FUNCTION secondline_action_steps();
"""

DECISION = """
CREATE FUNCTION secondline_decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    action actions_action%ROWTYPE;
BEGIN
    SELECT * INTO action FROM actions_action WHERE id = NEW.action_id;
    IF action.state <> 'requested' OR action.digest <> NEW.digest OR action.policy_id <> NEW.policy_id THEN
        RAISE EXCEPTION 'A decision is about what is requested, word for word.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.by_id = ANY (action.makers) THEN
        RAISE EXCEPTION 'Nobody decides about what they made.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.verdict = 'approved' AND NEW.proved_by = '' THEN
        RAISE EXCEPTION 'An approval needs a password or a second factor.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER actions_decision_guard BEFORE INSERT ON actions_decision
    FOR EACH ROW EXECUTE FUNCTION secondline_decision_guard();
CREATE TRIGGER actions_decision_no_change BEFORE UPDATE OR DELETE ON actions_decision
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER actions_decision_no_truncate BEFORE TRUNCATE ON actions_decision
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
"""

UNDO_DECISION = """
DROP TRIGGER actions_decision_guard ON actions_decision;
DROP TRIGGER actions_decision_no_change ON actions_decision;
DROP TRIGGER actions_decision_no_truncate ON actions_decision;
DROP FUNCTION secondline_decision_guard();
"""

POLICY = """
CREATE FUNCTION secondline_action_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' AND NOT (NEW.number = 1 AND NOT EXISTS (
            SELECT FROM actions_actionpolicy WHERE kind = NEW.kind
        )) THEN
            RAISE EXCEPTION 'A policy begins as a draft.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'Only a draft of a policy is deleted.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.kind, NEW.number) IS DISTINCT FROM (OLD.kind, OLD.number) OR NOT NEW.makers @> OLD.makers THEN
        RAISE EXCEPTION 'Kind, number and makers of a policy stay.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('draft', 'proposed'), ('proposed', 'draft'), ('proposed', 'in_force'), ('proposed', 'rejected'),
        ('in_force', 'replaced')
    ) THEN
        RAISE EXCEPTION 'No policy goes from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state <> 'draft' AND (NEW.terms, NEW.approver_team_id, NEW.approver_role, NEW.makers, NEW.edited_by_id)
       IS DISTINCT FROM (OLD.terms, OLD.approver_team_id, OLD.approver_role, OLD.makers, OLD.edited_by_id) THEN
        RAISE EXCEPTION 'What was proposed is not changed.' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'in_force' AND (NEW.decided_by_id, NEW.proposed_by_id)
       IS DISTINCT FROM (OLD.decided_by_id, OLD.proposed_by_id) THEN
        RAISE EXCEPTION 'Who decided stays.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER actions_actionpolicy_guard BEFORE INSERT OR UPDATE OR DELETE ON actions_actionpolicy
    FOR EACH ROW EXECUTE FUNCTION secondline_action_policy_guard();
CREATE TRIGGER actions_actionpolicy_no_truncate BEFORE TRUNCATE ON actions_actionpolicy
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
"""

UNDO_POLICY = """
DROP TRIGGER actions_actionpolicy_guard ON actions_actionpolicy;
DROP TRIGGER actions_actionpolicy_no_truncate ON actions_actionpolicy;
DROP FUNCTION secondline_action_policy_guard();
"""

_GUARDS = {
    "action": ("guard", "no_delete", "no_truncate"),
    "decision": ("guard", "no_change", "no_truncate"),
    "actionpolicy": ("guard", "no_truncate"),
}
ALWAYS = "".join(
    f"ALTER TABLE actions_{table} ENABLE ALWAYS TRIGGER actions_{table}_{guard};\n"
    for table, guards in _GUARDS.items()
    for guard in guards
)


class Migration(migrations.Migration):
    dependencies = [("actions", "0001_initial"), ("events", "0004_guarded_always")]

    operations = [
        migrations.RunSQL(CONSTRAINTS, UNDO_CONSTRAINTS),
        migrations.RunSQL(ACTION, UNDO_ACTION),
        migrations.RunSQL(DECISION, UNDO_DECISION),
        migrations.RunSQL(POLICY, UNDO_POLICY),
        migrations.RunSQL(ALWAYS, migrations.RunSQL.noop),
    ]
