"""Setting up a macro: texts, what is done along with them, who may use it and when."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from escalations import macro_setup
from escalations.forms.fields import ReasonField, RootCauseField
from escalations.models import Category, Macro, MessageKind, Priority, ReasonKind, State
from escalations.transitions import BY_VERB
from knowledgebase.models import KnownIssue

_KINDS = (MessageKind.NOTE, MessageKind.TO_CUSTOMER, MessageKind.TO_L1, MessageKind.PARTNER)
_NOTHING: tuple[str, Any] = ("", _("Nothing"))


class MacroForm(forms.Form):
    """One macro. `version` is the one that the form was made from."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    name = forms.CharField(label=_("Name"), max_length=100)
    folder = forms.CharField(label=_("Folder"), max_length=60, required=False)
    kind = forms.ChoiceField(label=_("Writes"), choices=[(kind.value, kind.label) for kind in _KINDS])
    body_en = forms.CharField(
        label=_("Text in English"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    body_es = forms.CharField(
        label=_("Text in Spanish"),
        help_text=_("Used for customers whose language it is."),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    verb = forms.ChoiceField(
        label=_("Then"),
        required=False,
        choices=[_NOTHING, *((verb.value, BY_VERB[verb].label) for verb in macro_setup.VERBS)],
    )
    resolution = ReasonField(ReasonKind.RESOLUTION, label=_("Resolution code"), required=False)
    root_cause = RootCauseField(label=_("Root cause"), required=False)
    priority = forms.TypedChoiceField(
        label=_("Set the priority"), required=False, coerce=int, empty_value=None, choices=[]
    )
    owner = forms.BooleanField(label=_("Make it mine"), required=False)
    known_issue = forms.ModelChoiceField(
        label=_("Link the known issue"), queryset=KnownIssue.objects.none(), required=False, empty_label=_("None")
    )
    team = forms.ModelChoiceField(
        label=_("Hand to the team"),
        queryset=Team.objects.filter(kind=TeamKind.L2, is_active=True),
        required=False,
        empty_label=_("None"),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    categories = forms.ModelMultipleChoiceField(
        label=_("Categories"),
        queryset=Category.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    states = forms.MultipleChoiceField(
        label=_("States"), choices=State.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(is_active=True).order_by("name")
        self.fields["teams"].queryset = (  # type: ignore[attr-defined]
            teams if user.is_superuser else teams.filter(pk__in=user.teams_as(Role.LEAD))
        )
        self.fields["known_issue"].queryset = KnownIssue.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["priority"].choices = [_NOTHING, *Priority.choices]  # type: ignore[attr-defined]

    def draft(self) -> macro_setup.Draft:
        """Return the macro as it was filled in. The form must be valid."""
        said = self.cleaned_data
        actions: dict[str, Any] = {}
        if said["priority"] is not None:
            actions["priority"] = said["priority"]
        if said["owner"]:
            actions["owner"] = "me"
        for name in ("known_issue", "team", "resolution"):
            if said[name] is not None:
                actions[name] = said[name].pk
        if said["root_cause"]:
            actions["root_cause"] = said["root_cause"]
        if said["verb"]:
            actions["verb"] = said["verb"]
        if actions.get("verb") != "resolve":
            actions.pop("resolution", None)
            actions.pop("root_cause", None)
        return macro_setup.Draft(
            actions=actions,
            teams=tuple(said["teams"]),
            categories=tuple(said["categories"]),
            roles=tuple(said["roles"]),
            states=tuple(said["states"]),
            **{name: said[name] for name in ("name", "kind", "folder", "body_en", "body_es", "is_active")},
        )


def initial_of(macro: Macro | None) -> dict[str, Any]:
    """Return what the form starts with."""
    if macro is None:
        return {"version": 0, "is_active": True, "kind": MessageKind.TO_CUSTOMER}
    names = ("version", "name", "folder", "kind", "body_en", "body_es", "roles", "states", "is_active")
    return {
        **macro.actions,
        **{name: getattr(macro, name) for name in names},
        "owner": "owner" in macro.actions,
        "teams": [team.pk for team in macro.teams.all()],
        "categories": [category.pk for category in macro.categories.all()],
    }
