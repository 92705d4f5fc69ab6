"""Forms of the ticket page beside the verbs: messages, owner, priority, diagnosis, links."""

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role, Team, TeamKind, User
from escalations import by_hand, conversation
from escalations.diagnosis import MOST_HYPOTHESES, Findings, Hypothesis, HypothesisStatus
from escalations.forms.fields import FilesField, MomentField, RootCauseField, TagsField
from escalations.models import Diagnosis, MessageKind, Priority, Ticket
from escalations.models.ticket import LONGEST_TAG

_OUTSIDE = {MessageKind.TO_CUSTOMER}

#: What the composer calls a kind that reads otherwise once it stands on the timeline.
_COMPOSED = {
    MessageKind.FROM_L1: _("To the second line"),
    MessageKind.FROM_CUSTOMER: _("The customer's words"),
}


class _KindSelect(forms.RadioSelect):
    """Marks the choices that leave the house, so that nobody confuses them with a note."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in _OUTSIDE:
            option["attrs"]["data-audience"] = "outside"
        return option


class MessageForm(forms.Form):
    """The composer: what kind of message, the text, until when the customer is promised an update, and files."""

    kind = forms.ChoiceField(label=_("Who reads it"), widget=_KindSelect)
    body = forms.CharField(
        label=_("Message"),
        widget=forms.Textarea(
            attrs={"rows": 4, "placeholder": _("Markdown is understood. Card numbers are masked.")}
        ),
        max_length=conversation.LONGEST,
    )
    promised_for = MomentField(label=_("Next update promised for"), required=False)
    uploads = FilesField(label=_("Files"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile] | None = None,
        *,
        ticket: Ticket,
        user: User,
        **kwargs: Any,
    ) -> None:
        self.kinds = kinds = conversation.kinds_for(user, ticket)
        super().__init__(data, files, initial={"kind": kinds[0] if kinds else None}, **kwargs)
        offered = [(kind.value, _COMPOSED.get(kind, kind.label)) for kind in kinds]
        cast(forms.ChoiceField, self.fields["kind"]).choices = offered
        if MessageKind.TO_CUSTOMER not in kinds or not ticket.is_open:
            del self.fields["promised_for"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") != MessageKind.TO_CUSTOMER:
            cleaned["promised_for"] = None  # the field stood open when the writer turned to somebody else
        return cleaned


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
    text = forms.CharField(label=_("Hypothesis"), required=False, max_length=2_000)
    status = forms.ChoiceField(label=_("Status"), choices=HypothesisStatus.choices, initial="open")
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2})
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
