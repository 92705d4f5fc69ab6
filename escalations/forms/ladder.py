"""Editing the ladder of a policy: its steps, and what it does about forgotten and reopened tickets."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escalations import steps as ladder_steps
from escalations.forms.policy_setup import minutes_of
from escalations.models import Metric, PolicyKind, PolicyVersion, StepAction
from escalations.policies import kind_of
from escalations.policy_words import span

PREFIX = "ladder"

_MINUTES, _HOURS = 1, 60
_UNITS = [(_MINUTES, gettext_lazy("minutes")), (_HOURS, gettext_lazy("hours"))]
_SIDES = [("before", gettext_lazy("before")), ("after", gettext_lazy("after"))]


class StepForm(forms.Form):
    """One step: so long before or after which deadline, what is done. Without a number it is none."""

    metric = forms.ChoiceField(label=gettext_lazy("Deadline"), choices=[])
    amount = forms.IntegerField(label=gettext_lazy("How long"), min_value=0, required=False)
    unit = forms.TypedChoiceField(label=gettext_lazy("Unit"), choices=_UNITS, coerce=int, initial=_MINUTES)
    side = forms.ChoiceField(label=gettext_lazy("Side"), choices=_SIDES)
    does = forms.ChoiceField(label=gettext_lazy("Then"), choices=StepAction.choices)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [metric for metric in Metric if kind_of(metric) == kind]
        field = cast(forms.ChoiceField, self.fields["metric"])
        field.choices = [(metric.value, metric.label) for metric in offered]
        field.initial = next((one for one in offered if one == Metric.FIRST_RESOLUTION), offered[0])

    def clean_amount(self) -> int | None:
        amount: int | None = self.cleaned_data["amount"]
        if amount is not None and amount > ladder_steps.FURTHEST:
            raise ValidationError(_("A step lies at most 60 days before or after the deadline."))
        return amount

    def step(self) -> dict[str, Any] | None:
        """Return the step as a policy version keeps it, None where it was left empty. The form must be valid."""
        data = self.cleaned_data
        if data.get("amount") is None:
            return None
        minutes = data["amount"] * data["unit"]
        return {
            "metric": data["metric"],
            "minutes": -minutes if data["side"] == "before" else minutes,
            "does": data["does"],
        }


class _Steps(forms.BaseFormSet):
    def clean(self) -> None:
        if not any(self.errors):
            ladder_steps.validate(self._found())

    def _found(self) -> list[dict[str, Any]]:
        found = [form.step() for form in self.forms]
        return [step for step in found if step is not None]


_StepFormSet = forms.formset_factory(
    StepForm,
    formset=_Steps,
    extra=1,
    max_num=ladder_steps.MOST_STEPS,
    validate_max=True,
    absolute_max=ladder_steps.MOST_STEPS + 5,
)


class LadderFormSet(_StepFormSet):  # type: ignore[misc, valid-type]
    """The steps of a ladder for a policy of `kind`; those of `steps` unless something was sent."""

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        steps: Sequence[dict[str, Any]] = (),
        kind: str = PolicyKind.SERVICE,
    ) -> None:
        super().__init__(
            data, initial=[_initial(step) for step in steps], prefix=PREFIX, form_kwargs={"kind": kind}
        )

    def steps(self) -> list[dict[str, Any]]:
        """Return the steps as a policy version keeps them: by deadline and time. The formset must be valid."""
        order = list(Metric)
        return sorted(self._found(), key=lambda step: (order.index(step["metric"]), step["minutes"], step["does"]))


class AttentionForm(forms.Form):
    """When a ticket that nobody touches climbs, and when one that keeps coming back does."""

    forgotten_after = forms.CharField(
        label=gettext_lazy("Forgotten after so much open time"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Write 18 h or 90 min. Where nobody of the desk has done or written anything for so long, the owner "
            "is alerted, and each time it passes again, the next person of the escalation path. Empty: never."
        ),
    )
    raise_after_reopens = forms.IntegerField(
        label=gettext_lazy("Raised from this reopening on"),
        min_value=1,
        max_value=100,
        required=False,
        help_text=gettext_lazy(
            "This and every later reopening raises the priority by one and alerts the lead. Empty: never."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, draft: PolicyVersion) -> None:
        forgotten = draft.forgotten_after_minutes
        initial = {
            "forgotten_after": span(forgotten, business_time=True) if forgotten else "",
            "raise_after_reopens": draft.raise_after_reopens,
        }
        super().__init__(data, initial=initial)

    def clean_forgotten_after(self) -> int | None:
        """Return open minutes, or None."""
        text: str = self.cleaned_data["forgotten_after"]
        if not text:
            return None
        try:
            minutes = minutes_of(text, business_time=True)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong
        if not 0 < minutes <= ladder_steps.FURTHEST:
            raise ValidationError(_("This must be more than nothing, and at most 1440 h."))
        return minutes

    def columns(self) -> dict[str, Any]:
        """Return what the valid form sets in a draft."""
        return {
            "forgotten_after_minutes": self.cleaned_data["forgotten_after"],
            "raise_after_reopens": self.cleaned_data["raise_after_reopens"],
        }


def _initial(step: dict[str, Any]) -> dict[str, Any]:
    minutes = abs(step["minutes"])
    unit = _HOURS if minutes and minutes % _HOURS == 0 else _MINUTES
    return {
        "metric": step["metric"],
        "amount": minutes // unit,
        "unit": unit,
        "side": "before" if step["minutes"] < 0 else "after",
        "does": step["does"],
    }
