"""Carry calendars, policies and clocks over into versions and ledgers."""

from django.db import migrations
from django.db.models import F


def keep(apps, schema_editor):
    apps.get_model("escalations", "Ticket").objects.filter(team_since=None).update(team_since=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("escalations", "0003_versioned_service_levels")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
