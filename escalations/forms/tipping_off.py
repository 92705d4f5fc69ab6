"""Setting up the words that would tip a customer off, trying a text, and releasing one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations import tipping_off
from escalations.models import TippingOffWords


class WordsForm(forms.Form):
    """Words of one kind. `version` is the one that the form was made from."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    name = forms.CharField(label=_("Name"), max_length=100)
    terms = forms.CharField(
        label=_("Words"),
        help_text=_(
            "One term a line, in any language. Capitals, accents, spaces, hyphens and invisible characters make no"
            " difference, nor do other forms of a word in English or Spanish."
        ),
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    instead = forms.CharField(
        label=_("What to write instead"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    instead_es = forms.CharField(
        label=_("What to write instead, in Spanish"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False)

    def clean_terms(self) -> list[str]:
        return [line for line in self.cleaned_data["terms"].splitlines() if line.strip()]


def initial_of(group: TippingOffWords | None) -> dict[str, Any]:
    """Return what the form starts with."""
    if group is None:
        return {"version": 0, "is_active": True}
    columns = {name: getattr(group, name) for name in ("version", "name", "instead", "instead_es", "is_active")}
    return {**columns, "terms": "\n".join(group.terms)}


class TryForm(forms.Form):
    """A text to be tried. With `terms`, by those alone and not by what is in use."""

    text = forms.CharField(
        label=_("Try a text"),
        max_length=tipping_off.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("It is not kept."),
    )
    terms = forms.CharField(required=False, max_length=40_000, widget=forms.HiddenInput)


class ReleaseForm(forms.Form):
    text = forms.CharField(
        label=_("The answer, word for word"),
        max_length=tipping_off.LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    reason = forms.CharField(label=_("Why?"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
