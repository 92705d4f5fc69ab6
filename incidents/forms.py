"""Narrowing incidents down, closing one, and formats of own numbers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents import own_numbers, words
from incidents.handling import LONGEST_NOTE
from incidents.models import State, Way

ANY = [("", _("Any"))]


class FilterForm(forms.Form):
    """Which incidents are listed; without a choice, all of them."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[*ANY, *State.choices])
    kind = forms.ChoiceField(label=_("What"), required=False, choices=[*ANY, *words.KINDS.items()])
    way = forms.ChoiceField(label=_("How"), required=False, choices=[*ANY, *Way.choices])
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class HandleForm(forms.Form):
    """What was done about an incident."""

    note = forms.CharField(
        label=_("What was done"),
        help_text=_("Whom you told, what was deleted elsewhere, what keeps it from happening again."),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class OwnNumberForm(forms.Form):
    """One format, and a text to try it on. `version` is the list that the form was made from."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    format = forms.CharField(
        label=_("Format"),
        help_text=_("# is a digit, @ a letter, * either; everything else is itself: ORD-################"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    use = forms.CharField(
        label=_("What these numbers are"),
        max_length=own_numbers.LONGEST_USE,
        help_text=_("Such as: order numbers."),
    )
    text = forms.CharField(
        label=_("Try a text"),
        help_text=_("Shows what would be masked. It is not kept."),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SweepForm(forms.Form):
    """How a sweep goes about what it finds."""

    remove = forms.BooleanField(
        label=_("Mask what is found where it stands"),
        help_text=_(
            "Records that may only be added to, such as events, and files such as PDF can't be masked: "
            "they are reported."
        ),
        required=False,
    )


class PlaceForm(forms.Form):
    """Which format of which list is meant."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)

    def number(self) -> int:
        """Return the list's version; the form is valid."""
        data: dict[str, Any] = self.cleaned_data
        return int(data["version"])
