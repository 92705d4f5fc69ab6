"""Writing the next version of a policy."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from actions import kinds, terms
from actions.models import ActionPolicy, ApproverRole, Kind
from escalations.contract import Invalid


class PolicyForm(forms.Form):
    """Each term of the kind, who approves, and why it should change."""

    approver_team = forms.ModelChoiceField(
        label=_("Team that approves"),
        queryset=Team.objects.filter(is_active=True),
        required=False,
        empty_label=_("The escalation’s own team"),
    )
    approver_role = forms.ChoiceField(label=_("Who of it"), choices=ApproverRole.choices)
    why = forms.CharField(
        label=_("Why it should change"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for term in terms.TERMS[kind]:
            self.fields[term.key] = forms.CharField(
                label=str(term.label),
                required=term.required,
                max_length=16,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
        if kinds.of(kind).unit == kinds.MONEY:
            self.fields[terms.CURRENCY] = forms.CharField(
                label=_("Currency"), max_length=3, help_text=_("Limits are in its minor units.")
            )

    @property
    def term_fields(self) -> list[forms.BoundField]:
        """The terms alone."""
        return [self[name] for name in self.fields if name not in {"approver_team", "approver_role", "why"}]

    def clean(self) -> dict[str, Any]:
        """Check the terms as the domain does."""
        cleaned = super().clean() or self.cleaned_data
        try:
            terms.clean(self.kind, cleaned)
        except Invalid as invalid:
            for key, message in invalid.errors.items():
                if key not in self.errors:
                    self.add_error(key if key in self.fields else None, message)
        return cleaned


def initial_of(version: ActionPolicy) -> dict[str, Any]:
    """Return what the form holds of a version that is written on."""
    return {
        **version.terms,
        "approver_team": version.approver_team_id,
        "approver_role": version.approver_role,
        "why": version.why if version.state == "draft" else "",
    }
