from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0033_log_troubles")]

    operations = [
        migrations.AddField("log", "claimed_at", models.DateTimeField(null=True)),
        migrations.AddField("log", "attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AddIndex(
            "log",
            models.Index(condition=models.Q(state="under_way"), fields=["added_at"], name="log_under_way"),
        ),
    ]
