"""Give each hypothesis of each diagnosis an id that it keeps in all versions: the same text is the same one."""

from typing import Any

from django.db import migrations

_BATCH = 1000


def name_them(apps: Any, _schema_editor: Any) -> None:
    """Number the hypotheses of a diagnosis in the order in which its versions name them."""
    diagnoses = apps.get_model("escalations", "Diagnosis").objects
    revisions = apps.get_model("escalations", "DiagnosisRevision").objects
    last = 0
    while batch := list(diagnoses.filter(pk__gt=last).only("hypotheses").order_by("pk")[:_BATCH]):
        last = batch[-1].pk
        ids: dict[int, dict[tuple[str, int], str]] = {row.pk: {} for row in batch}
        past = list(
            revisions.filter(diagnosis__in=list(ids)).only("hypotheses", "diagnosis_id").order_by("version")
        )
        for revision in past:
            _name(revision.hypotheses, ids[revision.diagnosis_id])
        for row in batch:
            _name(row.hypotheses, ids[row.pk])
        revisions.bulk_update([row for row in past if row.hypotheses], ["hypotheses"], batch_size=_BATCH)
        diagnoses.bulk_update([row for row in batch if row.hypotheses], ["hypotheses"])


def _name(rows: list[dict[str, str]], ids: dict[tuple[str, int], str]) -> None:
    """Name rows by their text, and by which of several rows with that text they are."""
    times: dict[str, int] = {}
    for row in rows:
        text = row["text"]
        times[text] = times.get(text, 0) + 1
        row["id"] = ids.setdefault((text, times[text]), f"h{len(ids) + 1}")
        row.setdefault("reason", "")


class Migration(migrations.Migration):
    dependencies = [("escalations", "0030_evidence")]

    operations = [migrations.RunPython(name_them, migrations.RunPython.noop)]
