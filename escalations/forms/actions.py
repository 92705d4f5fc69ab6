"""A form for each verb of the transition table that needs something."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, TeamKind, User
from escalations import knowledge, lifecycle, merging, triage
from escalations.changes import lock
from escalations.forms.fields import ChecksField, MomentField, ReasonField, RootCauseField
from escalations.models import Category, Diagnosis, Priority, ReasonKind, Ticket
from escalations.similar import exact_reference
from escalations.transitions import Verb
from escalations.triage import Review
from knowledgebase.models import KnownIssue


class ActionForm(forms.Form):
    """A verb with what it needs. `version` is the ticket's as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    verb: Verb

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket, user: User, **kwargs: Any) -> None:
        self.ticket, self.user = ticket, user
        initial = {"version": ticket.version, **kwargs.pop("initial", {})}
        super().__init__(data, initial=initial, **kwargs)

    def perform(self) -> Ticket:
        """Carry the verb out. Raises what the domain function raises."""
        given = dict(self.cleaned_data)
        return _FUNCTIONS[self.verb](self.ticket, by=self.user, **given)


class StartForm(ActionForm):
    verb = Verb.START


class ResumeForm(ActionForm):
    verb = Verb.RESUME


class CloseForm(ActionForm):
    verb = Verb.CLOSE


class WaitForCustomerForm(ActionForm):
    verb = Verb.WAIT_CUSTOMER
    message = forms.CharField(
        label=_("What do you ask the customer?"),
        help_text=_("This goes out by mail. The clocks stand still until they answer."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    promised_for = MomentField(label=_("Update promised for, with or without an answer"), required=False)

    def perform(self) -> Ticket:
        given = dict(self.cleaned_data)
        return lifecycle.wait_for_customer(self.ticket, by=self.user, promise=given.pop("promised_for"), **given)


class WaitForL1Form(ActionForm):
    verb = Verb.WAIT_L1
    message = forms.CharField(label=_("What do you ask L1?"), widget=forms.Textarea(attrs={"rows": 6}))


class WaitForPartnerForm(ActionForm):
    verb = Verb.WAIT_PARTNER
    partner = forms.ModelChoiceField(
        label=_("Partner team"),
        queryset=Team.objects.filter(kind=TeamKind.PARTNER, is_active=True),
        empty_label=_("Choose…"),
    )
    message = forms.CharField(
        label=_("What do you ask of them?"),
        help_text=_("They see the contract and this thread, not your internal notes."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ResolveForm(ActionForm):
    verb = Verb.RESOLVE
    resolution = ReasonField(ReasonKind.RESOLUTION, label=_("Resolution code"))
    root_cause = RootCauseField(label=_("Root cause"))
    answer_to_customer = forms.CharField(
        label=_("Answer for the customer"),
        help_text=_("This goes out by mail, in your words."),
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    answer_to_l1 = forms.CharField(
        label=_("Answer for L1"),
        help_text=_("What it was, and what to do when it happens again."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket, user: User, **kwargs: Any) -> None:
        found = Diagnosis.objects.filter(ticket=ticket).values_list("root_cause", flat=True).first()
        super().__init__(data, ticket=ticket, user=user, initial={"root_cause": found}, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if resolution := cleaned.get("resolution"):
            cleaned["resolution"] = resolution.pk
        return cleaned


class _ReasonedForm(ActionForm):
    def clean_reason(self) -> int:
        return int(self.cleaned_data["reason"].pk)


class ReopenForm(_ReasonedForm):
    verb = Verb.REOPEN
    reason = ReasonField(ReasonKind.REOPEN, label=_("Why is it reopened?"))
    explanation = forms.CharField(label=_("What is still wrong?"), widget=forms.Textarea(attrs={"rows": 5}))


class CancelForm(_ReasonedForm):
    verb = Verb.CANCEL
    reason = ReasonField(ReasonKind.CANCEL, label=_("Why is it cancelled?"))


class MergeForm(ActionForm):
    verb = Verb.MERGE
    target = forms.CharField(
        label=_("Duplicate of"),
        help_text=_("The reference of the escalation that goes on, such as ESC-1042."),
    )

    def clean_target(self) -> Ticket:
        number = exact_reference(self.cleaned_data["target"])
        target = Ticket.objects.visible_to(self.user).filter(pk=number).first() if number else None
        if target is None:
            raise forms.ValidationError(_("There is no such escalation."))
        return target


class UnmergeForm(ActionForm):
    verb = Verb.UNMERGE
    explanation = forms.CharField(
        label=_("Why is it no duplicate?"),
        help_text=_(
            "It stands again as it stood before the merge. What was written to the other one since stays there."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ReviewFields(forms.Form):
    """The rating of the escalation itself, given at each triage."""

    is_complete = ChecksField(label=_("Was everything needed there?"))
    right_category = ChecksField(label=_("Was the category right?"))
    l1_could_solve = ChecksField(label=_("Could L1 have solved it?"))
    comment = forms.CharField(
        label=_("Feedback for L1"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("What was good, what to add next time")}),
    )

    def review(self) -> Review:
        return Review(
            is_complete=self.cleaned_data["is_complete"],
            right_category=self.cleaned_data["right_category"],
            l1_could_solve=self.cleaned_data["l1_could_solve"],
            comment=self.cleaned_data["comment"],
        )


class AcceptForm(ReviewFields, ActionForm):
    verb = Verb.ACCEPT
    category = forms.ModelChoiceField(label=_("Category"), queryset=Category.objects.filter(is_active=True))
    priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority.choices, coerce=int)
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.filter(kind=TeamKind.L2, is_active=True))
    known_issue = forms.ModelChoiceField(
        label=_("A case of a known issue"),
        queryset=KnownIssue.objects.none(),
        required=False,
        empty_label=_("None of the known ones"),
    )
    field_order = ("category", "priority", "team", "known_issue")

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket, user: User, **kwargs: Any) -> None:
        initial = {
            "category": ticket.category_id,
            "priority": ticket.priority,
            "team": ticket.team_id,
            "known_issue": ticket.known_issue_id,
            **kwargs.pop("initial", {}),
        }
        super().__init__(data, ticket=ticket, user=user, initial=initial, **kwargs)
        issues = KnownIssue.objects.visible_to(user)
        offered = issues.current()
        if ticket.known_issue_id is not None:
            offered |= issues.filter(pk=ticket.known_issue_id)
        cast(forms.ModelChoiceField, self.fields["known_issue"]).queryset = offered

    def perform(self) -> Ticket:
        version, issue = self.cleaned_data["version"], self.cleaned_data["known_issue"]
        with transaction.atomic():
            if issue is not None and issue.pk != self.ticket.known_issue_id:
                lock(self.ticket, by=self.user, version=version)
                version = knowledge.link_known_issue(self.ticket, issue, by=self.user).version
            return triage.accept(
                self.ticket,
                by=self.user,
                review=self.review(),
                category=self.cleaned_data["category"],
                priority=self.cleaned_data["priority"],
                team=self.cleaned_data["team"],
                version=version,
            )


class ReturnForm(ReviewFields, _ReasonedForm):
    verb = Verb.RETURN
    reason = ReasonField(ReasonKind.RETURN, label=_("Why does it go back?"))
    missing = forms.CharField(
        label=_("What is missing?"),
        help_text=_("L1 completes exactly this and resubmits the same escalation."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = ("reason", "missing")

    def perform(self) -> Ticket:
        return triage.return_to_l1(
            self.ticket,
            by=self.user,
            review=self.review(),
            reason=self.cleaned_data["reason"],
            missing=self.cleaned_data["missing"],
            version=self.cleaned_data["version"],
        )


_FUNCTIONS: dict[Verb, Callable[..., Ticket]] = {
    Verb.START: lifecycle.start,
    Verb.WAIT_CUSTOMER: lifecycle.wait_for_customer,
    Verb.WAIT_L1: lifecycle.wait_for_l1,
    Verb.WAIT_PARTNER: lifecycle.wait_for_partner,
    Verb.RESUME: lifecycle.resume,
    Verb.RESOLVE: lifecycle.resolve,
    Verb.CLOSE: lifecycle.close,
    Verb.REOPEN: lifecycle.reopen,
    Verb.CANCEL: lifecycle.cancel,
    Verb.MERGE: merging.merge,
    Verb.UNMERGE: merging.unmerge,
}

#: The form of each verb. Completing and resubmitting has the escalation form instead.
FORMS: dict[Verb, type[ActionForm]] = {
    form.verb: form
    for form in (
        AcceptForm,
        ReturnForm,
        StartForm,
        WaitForCustomerForm,
        WaitForL1Form,
        WaitForPartnerForm,
        ResumeForm,
        ResolveForm,
        CloseForm,
        ReopenForm,
        CancelForm,
        MergeForm,
        UnmergeForm,
    )
}

#: Verbs that need nothing but a click.
ONE_CLICK = frozenset({Verb.START, Verb.RESUME, Verb.CLOSE})
