"""docs/lifecycle.md says what the transition table says."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.utils import translation

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"


def test_the_document_is_what_the_table_says_now():
    written = StringIO()
    with translation.override("es"):  # whoever runs it
        call_command("describe_lifecycle", stdout=written)

    assert written.getvalue() == DOCUMENT.read_text("utf-8"), (
        "The table has changed: run manage.py describe_lifecycle > docs/lifecycle.md"
    )
