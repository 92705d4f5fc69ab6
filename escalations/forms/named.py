"""A name, for what is set up: new calendars and policies, renaming, copying."""

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.models import Calendar, PolicyKind
from escalations.service_levels import LONGEST_NAME


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)


class NewPolicyForm(NameForm):
    kind = forms.ChoiceField(
        label=_("What it sets"),
        choices=PolicyKind.choices,
        initial=PolicyKind.SERVICE,
        widget=forms.RadioSelect,
        help_text=_("An escalation goes by the first matching policy of each kind."),
    )
    calendar = forms.ModelChoiceField(
        label=_("Calendar"),
        queryset=Calendar.objects.filter(current__isnull=False),
        empty_label=None,
        help_text=_("When time counts. It can be changed in the draft."),
    )
