"""Forms of the decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from compliance.decisions import LONGEST_REASON, outcomes_of
from compliance.models import Case


class ProposalForm(forms.Form):
    """What is proposed, and why."""

    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy(
            "What the decision rests on; of a report that was filed, also its reference and date."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.value, one.label) for one in outcomes_of(case)]
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]


class RejectionForm(forms.Form):
    """Why a proposal is rejected."""

    remark = forms.CharField(
        label=gettext_lazy("Why it is rejected"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
