"""Handing over to a partner, with the partner's own questions; the steps on a hand-over; what is shown of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, TeamKind, User
from escalations import contract, handing_over
from escalations.conversation import LONGEST
from escalations.forms.escalation import ANSWER_PREFIX, answer_field, condition
from escalations.forms.fields import FilesField, MomentField
from escalations.hand_over_states import Move, Step
from escalations.models import HandOver, Level, PartnerForm, Ticket


class AskForm(forms.Form):
    """What is asked of one partner. The answers to the partner's own form are checked by the contract."""

    partner = forms.ModelChoiceField(
        label=_("Partner team"),
        queryset=Team.objects.filter(kind=TeamKind.PARTNER, is_active=True),
        empty_label=_("Choose…"),
    )
    title = forms.CharField(
        label=_("In a line"),
        max_length=200,
        required=False,
        help_text=_(
            "What their list calls it. Left empty where they see the escalation itself, it is its subject."
        ),
    )
    question = forms.CharField(
        label=_("What do you ask of them?"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6})
    )
    urgency = forms.TypedChoiceField(label=_("Urgency"), choices=Level.choices, coerce=int, initial=Level.MEDIUM)
    wanted_by = MomentField(label=_("Wanted by, instead of the agreed time"), required=False)
    shares_ticket = forms.BooleanField(
        label=_("Show them the escalation itself: contract, customer's words, facts"), required=False
    )
    shows_l1 = forms.BooleanField(label=_("The first line may read this thread"), required=False)
    uploads = FilesField(label=_("Files"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, ticket: Ticket, partner_form: PartnerForm | None = None, **kwargs: Any) -> None:
        initial = {"version": ticket.version, **kwargs.pop("initial", {})}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields["title"].is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        self.definitions = partner_form.fields if partner_form is not None else []
        self.partner_form = partner_form
        for definition in self.definitions:
            self.fields[ANSWER_PREFIX + definition["key"]] = answer_field(definition)

    @property
    def answer_fields(self) -> list[tuple[forms.BoundField, dict[str, Any]]]:
        """The partner's own fields, each with the condition under which it shows."""
        return [(self[ANSWER_PREFIX + one["key"]], condition(one)) for one in self.definitions]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("shares_ticket") and not cleaned.get("title") and "title" not in self.errors:
            self.add_error("title", _("Say in a line what it is about, without what they need not know."))
        if self.partner_form is not None:
            try:
                contract.clean(self.partner_form, self._answers())
            except contract.Invalid as invalid:
                for key, message in invalid.errors.items():
                    self.add_error(ANSWER_PREFIX + key, message)
        return cleaned

    def _answers(self) -> dict[str, Any]:
        return {one["key"]: self.cleaned_data.get(ANSWER_PREFIX + one["key"]) for one in self.definitions}

    def given(self) -> dict[str, Any]:
        """Return what handing_over.ask takes."""
        data = {name: value for name, value in self.cleaned_data.items() if not name.startswith(ANSWER_PREFIX)}
        return data | {"answers": self._answers()}


class StepForm(forms.Form):
    """One step on a hand-over, with what has to be written with it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    wanted_by = MomentField(label=_("Wanted by"))
    text = forms.CharField(max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6}))
    uploads = FilesField(label=_("Files"), required=False)
    shown_to_l1 = forms.BooleanField(label=_("The first line may read this message"), required=False)

    def __init__(self, *args: Any, step: Step, hand_over: HandOver, by_desk: bool, **kwargs: Any) -> None:
        given = {"initial": {"version": hand_over.version}, "auto_id": f"{step.move}_%s"}
        super().__init__(*args, **{**kwargs, **given})
        self.step = step
        if not step.asks:
            del self.fields["text"], self.fields["uploads"]
        else:
            self.fields["text"].label = str(step.asks)
        if not (step.asks and by_desk) or hand_over.is_walled or step.move == Move.DUE:
            del self.fields["shown_to_l1"]
        if step.move == Move.ASK_AGAIN:
            self.fields["wanted_by"].label = _("Wanted by, instead of the agreed time")
            self.fields["wanted_by"].required = False
        elif step.move == Move.DUE:
            del self.fields["uploads"]
        else:
            del self.fields["wanted_by"]


class GiveForm(forms.Form):
    """Who of the partner's should have a hand-over."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )

    def __init__(self, *args: Any, hand_over: HandOver, **kwargs: Any) -> None:
        initial = {"version": hand_over.version, "owner": hand_over.owner_id}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields["owner"].queryset = handing_over.takers(hand_over)  # type: ignore[attr-defined]


class ShareForm(forms.ModelForm):
    """What is shown of a hand-over, and to whom."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    class Meta:
        model = HandOver
        fields = ("shares_ticket", "shows_l1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        if self.instance.is_walled:
            del self.fields["shows_l1"]
