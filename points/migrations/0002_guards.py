"""What the database does for the ledger by itself, whoever writes: all of it holds for a replica's hand, too.

Nothing is changed or taken away; a transfer's postings sum to zero at the end of its transaction, and are what its
kind says; of what was spent no more is refunded than that.
"""

from django.db import migrations

KEEP = "".join(
    f"""
CREATE TRIGGER points_{table}_no_change BEFORE {change} ON points_{table}
    FOR EACH ROW EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER points_{table}_no_truncate BEFORE TRUNCATE ON points_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE points_{table} ENABLE ALWAYS TRIGGER points_{table}_no_change;
ALTER TABLE points_{table} ENABLE ALWAYS TRIGGER points_{table}_no_truncate;
"""
    for table, change in (
        ("account", "UPDATE OR DELETE"),
        ("transfer", "UPDATE OR DELETE"),
        ("posting", "UPDATE OR DELETE"),
        ("allowance", "DELETE"),
    )
)

# At the end of the transaction: the postings balance, and mirror those of what is refunded or corrected.
BALANCE = """
CREATE FUNCTION secondline_points_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved points_transfer;
    source bigint;
BEGIN
    IF TG_TABLE_NAME = 'points_transfer' THEN
        moved := NEW;
    ELSE
        SELECT * INTO STRICT moved FROM points_transfer WHERE id = NEW.transfer_id;
    END IF;
    IF (SELECT count(*) < 2 OR sum(points) <> 0 OR sum(points) FILTER (WHERE points > 0) <> moved.points
        FROM points_posting WHERE transfer_id = moved.id) THEN
        RAISE EXCEPTION 'The postings of points transfer % do not balance.', moved.id
            USING ERRCODE = 'check_violation';
    END IF;
    source := coalesce(moved.original_id, moved.corrects_id);
    IF source IS NOT NULL AND EXISTS (
        SELECT FROM (SELECT * FROM points_posting WHERE transfer_id = moved.id) AS made
        FULL JOIN (SELECT * FROM points_posting WHERE transfer_id = source) AS undone
            ON undone.account_id = made.account_id AND sign(undone.points) = -sign(made.points)
        WHERE made.id IS NULL OR undone.id IS NULL
            OR (moved.kind = 'correction' AND made.points <> -undone.points)
    ) THEN
        RAISE EXCEPTION 'Points transfer % does not go the way back of transfer %.', moved.id, source
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER points_transfer_balances AFTER INSERT ON points_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION secondline_points_balance();
CREATE CONSTRAINT TRIGGER points_posting_balances AFTER INSERT ON points_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION secondline_points_balance();
ALTER TABLE points_transfer ENABLE ALWAYS TRIGGER points_transfer_balances;
ALTER TABLE points_posting ENABLE ALWAYS TRIGGER points_posting_balances;
"""

# The allowance says what the ledger says, whatever is written into it. Its row is the lock of what was spent, and its
# check constraint refuses a refund of more.
ALLOW = """
CREATE FUNCTION secondline_points_allowance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.transfer_id <> OLD.transfer_id THEN
        RAISE EXCEPTION 'An allowance stays with its transfer.' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT CASE WHEN EXISTS (SELECT FROM points_transfer WHERE corrects_id = spent.id) THEN 0 ELSE spent.points END
    INTO NEW.points
    FROM points_transfer AS spent WHERE spent.id = NEW.transfer_id AND spent.kind = 'spent';
    SELECT coalesce(sum(refund.points), 0) INTO NEW.refunded
    FROM points_transfer AS refund
    WHERE refund.original_id = NEW.transfer_id
        AND NOT EXISTS (SELECT FROM points_transfer AS undone WHERE undone.corrects_id = refund.id);
    RETURN NEW;
END
$$;
CREATE TRIGGER points_allowance_told BEFORE INSERT OR UPDATE ON points_allowance
    FOR EACH ROW EXECUTE FUNCTION secondline_points_allowance();
ALTER TABLE points_allowance ENABLE ALWAYS TRIGGER points_allowance_told;

CREATE FUNCTION secondline_points_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    undone points_transfer;
    spent bigint := NEW.original_id;
BEGIN
    IF NEW.kind = 'spent' THEN
        INSERT INTO points_allowance (transfer_id, points, refunded) VALUES (NEW.id, NEW.points, 0);
        RETURN NULL;
    END IF;
    IF NEW.kind = 'correction' THEN
        SELECT * INTO STRICT undone FROM points_transfer WHERE id = NEW.corrects_id;
        IF undone.kind = 'correction' THEN
            RAISE EXCEPTION 'A correction is not corrected.' USING ERRCODE = 'check_violation';
        END IF;
        spent := coalesce(undone.original_id, undone.id);
    END IF;
    UPDATE points_allowance SET refunded = refunded WHERE transfer_id = spent;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Nothing was spent by points transfer %.', spent USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER points_transfer_allowed AFTER INSERT ON points_transfer
    FOR EACH ROW EXECUTE FUNCTION secondline_points_transfer();
ALTER TABLE points_transfer ENABLE ALWAYS TRIGGER points_transfer_allowed;

INSERT INTO points_account (reference, holder, opened_at) VALUES ('programme', 'programme', now());
"""

UNDO = """
DROP FUNCTION secondline_points_balance() CASCADE;
DROP FUNCTION secondline_points_allowance() CASCADE;
DROP FUNCTION secondline_points_transfer() CASCADE;
""" + "".join(
    f"""
DROP TRIGGER points_{table}_no_change ON points_{table};
DROP TRIGGER points_{table}_no_truncate ON points_{table};
"""
    for table in ("account", "transfer", "posting", "allowance")
)


class Migration(migrations.Migration):
    dependencies = [("points", "0001_ledger"), ("events", "0004_guarded_always")]

    operations = [migrations.RunSQL(KEEP + BALANCE + ALLOW, UNDO)]
