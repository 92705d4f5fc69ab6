"""Forms of improvement proposals."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from escalations.models import Ticket
from escalations.similar import exact_reference
from knowledgebase.models import KnownIssue
from reports import improvements
from reports.forms.figures import DayInput
from reports.improvements import LONGEST, Draft
from reports.models import Proposal, ProposalState


def _text(label: Any, *, rows: int = 4, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class OwnerField(forms.ModelChoiceField):
    """Somebody of the second line, or of a partner: who is of none but partners is named with them."""

    def label_from_instance(self, user: Any) -> str:
        partners = [one.team.name for one in user.memberships.all() if one.role == Role.PARTNER]
        only = len(partners) == len(user.memberships.all())
        return f"{user} ({', '.join(partners)})" if partners and only else str(user)


class ProposalForm(forms.Form):
    """What should be better. `version` is the proposal's as the person saw it, 0 for a new one."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    title = forms.CharField(label=_("Title"), max_length=200)
    problem = _text(_("Problem"))
    evidence = _text(
        _("Evidence"),
        rows=8,
        required=False,
        help_text=_("Whoever the proposal is put to reads this, too, whether or not they see the escalations."),
    )
    suggestion = _text(_("Suggestion"))
    known_issue = forms.ModelChoiceField(
        label=_("Known issue"), queryset=KnownIssue.objects.none(), required=False, empty_label=_("None")
    )
    tickets = forms.CharField(
        label=_("Further escalations"),
        required=False,
        max_length=8_000,
        help_text=_("Their references, as ESC-1042. Those of the known issue count by themselves."),
    )
    partner = forms.ModelChoiceField(
        label=_("Put to"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("Nobody else"),
        help_text=_("A partner team: its people read the proposal, and one of them can own it."),
    )
    owner = OwnerField(label=_("Owner"), queryset=User.objects.none())

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        issues = KnownIssue.objects.visible_to(user).defer("search").order_by("title")
        self.fields["known_issue"].queryset = issues  # type: ignore[attr-defined]
        teams = Team.objects.filter(kind=TeamKind.PARTNER, is_active=True).order_by("name")
        self.fields["partner"].queryset = teams  # type: ignore[attr-defined]
        owners = improvements.owners(*teams).prefetch_related("memberships__team")
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]

    def clean_tickets(self) -> list[Ticket]:
        """Return the escalations that are named, each of which the person sees."""
        named = [word for word in re.split(r"[\s,;]+", self.cleaned_data["tickets"]) if word]
        numbers = {word: exact_reference(word) for word in named}
        visible = Ticket.objects.visible_to(self.user).filter(restricted_as="")
        found = {ticket.pk: ticket for ticket in visible.filter(pk__in=[one for one in numbers.values() if one])}
        missing = [word for word, number in numbers.items() if number not in found]
        if missing:
            raise forms.ValidationError(_("There is no such escalation: %s") % ", ".join(missing[:5]))
        return list(found.values())

    def draft(self) -> Draft:
        """Return what was sent."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return Draft(**data)


def proposal_initial(proposal: Proposal, user: User) -> dict[str, Any]:
    """Return what the form of a proposal starts with."""
    shown = Ticket.objects.visible_to(user).filter(proposals=proposal, restricted_as="").order_by("pk")
    return {
        "version": proposal.version,
        "title": proposal.title,
        "problem": proposal.problem,
        "evidence": proposal.evidence,
        "suggestion": proposal.suggestion,
        "known_issue": proposal.known_issue_id,
        "partner": proposal.partner_id,
        "owner": proposal.owner_id,
        "tickets": " ".join(ticket.reference for ticket in shown),
    }


class StepForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    released_on = forms.DateField(label=_("Released on"), required=False, widget=DayInput())


class StateFilter(forms.Form):
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *ProposalState.choices])
