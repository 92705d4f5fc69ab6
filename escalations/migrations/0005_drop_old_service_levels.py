from django.db import migrations, models

GUARDS = """
CREATE TRIGGER escalations_clockentry_no_change BEFORE UPDATE OR DELETE ON escalations_clockentry
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER escalations_clockentry_no_truncate BEFORE TRUNCATE ON escalations_clockentry
    FOR EACH STATEMENT EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER escalations_calendarversion_published BEFORE UPDATE OR DELETE ON escalations_calendarversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION secondline_append_only();
CREATE TRIGGER escalations_policyversion_published BEFORE UPDATE OR DELETE ON escalations_policyversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION secondline_append_only();
"""

UNGUARD = """
DROP TRIGGER escalations_clockentry_no_change ON escalations_clockentry;
DROP TRIGGER escalations_clockentry_no_truncate ON escalations_clockentry;
DROP TRIGGER escalations_calendarversion_published ON escalations_calendarversion;
DROP TRIGGER escalations_policyversion_published ON escalations_policyversion;
"""


class Migration(migrations.Migration):
    dependencies = [("escalations", "0004_keep_service_levels"), ("events", "0002_append_only")]

    operations = [
        migrations.RemoveField(
            model_name="oldpolicy",
            name="calendar",
        ),
        migrations.RemoveField(
            model_name="oldclocksegment",
            name="calendar",
        ),
        migrations.RemoveField(
            model_name="oldclock",
            name="calendar",
        ),
        migrations.RemoveField(
            model_name="oldclock",
            name="policy",
        ),
        migrations.RemoveField(
            model_name="oldclock",
            name="ticket",
        ),
        migrations.RemoveField(
            model_name="oldclocksegment",
            name="clock",
        ),
        migrations.RemoveField(
            model_name="oldpolicy",
            name="categories",
        ),
        migrations.RemoveField(
            model_name="oldpolicy",
            name="teams",
        ),
        migrations.RemoveField(
            model_name="oldtarget",
            name="policy",
        ),
        migrations.DeleteModel(
            name="OldCalendar",
        ),
        migrations.DeleteModel(
            name="OldClock",
        ),
        migrations.DeleteModel(
            name="OldClockSegment",
        ),
        migrations.DeleteModel(
            name="OldPolicy",
        ),
        migrations.DeleteModel(
            name="OldTarget",
        ),
        migrations.AlterField(
            model_name="ticket",
            name="team_since",
            field=models.DateTimeField(verbose_name="with this team since"),
        ),
        migrations.RunSQL(GUARDS, UNGUARD),
    ]
