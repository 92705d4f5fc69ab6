"""The guard of the record also holds for each row and for whoever replays changes as a replica."""

from django.db import migrations

GUARDS = """
DROP TRIGGER events_event_no_change ON events_event;
CREATE TRIGGER events_event_no_change BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION secondline_append_only();
ALTER TABLE events_event ENABLE ALWAYS TRIGGER events_event_no_change;
ALTER TABLE events_event ENABLE ALWAYS TRIGGER events_event_no_truncate;
"""

BEFORE = """
DROP TRIGGER events_event_no_change ON events_event;
CREATE TRIGGER events_event_no_change BEFORE UPDATE OR DELETE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
ALTER TABLE events_event ENABLE TRIGGER events_event_no_truncate;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_transaction")]

    operations = [migrations.RunSQL(GUARDS, BEFORE)]
