"""Integrations are retired and brought back; faults of versions are taken back and put back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0031_first_runbooks")]

    operations = [
        migrations.AddField("integration", "retired_at", models.DateTimeField(null=True)),
        migrations.AddField("versionfault", "removed_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("integration", "integration_once"),
        migrations.AddConstraint(
            "integration",
            models.UniqueConstraint(
                fields=["customer", "plugin", "environment"],
                condition=models.Q(retired_at=None),
                name="integration_once",
            ),
        ),
    ]
