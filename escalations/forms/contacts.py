"""Setting up whom a team's escalations climb to."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from escalations import contacts


class ContactForm(forms.Form):
    """One person of the path; left empty, none."""

    person = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = contacts.eligible(team)


ContactFormSet = forms.formset_factory(
    ContactForm, extra=1, max_num=contacts.MOST, validate_max=True, absolute_max=contacts.MOST + 5
)


class PathForm(forms.Form):
    """The ids of the path that was shown, so that a change by somebody else is noticed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean_seen(self) -> list[int]:
        raw = self.cleaned_data["seen"].split()
        return [int(number) for number in raw if number.isdecimal() and len(number) < 19]


def path_forms(data: QueryDict | None, team: Team, path: Sequence[User]) -> tuple[PathForm, "forms.BaseFormSet"]:
    """Return the form with what was shown, and the formset with a person a row."""
    seen = PathForm(data, initial={"seen": " ".join(str(person.pk) for person in path)})
    rows = ContactFormSet(
        data, initial=[{"person": person} for person in path], prefix="path", form_kwargs={"team": team}
    )
    return seen, rows
