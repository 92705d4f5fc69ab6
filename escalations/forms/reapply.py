"""Which tickets the service levels in force are applied to."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from escalations.models import CalendarVersion, Category, Clock, PolicyVersion, Priority, Reapplication
from escalations.models.clock import UNFINISHED


class _Version(forms.ModelChoiceField):
    """A version that clocks still run by; says which are no longer in force."""

    def label_from_instance(self, version: Any) -> str:
        owner = version.policy if isinstance(version, PolicyVersion) else version.calendar
        if owner.current_id == version.pk:
            return str(_("%s (in force)") % version)
        return str(version)


class ReapplyForm(forms.ModelForm):
    """The selection; all of it empty means every open ticket within reach."""

    class Meta:
        model = Reapplication
        fields = ["policy", "calendar", "team", "category", "priority", "also_by_hand"]
        field_classes = {"policy": _Version, "calendar": _Version}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(kind=TeamKind.L2, is_active=True)
        if not user.is_superuser:
            teams = teams.filter(pk__in=user.teams_as(Role.LEAD))
        running = Clock.objects.filter(state__in=UNFINISHED)
        choices = {
            "policy": PolicyVersion.objects.filter(pk__in=running.values("policy")).select_related("policy"),
            "calendar": CalendarVersion.objects.filter(pk__in=running.values("calendar")).select_related(
                "calendar"
            ),
            "team": teams,
            "category": Category.objects.filter(is_active=True),
        }
        for name, queryset in choices.items():
            field = cast(forms.ModelChoiceField, self.fields[name])
            field.queryset = queryset
            field.empty_label = _("All")
        cast(forms.ChoiceField, self.fields["priority"]).choices = [("", _("All")), *Priority.choices]
        self.fields["also_by_hand"].help_text = _("Otherwise they stay, and the preview names them.")
