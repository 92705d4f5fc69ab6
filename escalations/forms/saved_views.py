"""The form of a saved view."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from escalations.models import Audience, SavedView
from escalations.saved_views import LONGEST_ADDRESS, LONGEST_NAME, shares_with


class SavedViewForm(forms.Form):
    """A name, and who sees it; sharing is offered to whoever may."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    audience = forms.ChoiceField(label=_("Who sees it"), choices=Audience.choices, initial=Audience.OWN)
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), required=False)
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_ADDRESS)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = shares_with(user)
        offered = [Audience.OWN, *([Audience.TEAM] if teams else [])]
        if user.is_superuser and not user.is_auditor:
            offered.append(Audience.EVERYONE)
        self.fields["audience"].choices = [(one, one.label) for one in offered]  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if len(offered) == 1:
            self.fields["audience"].widget = forms.HiddenInput()
            self.fields["team"].widget = forms.HiddenInput()

    @classmethod
    def of(cls, view: SavedView, *, user: User) -> "SavedViewForm":
        """Return the form that changes a view, as it is now."""
        initial = {"name": view.name, "audience": view.audience, "team": view.team_id, "query": view.query}
        return cls(initial=initial, user=user, prefix=f"view-{view.pk}")


class NewListForm(forms.Form):
    """Which of some views lists from now on what the queue lists here."""

    prefix = "listed"

    view = forms.TypedChoiceField(label=_("View"), coerce=int)
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_ADDRESS)

    def __init__(self, *args: Any, views: Iterable[SavedView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["view"].choices = [(view.pk, view.name) for view in views]  # type: ignore[attr-defined]
