"""A bug report's words, and what it concerns."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, TeamKind
from bugs.models import Comment, Severity
from bugs.reports import LONGEST, Words
from escalations.models import Evidence
from knowledgebase.models import KnownIssue


def _text(label: Any, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": rows, "class": "form-control"}),
    )  # fmt: skip


class ReportForm(forms.Form):
    """What is wrong, how to see it, and what shows it."""

    title = forms.CharField(label=_("Title"), max_length=200)
    severity = forms.TypedChoiceField(label=_("Severity"), choices=Severity, coerce=int)
    environment = _text(_("Environment"), 2)
    steps = _text(_("Steps to see it"), 5)
    expected = _text(_("Expected"), 3)
    actual = _text(_("Actual"), 3)
    evidence = forms.ModelMultipleChoiceField(
        label=_("Evidence that leaves with it"), queryset=Evidence.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    issues = forms.ModelMultipleChoiceField(
        label=_("Known issues"), queryset=KnownIssue.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    links_others = forms.BooleanField(
        label=_("It concerns the other open escalations of the known issue, too"), required=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, evidence: Any, issues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, found in (("evidence", evidence), ("issues", issues)):
            if found.exists():
                self.fields[name].queryset = found  # type: ignore[attr-defined]
            else:
                del self.fields[name]
        if "issues" not in self.fields or "links_others" not in self.initial:
            del self.fields["links_others"]

    def words(self) -> Words:
        """Return what was entered."""
        data = self.cleaned_data
        return Words(
            data["title"], data["environment"], data["steps"], data["expected"], data["actual"],
            Severity(data["severity"]), list(data.get("evidence", [])), list(data.get("issues", [])),
        )  # fmt: skip


class ReferenceForm(forms.Form):
    """One more escalation that a report concerns."""

    reference = forms.CharField(label=_("Escalation"), max_length=20)


class HandOverForm(forms.Form):
    """Which partner is to see to a bug, and what they are told."""

    partner = forms.ModelChoiceField(
        label=_("Partner team"),
        queryset=Team.objects.filter(kind=TeamKind.PARTNER, is_active=True),
        empty_label=_("Choose…"),
    )
    question = forms.CharField(
        label=_("What do you ask of them?"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class CommentForm(forms.ModelForm):
    """A comment for the tracker, and how the issue is to stand from then on."""

    class Meta:
        model = Comment
        fields = ["body", "asked_state", "asked_assignee"]
        widgets = {"body": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = self.fields["asked_state"]
        assert isinstance(state, forms.ChoiceField)  # noqa: S101  by the model
        state.choices = [("", _("Leave it as it is")), *Comment.ASKED_STATES]


class AddressForm(forms.Form):
    """An issue that is there already."""

    address = forms.CharField(label=_("Address of the issue"), max_length=500)
