"""Forms of the diagnosis board."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from escalations.diagnosis import HypothesisStatus
from escalations.evidence import LONGEST_BODY, LONGEST_TITLE
from escalations.forms.fields import RootCauseField


class SuspicionForm(forms.Form):
    text = forms.CharField(label=_("What may be wrong?"), max_length=2_000)


class VerdictForm(forms.Form):
    """Whether a hypothesis is proven. `version` is the diagnosis's as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    status = forms.ChoiceField(label=_("Verdict"), choices=HypothesisStatus.choices)
    reason = forms.CharField(
        label=_("What shows it?"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    root_cause = RootCauseField(
        label=_("Root cause"), required=False, help_text=_("Becomes the root cause of the diagnosis.")
    )

    def __init__(self, data: QueryDict | None = None, *, anchor: str, causes: list[Any], **kwargs: Any) -> None:
        """`causes` are the choices of the root cause, asked for once for all hypotheses."""
        super().__init__(data, auto_id=f"{anchor}_%s", **kwargs)
        self.fields["root_cause"].choices = causes  # type: ignore[attr-defined]


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=0)


class WordsForm(forms.Form):
    """What the evidence says; which hypothesis it belongs to is asked by EvidenceForm beside it."""

    title = forms.CharField(label=_("In short"), max_length=LONGEST_TITLE)
    body = forms.CharField(
        label=_("What it says"),
        required=False,
        max_length=LONGEST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
