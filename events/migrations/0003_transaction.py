"""Each event names the transaction that recorded it, which is what the live stream reads on by (events/tail.py).

Added without a default first, so that no row of a large table is rewritten: older events belong to no
transaction and are never streamed. The column is the database's own; no model writes it.
"""

from django.db import migrations

ADD = """
ALTER TABLE events_event ADD COLUMN transaction xid8;
ALTER TABLE events_event ALTER COLUMN transaction SET DEFAULT pg_current_xact_id();
CREATE INDEX event_transaction ON events_event (transaction) WHERE transaction IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]

    operations = [migrations.RunSQL(ADD, "ALTER TABLE events_event DROP COLUMN transaction")]
