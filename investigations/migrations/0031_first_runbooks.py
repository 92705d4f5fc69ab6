from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import migrations

from investigations.health import runbooks

_FOLDER = Path(runbooks.__file__).parent / "first_runbooks"
_WRITTEN = datetime(2026, 11, 28, tzinfo=UTC)


def store(apps: Any, _schema_editor: Any) -> None:
    runbook = apps.get_model("investigations", "Runbook")
    for file in sorted(_FOLDER.glob("*.md")):
        plugin, language, _md = file.name.split(".")
        steps = runbooks.read_text(file.read_text())
        runbook.objects.create(plugin=plugin, language=language, number=1, written_at=_WRITTEN, steps=steps)


class Migration(migrations.Migration):
    dependencies = [("investigations", "0030_sources_and_health")]

    operations = [migrations.RunPython(store, migrations.RunPython.noop)]
