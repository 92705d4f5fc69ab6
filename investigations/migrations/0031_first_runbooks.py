from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from investigations.health.more_runbooks import ALL

_WRITTEN = datetime(2026, 11, 28, tzinfo=UTC)


def store(apps: Any, _schema_editor: Any) -> None:
    runbook = apps.get_model("investigations", "Runbook")
    runbook.objects.bulk_create(
        runbook(
            plugin=plugin, language=language, number=1, written_at=_WRITTEN,
            steps=[{"title": title, "text": text} for title, text in steps],
        )
        for plugin, languages in ALL.items()
        for language, steps in languages.items()
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("investigations", "0030_sources_and_health")]

    operations = [migrations.RunPython(store, migrations.RunPython.noop)]
