"""Setting up how a team's escalations are given out."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations import routing_setup
from escalations.models import TeamRouting
from escalations.routing_setup import PersonRouting

_MOST = 1000


class RoutingForm(forms.ModelForm):
    """The team's settings, with the version that they were made from."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = TeamRouting
        fields = routing_setup.SETTINGS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        self.fields["capacity"].help_text = _("Points that a person has room for, unless they have their own.")
        for name in ("weight_p1", "weight_p2", "weight_p3", "weight_p4", "capacity"):
            field = self.fields[name]
            least = 0 if name == "capacity" else 1
            self.fields[name] = forms.IntegerField(
                label=field.label, min_value=least, max_value=_MOST, help_text=field.help_text
            )

    @property
    def weights(self) -> list[BoundField]:
        return [self[f"weight_p{priority}"] for priority in range(1, 5)]


class PersonForm(forms.Form):
    """One person's capacity and skills."""

    capacity = forms.IntegerField(label=_("Capacity"), min_value=0, max_value=_MOST, required=False)
    knows = forms.TypedMultipleChoiceField(
        label=_("Knows"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    expert = forms.TypedMultipleChoiceField(
        label=_("Expert in"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, *args: Any, person: User, choices: list[tuple[int, str]], capacity: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["capacity"].widget.attrs["placeholder"] = str(capacity)
        self.fields["capacity"].widget.attrs["aria-label"] = f"{self.fields['capacity'].label}: {person}"
        for name in ("knows", "expert"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def skills(self) -> list[tuple[BoundField, list[str]]]:
        """What the person knows and is expert in, with the names of what is chosen."""
        found = []
        for name in ("knows", "expert"):
            chosen = {str(value) for value in self[name].value() or ()}
            choices = self.fields[name].choices  # type: ignore[attr-defined]
            found.append((self[name], [label for pk, label in choices if str(pk) in chosen]))
        return found

    def chosen(self) -> PersonRouting:
        data = self.cleaned_data
        return PersonRouting(data["capacity"], frozenset(data["knows"]), frozenset(data["expert"]))


def person_forms(
    data: QueryDict | None, people: list[tuple[User, PersonRouting]], *, capacity: int
) -> list[PersonForm]:
    """Return a form for each person, filled with what is set up for them; `capacity` is the team's."""
    choices = [(category.pk, str(category)) for category in routing_setup.categories()]
    return [
        PersonForm(
            data,
            prefix=f"person-{person.pk}",
            person=person,
            choices=choices,
            capacity=capacity,
            initial={"capacity": now.capacity, "knows": sorted(now.knows), "expert": sorted(now.expert)},
        )
        for person, now in people
    ]
