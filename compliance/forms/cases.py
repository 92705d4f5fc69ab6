"""Forms of a case."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from compliance.cases import LONGEST_NOTE
from compliance.indicators import Indicator
from compliance.members import members
from compliance.models import Case, Kind, State

SELECT = forms.Select(attrs={"class": "form-select"})
DUE = [("", gettext_lazy("Any")), ("overdue", gettext_lazy("Overdue")), ("soon", gettext_lazy("Within 3 days"))]


class CaseFilter(forms.Form):
    """What narrows the list down, all of it optional."""

    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Type"), required=False)
    owner = forms.ModelChoiceField(label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False)
    due = forms.ChoiceField(label=gettext_lazy("Due"), required=False, choices=DUE)
    customer = forms.CharField(
        label=gettext_lazy("Customer or number"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Name, id or CR-12"), "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [("", _("Not decided")), ("all", _("All")), *State.choices]
        self.fields["state"].choices = states  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("Any")), *Kind.choices]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = members()  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = _("Anybody")  # type: ignore[attr-defined]


class NewCaseForm(forms.Form):
    """Opening a review."""

    kind = forms.ChoiceField(label=gettext_lazy("Type"), choices=Kind, widget=forms.RadioSelect)
    ticket = forms.CharField(
        label=gettext_lazy("Escalation"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Where it was noticed, such as ESC-1042, if it was handed to your team."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("Without an escalation: the customer's id or email address, exactly."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=LONGEST_NOTE,
        help_text=gettext_lazy(
            "The first note of the review. It is encrypted like everything that is written in it."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class NoteForm(forms.Form):
    """A note."""

    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )


class OwnerForm(forms.Form):
    """To whom the review is given."""

    owner = forms.ModelChoiceField(label=gettext_lazy("Owner"), queryset=User.objects.none())

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members()  # type: ignore[attr-defined]
        self.fields["owner"].initial = case.owner_id
        self.fields["owner"].empty_label = _("Nobody") if case.owner_id is None else None  # type: ignore[attr-defined]


class IndicatorsForm(forms.Form):
    """Which signs of risk there are."""

    indicators = forms.MultipleChoiceField(
        label=gettext_lazy("Signs of risk"),
        required=False,
        choices=Indicator,
        widget=forms.CheckboxSelectMultiple,
    )


class LinkForm(forms.Form):
    """An escalation or a customer that belongs to the review, too."""

    ticket = forms.CharField(
        label=gettext_lazy("Escalation"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "ESC-1042", "autocomplete": "off"}),
    )
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Id or email address"), "autocomplete": "off"}),
    )


class DocumentForm(forms.Form):
    """A file."""

    uploads = forms.FileField(label=gettext_lazy("Document"))
