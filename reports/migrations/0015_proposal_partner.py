import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_compliance_teams"),
        ("reports", "0014_improvements"),
    ]

    operations = [
        migrations.AddField(
            model_name="proposal",
            name="partner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
                verbose_name="put to",
            ),
        ),
    ]
