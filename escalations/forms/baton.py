"""Acknowledging what a shift has handed over."""

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.baton import LONGEST_NOTE


class AcknowledgeForm(forms.Form):
    """A note, whether to take the ticket too, and whether the form stood on the page of the whole hand-over."""

    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_NOTE)
    take = forms.BooleanField(required=False)
    whole = forms.BooleanField(required=False)
