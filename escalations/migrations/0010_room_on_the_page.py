"""Leave room beside each ticket, so that its next version can stay on its page and no index has to be written."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("escalations", "0009_breach_risk")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE escalations_ticket SET (fillfactor = 85)",
            "ALTER TABLE escalations_ticket RESET (fillfactor)",
        ),
    ]
