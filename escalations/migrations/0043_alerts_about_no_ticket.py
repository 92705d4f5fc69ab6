from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("escalations", "0042_fixed_alerts")]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="ticket",
            field=models.ForeignKey(
                null=True, on_delete=models.PROTECT, related_name="+", to="escalations.ticket"
            ),
        ),
    ]
