"""How a person wants to be told of what: a choice per kind, and when to be left alone."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations import notifications
from escalations.models import AlertKind, Urgent, Way


class NotificationsForm(forms.Form):
    """One choice per kind of notification (named as the kind), and the quiet outside the shift."""

    quiet = forms.BooleanField(
        label=_("No mail outside my shift"),
        help_text=_(
            "By the roster. What happens meanwhile comes in one mail when the shift begins. "
            "Without a roster, mail comes at any time."
        ),
        required=False,
    )
    urgent = forms.ChoiceField(label=_("What may reach me all the same"), choices=Urgent)

    def __init__(self, data: QueryDict | None = None, *, person: User) -> None:
        ways, chosen = notifications.ways_of(person), notifications.settings_of(person)
        super().__init__(data, initial={"quiet": chosen.quiet, "urgent": chosen.urgent})
        for kind in AlertKind:
            offered = [way for way in Way if way != Way.OFF or kind not in notifications.NEVER_OFF]
            self.fields[str(kind)] = forms.ChoiceField(
                label=kind.label,
                choices=[(way.value, way.label) for way in offered],
                initial=ways[kind],
                widget=forms.RadioSelect,
            )

    @property
    def rows(self) -> list[tuple[Any, list[Any]]]:
        """Each kind's field with its choices in the order of the columns, None where one is not offered."""
        found = []
        for kind in AlertKind:
            choices = {str(choice.data["value"]): choice for choice in self[str(kind)]}
            found.append((self[str(kind)], [choices.get(str(way)) for way in Way]))
        return found

    def ways(self) -> dict[AlertKind, Way]:
        return {kind: Way(self.cleaned_data[str(kind)]) for kind in AlertKind}
