"""What the database does for the trail by itself: writes it, dates it, keeps it.

Whoever owns the tables can take all this away. The application shall not own them (audit/rights.py), and what
an owner does is found by the chain and the checkpoints (manage.py verify_audit).
"""

from django.db import migrations

# The database says when, and in which transaction: sealing reads on by its number (as events/tail.py does).
STAMP = """
ALTER TABLE audit_entry ADD COLUMN transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_transaction ON audit_entry (transaction, id);

CREATE FUNCTION secondline_audit_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    NEW.transaction := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_entry_stamp BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION secondline_audit_stamp();
"""

# Every event becomes an entry, in its own transaction. Not enabled ALWAYS: a replica gets the entries, too.
WRITE = """
CREATE FUNCTION secondline_audit_origin() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('secondline.origin', true), ''), '{}')::jsonb
$$;

CREATE FUNCTION secondline_audit_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := secondline_audit_origin();
BEGIN
    INSERT INTO audit_entry (person_id, name, action, object_type, object_id, address, agent, request, result,
                             event_id, data)
    SELECT event.actor_id, coalesce(nullif(person.name, ''), person.email, ''), event.kind,
           event.subject_type, event.subject_id, (origin->>'address')::inet, coalesce(origin->>'agent', ''),
           coalesce(origin->>'request', ''), 'done', event.id, event.data
    FROM recorded AS event LEFT JOIN accounts_user AS person ON person.id = event.actor_id
    ORDER BY event.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER events_event_audited AFTER INSERT ON events_event
    REFERENCING NEW TABLE AS recorded
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_audit_events();

CREATE FUNCTION secondline_audit_admin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := secondline_audit_origin();
BEGIN
    INSERT INTO audit_entry (person_id, name, action, object_type, object_id, address, agent, request, result,
                             data)
    SELECT log.user_id, coalesce(nullif(person.name, ''), person.email, ''),
           'admin.' || CASE log.action_flag WHEN 1 THEN 'added' WHEN 2 THEN 'changed' ELSE 'deleted' END,
           coalesce(type.app_label || '.' || type.model, ''),
           CASE WHEN log.object_id ~ '^[0-9]{1,18}$' THEN log.object_id::bigint END,
           (origin->>'address')::inet, coalesce(origin->>'agent', ''), coalesce(origin->>'request', ''), 'done',
           jsonb_build_object('log', log.id, 'object', log.object_id, 'change', log.change_message)
    FROM logged AS log
    LEFT JOIN accounts_user AS person ON person.id = log.user_id
    LEFT JOIN django_content_type AS type ON type.id = log.content_type_id
    ORDER BY log.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER django_admin_log_audited AFTER INSERT ON django_admin_log
    REFERENCING NEW TABLE AS logged
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_audit_admin();
"""

# A proof takes up where the last one ended, and names nothing of the last twelve months. What it covers may go.
DELETE = """
CREATE FUNCTION secondline_audit_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.first <> coalesce((SELECT max(last) FROM audit_deletion), 0) + 1 OR NEW.last < NEW.first THEN
        RAISE EXCEPTION 'A proof of deletion begins where the last one ended.' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM audit_seal WHERE number = NEW.last AND hash = NEW.last_hash) THEN
        RAISE EXCEPTION 'Record % is not sealed like that.', NEW.last USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM audit_seal AS seal JOIN audit_entry AS entry ON entry.id = seal.entry_id
        WHERE seal.number <= NEW.last AND entry.at > now() - interval '12 months'
    ) THEN
        RAISE EXCEPTION 'Records of the last twelve months are kept.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_deletion_proof BEFORE INSERT ON audit_deletion
    FOR EACH ROW EXECUTE FUNCTION secondline_audit_proof();
ALTER TABLE audit_deletion ENABLE ALWAYS TRIGGER audit_deletion_proof;

CREATE FUNCTION secondline_audit_may_go() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    IF TG_TABLE_NAME = 'audit_entry' THEN
        SELECT number INTO place FROM audit_seal WHERE entry_id = OLD.id;
    ELSE
        place := OLD.number;
    END IF;
    IF place IS NULL OR place > coalesce((SELECT max(last) FROM audit_deletion), 0) THEN
        RAISE EXCEPTION 'DELETE on % is refused: the table is append-only.', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;

CREATE FUNCTION secondline_audit_forget() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    through bigint := coalesce((SELECT max(last) FROM audit_deletion), 0);
    gone bigint;
BEGIN
    DELETE FROM audit_entry USING audit_seal WHERE audit_seal.entry_id = audit_entry.id AND number <= through;
    DELETE FROM audit_seal WHERE number <= through;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
"""

GUARD = "".join(
    f"""
CREATE TRIGGER audit_{table}_no_change BEFORE UPDATE{change} ON audit_{table}
    FOR EACH ROW EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER audit_{table}_no_truncate BEFORE TRUNCATE ON audit_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE audit_{table} ENABLE ALWAYS TRIGGER audit_{table}_no_change;
ALTER TABLE audit_{table} ENABLE ALWAYS TRIGGER audit_{table}_no_truncate;
"""
    for table, change in (("entry", ""), ("seal", ""), ("deletion", " OR DELETE"), ("verification", " OR DELETE"))
) + "".join(
    f"""
CREATE TRIGGER audit_{table}_may_go BEFORE DELETE ON audit_{table}
    FOR EACH ROW EXECUTE FUNCTION secondline_audit_may_go();
ALTER TABLE audit_{table} ENABLE ALWAYS TRIGGER audit_{table}_may_go;
"""
    for table in ("entry", "seal")
)

UNDO = """
DROP TRIGGER events_event_audited ON events_event;
DROP TRIGGER django_admin_log_audited ON django_admin_log;
DROP FUNCTION secondline_audit_forget();
DROP FUNCTION secondline_audit_events();
DROP FUNCTION secondline_audit_admin();
DROP FUNCTION secondline_audit_origin();
DROP FUNCTION secondline_audit_stamp() CASCADE;
DROP FUNCTION secondline_audit_proof() CASCADE;
DROP FUNCTION secondline_audit_may_go() CASCADE;
ALTER TABLE audit_entry DROP COLUMN transaction;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("events", "0004_guarded_always"),
        ("accounts", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [migrations.RunSQL(STAMP + WRITE + DELETE + GUARD, UNDO)]
