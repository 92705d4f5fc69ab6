"""Forms of the ticket page beside the verbs: owner, priority, diagnosis, links."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role, Team, TeamKind, User
from escalations import access_list, by_hand
from escalations.diagnosis import MOST_HYPOTHESES, Findings, Hypothesis, HypothesisStatus
from escalations.forms.fields import MomentField, RootCauseField, TagsField
from escalations.models import Diagnosis, Priority, Ticket
from escalations.models.ticket import LONGEST_TAG


class DeadlineForm(forms.Form):
    """A deadline set by hand, and why. `version` is the ticket's as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    due_at = MomentField(label=_("Deadline"))
    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("Stands beside the deadline wherever it is shown."),
        max_length=by_hand.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class OwnerForm(forms.Form):
    """Who of the team should have the ticket."""

    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(data, initial={"owner": ticket.owner_id}, **kwargs)
        members = Membership.objects.filter(team=ticket.team_id, role__in=[Role.L2, Role.LEAD])
        people = User.objects.filter(is_active=True, pk__in=members.values("user")).order_by("name")
        if ticket.restricted_as:
            people = access_list.listed(ticket).filter(pk__in=members.values("user"))
            self.fields["owner"].help_text = _("Only who is on its access list can have it.")
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = people


class TeamForm(forms.Form):
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.filter(kind=TeamKind.L2, is_active=True))


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority.choices, coerce=int)


class TagsForm(forms.Form):
    """Tags to add, and one to take away (the button beside it)."""

    add = TagsField(label=_("Add a tag"), required=False)
    remove = forms.CharField(required=False, max_length=LONGEST_TAG)


class DiagnosisForm(forms.Form):
    """Symptoms, root cause, workaround and fix; the hypotheses are a formset beside it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    symptoms = forms.CharField(
        label=_("Symptoms"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    root_cause = RootCauseField(label=_("Root cause"), required=False)
    workaround = forms.CharField(
        label=_("Workaround"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    fix = forms.CharField(
        label=_("Fix"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def findings(self, hypotheses: "forms.BaseFormSet[HypothesisForm]") -> Findings:
        return Findings(
            symptoms=self.cleaned_data["symptoms"],
            root_cause=self.cleaned_data["root_cause"],
            workaround=self.cleaned_data["workaround"],
            fix=self.cleaned_data["fix"],
            hypotheses=[Hypothesis(**form.cleaned_data) for form in hypotheses if form.cleaned_data.get("text")],
        )


class HypothesisForm(forms.Form):
    id = forms.CharField(required=False, max_length=8, widget=forms.HiddenInput)
    text = forms.CharField(label=_("Hypothesis"), required=False, max_length=2_000)
    status = forms.ChoiceField(label=_("Status"), choices=HypothesisStatus.choices, initial="open")
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    reason = forms.CharField(
        label=_("Why ruled out or confirmed"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


HypothesisFormSet = forms.formset_factory(
    HypothesisForm, extra=1, max_num=MOST_HYPOTHESES, validate_max=True, absolute_max=MOST_HYPOTHESES + 5
)


def diagnosis_initial(diagnosis: Diagnosis | None) -> dict[str, Any]:
    """Return what the diagnosis form starts with."""
    if diagnosis is None:
        return {"version": 0}
    return {
        "version": diagnosis.version,
        "symptoms": diagnosis.symptoms,
        "root_cause": diagnosis.root_cause_id,
        "workaround": diagnosis.workaround,
        "fix": diagnosis.fix,
    }
