"""The procedures that Secondline brings along; whoever reviews publishes their own."""

from django.db import migrations
from django.utils import timezone


def item(key, evidence, text, text_es):
    return {"key": key, "evidence": evidence, "text": text, "text_es": text_es}


SUSPICIOUS_ACTIVITY = [
    item(
        "customer", "note", "Who is the customer, and what is known of their business or income?",
        "¿Quién es el cliente y qué se sabe de su actividad o sus ingresos?",
    ),
    item(
        "movements", "document", "Do the movements of the last 90 days fit what is known of the customer?",
        "¿Los movimientos de los últimos 90 días corresponden a lo que se sabe del cliente?",
    ),
    item(
        "counterparties", "note", "Are the counterparties known, and is any of them on a list?",
        "¿Se conocen las contrapartes y está alguna de ellas en una lista?",
    ),
    item(
        "sanctions", "document", "Was the customer screened against sanctions lists and for political exposure?",
        "¿Se comprobó si el cliente está en listas de sanciones o expuesto políticamente?",
    ),
    item(
        "earlier", "none", "Were there earlier reviews or reports about this customer?",
        "¿Hubo revisiones o reportes anteriores sobre este cliente?",
    ),
    item(
        "explanation", "note", "Is there a plausible explanation for what was noticed?",
        "¿Hay una explicación verosímil de lo observado?",
    ),
]  # fmt: skip

DOCUMENT_CHECK = [
    item(
        "legible", "document", "Is the document complete and legible, on both sides?",
        "¿El documento está completo y es legible por ambos lados?",
    ),
    item("valid", "none", "Is it valid today?", "¿Está vigente hoy?"),
    item(
        "genuine", "note", "Do fonts, lines, photo and machine-readable zone look genuine?",
        "¿Las letras, las líneas, la foto y la zona de lectura mecánica parecen auténticas?",
    ),
    item(
        "matches", "note", "Do name, date of birth and address match the account?",
        "¿El nombre, la fecha de nacimiento y la dirección corresponden a la cuenta?",
    ),
    item(
        "person", "none", "Is the person in the photo the one in the selfie?",
        "¿La persona de la foto es la de la selfi?",
    ),
]  # fmt: skip


def publish(apps, schema_editor):
    Procedure = apps.get_model("compliance", "Procedure")
    now = timezone.localtime()
    Procedure.objects.create(
        kind="suspicious_activity", number=1, items=SUSPICIOUS_ACTIVITY, published_at=now,
        take_hours=24, take_warning=6, decide_hours=720, decide_warning=120,
    )  # fmt: skip
    Procedure.objects.create(
        kind="document_check", number=1, items=DOCUMENT_CHECK, published_at=now,
        take_hours=8, take_warning=2, decide_hours=72, decide_warning=12,
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_guards")]

    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
