"""What the database holds by itself: what was written stays, and no decision is one person's.

All triggers are enabled ALWAYS, for a replica's hand, too. The application's role can't take them away: it owns
no table (audit/rights.py).
"""

from django.db import migrations

KEPT = ("note", "document", "documentcontent", "answer", "procedure", "packcontent")

ONLY_ADDED_TO = "".join(
    f"""
CREATE TRIGGER compliance_{table}_no_change BEFORE UPDATE OR DELETE ON compliance_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE compliance_{table} ENABLE ALWAYS TRIGGER compliance_{table}_no_change;
"""
    for table in KEPT
)

NEVER_DELETED = "".join(
    f"""
CREATE TRIGGER compliance_{table}_no_delete BEFORE DELETE ON compliance_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE compliance_{table} ENABLE ALWAYS TRIGGER compliance_{table}_no_delete;
"""
    for table in ("case", "proposal")
) + "".join(
    f"""
CREATE TRIGGER compliance_{table}_no_truncate BEFORE TRUNCATE ON compliance_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE compliance_{table} ENABLE ALWAYS TRIGGER compliance_{table}_no_truncate;
"""
    for table in (*KEPT, "case", "proposal")
)

TWO_PEOPLE = """
CREATE FUNCTION secondline_compliance_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'A decision is proposed first.' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
        OR (NEW.id, NEW.case_id, NEW.outcome, NEW.reason, NEW.digest, NEW.proposed_by_id, NEW.proposed_at)
            IS DISTINCT FROM
           (OLD.id, OLD.case_id, OLD.outcome, OLD.reason, OLD.digest, OLD.proposed_by_id, OLD.proposed_at) THEN
        RAISE EXCEPTION 'A proposal never changes but to end, once.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER compliance_proposal_ends_once BEFORE INSERT OR UPDATE ON compliance_proposal
    FOR EACH ROW EXECUTE FUNCTION secondline_compliance_proposal();
ALTER TABLE compliance_proposal ENABLE ALWAYS TRIGGER compliance_proposal_ends_once;

CREATE FUNCTION secondline_compliance_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (NEW.id, NEW.kind, NEW.procedure_id, NEW.customer_id, NEW.opened_by_id, NEW.opened_at) IS DISTINCT FROM
        (OLD.id, OLD.kind, OLD.procedure_id, OLD.customer_id, OLD.opened_by_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'What a review is about never changes.' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'decided' AND NOT EXISTS (
        SELECT FROM compliance_proposal AS proposal
        WHERE proposal.id = NEW.decision_id AND proposal.case_id = NEW.id AND proposal.ended_as = 'confirmed'
    ) THEN
        RAISE EXCEPTION 'A review is decided by a proposal that a second person has confirmed.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER compliance_case_decided BEFORE INSERT OR UPDATE ON compliance_case
    FOR EACH ROW EXECUTE FUNCTION secondline_compliance_case();
ALTER TABLE compliance_case ENABLE ALWAYS TRIGGER compliance_case_decided;
"""

UNDO = (
    "".join(f"DROP TRIGGER compliance_{table}_no_change ON compliance_{table};" for table in KEPT)
    + "".join(
        f"DROP TRIGGER compliance_{table}_no_truncate ON compliance_{table};"
        for table in (*KEPT, "case", "proposal")
    )
    + "".join(
        f"DROP TRIGGER compliance_{table}_no_delete ON compliance_{table};" for table in ("case", "proposal")
    )
    + "DROP FUNCTION secondline_compliance_proposal() CASCADE; DROP FUNCTION secondline_compliance_case() CASCADE;"
)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial")]

    operations = [migrations.RunSQL(ONLY_ADDED_TO + NEVER_DELETED + TWO_PEOPLE, UNDO)]
