"""Editing a procedure: its items as rows, its deadlines in hours."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from compliance.models import Evidence, Procedure
from compliance.procedures import LONGEST_HOURS, LONGEST_ITEM, MOST_ITEMS, Draft

PREFIX = "items"


class DeadlinesForm(forms.Form):
    """When the steps are due."""

    take_hours = forms.IntegerField(
        label=gettext_lazy("Taken on within (hours)"), min_value=1, max_value=LONGEST_HOURS
    )
    take_warning = forms.IntegerField(
        label=gettext_lazy("Warn before (hours)"), min_value=0, max_value=LONGEST_HOURS
    )
    decide_hours = forms.IntegerField(
        label=gettext_lazy("Decided within (hours)"), min_value=1, max_value=LONGEST_HOURS
    )
    decide_warning = forms.IntegerField(
        label=gettext_lazy("Warn before (hours)"), min_value=0, max_value=LONGEST_HOURS
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class ItemRow(forms.Form):
    """One item of the checklist. A row without words is none."""

    key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    text = forms.CharField(label=gettext_lazy("Question"), required=False, max_length=LONGEST_ITEM)
    text_es = forms.CharField(label=gettext_lazy("In Spanish"), required=False, max_length=LONGEST_ITEM)
    evidence = forms.ChoiceField(label=gettext_lazy("Evidence"), choices=Evidence)


ItemRows = forms.formset_factory(
    ItemRow, extra=1, max_num=MOST_ITEMS, validate_max=True, absolute_max=MOST_ITEMS + 5
)


def initial(procedure: Procedure) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the forms start with: the version in force."""
    deadlines = {
        name: getattr(procedure, name) for name in ("take_hours", "take_warning", "decide_hours", "decide_warning")
    }
    return deadlines | {"version": procedure.number}, list(procedure.items)


def draft(deadlines: DeadlinesForm, rows: Any) -> Draft:
    """Return what the valid forms say."""
    said = dict(deadlines.cleaned_data)
    said.pop("version")
    items = [row.cleaned_data for row in rows if row.cleaned_data.get("text", "").strip()]
    return Draft(items=items, **said)
