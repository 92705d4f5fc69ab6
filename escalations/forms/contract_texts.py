"""What a form's fields say to the people who edit it: as words, as lines, and to compare versions."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_CHOICES = 60
LONGEST_VALUE = 80

TYPE_LABELS = {
    "text": gettext_lazy("A line of text"),
    "long_text": gettext_lazy("Several lines of text"),
    "choice": gettext_lazy("One of a list"),
    "number": gettext_lazy("A number"),
    "money": gettext_lazy("An amount with its currency"),
    "date": gettext_lazy("A date"),
    "url": gettext_lazy("A web address"),
    "reference": gettext_lazy("An id, such as a transaction’s"),
    "steps": gettext_lazy("Steps, one a line"),
    "request": gettext_lazy("What L1 asks of the second line"),
}
FILL_LABELS = {
    "": gettext_lazy("Nothing else"),
    "transaction_ref": gettext_lazy("The ticket’s transaction"),
    "product": gettext_lazy("The ticket’s product"),
    "error_code": gettext_lazy("The ticket’s error code"),
}

Definition = dict[str, Any]


def write_choices(choices: Iterable[Definition]) -> str:
    """Return choices as they are edited, one a line: code | English | Spanish."""
    return "\n".join(
        " | ".join([str(choice["value"]), choice["label"].get("en", ""), choice["label"].get("es", "")])
        for choice in choices
    )


def read_choices(text: str) -> list[Definition]:
    """Return the choices that the lines name. Raises ValidationError, naming the line to mend.

    A line is "English", "English | Spanish" or "code | English | Spanish"; a code that is
    not given is made of the English label.
    """
    choices: list[Definition] = []
    taken: set[str] = set()
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) > 3:
            raise forms.ValidationError(_("Line %d has more than three parts.") % number)
        value, english, spanish = parts if len(parts) == 3 else ("", *parts, "")[:3]
        if not english:
            raise forms.ValidationError(_("Line %d has no English text.") % number)
        value = value or slugify(english).replace("-", "_")[:LONGEST_VALUE] or f"choice_{number}"
        if len(value) > LONGEST_VALUE:
            raise forms.ValidationError(
                _("The code of line %(line)d may have at most %(most)d characters.")
                % {"line": number, "most": LONGEST_VALUE}
            )
        if value in taken:
            raise forms.ValidationError(_("Line %d repeats a choice that stands above it.") % number)
        taken.add(value)
        choices.append({"value": value, "label": {"en": english, "es": spanish}})
    if not choices:
        raise forms.ValidationError(_("Name at least one choice."))
    if len(choices) > MOST_CHOICES:
        raise forms.ValidationError(_("A list has at most %d choices.") % MOST_CHOICES)
    return choices


def as_texts(fields: Iterable[Definition]) -> dict[str, str]:
    """Return each field by its key as people read it, in both languages, to compare versions."""
    return {field["key"]: "\n".join(_lines(field)) for field in fields}


def _lines(field: Definition) -> Iterable[str]:
    yield _both(field["label"])
    yield "  " + str(TYPE_LABELS.get(field["type"], field["type"]))
    yield "  " + (_("An answer is needed") if field.get("required") else _("May be left empty"))
    if condition := field.get("show_if"):
        # By key and codes: renaming a question must not look like a change of those that depend on it.
        answers = ", ".join(map(str, condition["in"]))
        asked = {"field": condition["field"], "answers": answers}
        yield "  " + _("Asked only if “%(field)s” is: %(answers)s") % asked
    if fills := field.get("fills"):
        yield f"  {_('Also fills')}: {FILL_LABELS.get(fills, fills)}"
    if help_texts := field.get("help"):
        yield f"  {_('Help')}: {_both(help_texts)}"
    for choice in field.get("choices", []):
        yield f"  – {choice['value']}: {_both(choice['label'])}"


def _both(texts: Mapping[str, str]) -> str:
    return " / ".join(text for text in (texts.get("en"), texts.get("es")) if text)
