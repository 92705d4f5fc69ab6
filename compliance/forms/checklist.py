"""The checklist as a form: value, note and document for each item."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from compliance.checklists import LONGEST_ANSWER, Item
from compliance.documents import About
from compliance.models import Value


class ItemForm(forms.Form):
    """One item. Left without a value it is not answered."""

    value = forms.ChoiceField(choices=Value, required=False, widget=forms.RadioSelect)
    note = forms.CharField(
        required=False, max_length=LONGEST_ANSWER, strip=True, widget=forms.Textarea(attrs={"rows": 2})
    )
    document = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, item: Item, documents: Sequence[About]) -> None:
        initial: dict[str, Any] = {"seen": 0}
        if item.answer is not None:
            initial = {
                "value": item.answer.value, "note": item.note, "document": item.answer.document_id,
                "seen": item.answer.pk,
            }  # fmt: skip
        super().__init__(data, initial=initial, prefix=f"item-{item.key}")
        self.item = item
        self.fields["value"].label = item.text
        self.fields["note"].label = _("Note")
        self.fields["document"].label = _("Document")
        names = [(one.row.pk, one.name) for one in documents]
        self.fields["document"].choices = [("", _("None")), *names]  # type: ignore[attr-defined]
