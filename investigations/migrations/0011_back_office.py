"""The back office of the settings is an environment from the start; it stores neither address nor token."""

from django.db import migrations

from common import clock


def add(apps, _schema_editor):
    apps.get_model("investigations", "Environment").objects.get_or_create(
        is_back_office=True,
        defaults={
            "name": "Back office",
            "headers": [["Authorization", "Bearer {{BACK_OFFICE_TOKEN}}"], ["Accept", "application/json"]],
            "changed_at": clock.now(),
        },
    )


class Migration(migrations.Migration):
    dependencies = [("investigations", "0010_console")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop, elidable=False)]
