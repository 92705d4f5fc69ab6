"""Editing the draft of a policy: whose escalations, by which calendar, and the table of targets."""

import re
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from escalations import policy_checks
from escalations.models import Calendar, Category, Channel, Metric, PolicyVersion, Priority, Segment, State
from escalations.models.ticket import OPEN
from escalations.policy_words import DAY, HOUR, metrics_of, span

_UNITS = "d|days?|días?|h|hrs?|hours?|horas?|m|mins?|minutes?|minutos?"
_PART = re.compile(rf"([0-9]{{1,6}})\s*({_UNITS})?(?![^\W\d])", re.IGNORECASE)
_CONDITIONS = ("categories", "teams", "priorities", "segments", "channels")


def minutes_of(text: str, *, business_time: bool) -> int:
    """Read "4 h", "1h 30", "90 min", "15 d" or bare minutes. Raises ValueError with a sentence."""
    total, rest = 0, text.strip()
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise ValueError(_("Write a time such as 4 h, 1 h 30 min or 90 min."))
        number, unit = int(match[1]), (match[2] or "m").lower()[0]
        if unit == "d" and business_time:
            raise ValueError(_("Write open time in hours: a day of it is not the calendar's day."))
        total += number * {"d": DAY, "h": HOUR, "m": 1}[unit]
        rest = rest[match.end() :].lstrip(" ,")
    return total


class Cell(NamedTuple):
    """One target in the table: how long, and whether elapsed time counts."""

    priority: str
    length: forms.BoundField
    elapsed: forms.BoundField


class PolicyForm(forms.Form):
    """A policy's draft, but for its ladder (escalations.forms.ladder)."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=40)
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Calendar"),
        queryset=Calendar.objects.filter(current__isnull=False),
        empty_label=None,
    )
    own_calendars = forms.BooleanField(
        label=gettext_lazy("Where the customer, the segment or the team has a calendar of its own, go by that"),
        required=False,
    )
    categories = forms.TypedMultipleChoiceField(label=gettext_lazy("Categories"), coerce=int, required=False)
    teams = forms.TypedMultipleChoiceField(label=gettext_lazy("Teams"), coerce=int, required=False)
    priorities = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Priorities"), choices=Priority.choices, coerce=int, required=False
    )
    segments = forms.MultipleChoiceField(
        label=gettext_lazy("Customer segments"), choices=Segment.choices, required=False
    )
    channels = forms.MultipleChoiceField(label=gettext_lazy("Channels"), choices=Channel.choices, required=False)
    pauses_in = forms.MultipleChoiceField(
        label=gettext_lazy("The clocks stand still while the escalation is"),
        choices=[(s.value, s.label) for s in State if s in OPEN],
        required=False,
    )

    def __init__(self, data: QueryDict | None = None, *, draft: PolicyVersion, version: str) -> None:
        initial: dict[str, Any] = {
            "version": version,
            "calendar": draft.calendar_id,
            "own_calendars": draft.own_calendars,
            "pauses_in": draft.pauses_in,
            **{name: getattr(draft, name) for name in _CONDITIONS},
        }
        self.metrics = metrics_of(draft.policy.kind)
        for target in draft.targets:
            name = f"{target['metric']}_{target['priority']}"
            initial[name] = span(target["minutes"], business_time=target["business_time"])
            initial[f"{name}_elapsed"] = not target["business_time"]
        super().__init__(data, initial=initial)
        self._offer("categories", Category.objects.all(), draft.categories)
        self._offer("teams", Team.objects.all(), draft.teams)
        for name in (*_CONDITIONS, "pauses_in"):
            self.fields[name].widget = forms.CheckboxSelectMultiple(choices=self._choices(name))
            self.fields[name].is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        for metric in self.metrics:
            for priority in Priority:
                self._add_cell(metric, priority)

    def _choices(self, name: str) -> Any:
        field = self.fields[name]
        return field.choices if isinstance(field, forms.ChoiceField) else ()

    def _offer(self, name: str, rows: Any, chosen: list[int]) -> None:
        """Offer what is in use, and what the draft names already."""
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (row.pk, str(row) if row.is_active else _("%s (not in use any more)") % row)
                for row in rows
                if row.is_active or row.pk in chosen
            ]

    def _add_cell(self, metric: Metric, priority: Priority) -> None:
        name, where = f"{metric}_{priority}", f"{metric.label}, {priority.label}"
        self.fields[name] = forms.CharField(
            label=where, max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
        )
        self.fields[f"{name}_elapsed"] = forms.BooleanField(label=_("%s in elapsed time") % where, required=False)

    @property
    def conditions(self) -> list[forms.BoundField]:
        return [self[name] for name in _CONDITIONS]

    @property
    def target_rows(self) -> list[tuple[str, list[Cell]]]:
        """The table of targets: (metric, a cell for each priority)."""
        return [
            (
                str(metric.label),
                [
                    Cell(str(priority.label), self[f"{metric}_{priority}"], self[f"{metric}_{priority}_elapsed"])
                    for priority in Priority
                ],
            )
            for metric in self.metrics
        ]

    @property
    def priority_labels(self) -> list[str]:
        return [str(priority.label) for priority in Priority]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.targets: list[dict[str, Any]] = []
        for priority in Priority:
            for metric in self.metrics:
                name = f"{metric}_{priority}"
                text = cleaned.get(name, "")
                if text:
                    self._read(name, text, metric, priority, business_time=not cleaned.get(f"{name}_elapsed"))
        return cleaned

    def _read(self, name: str, text: str, metric: Metric, priority: Priority, *, business_time: bool) -> None:
        try:
            minutes = minutes_of(text, business_time=business_time)
        except ValueError as wrong:
            self.add_error(name, str(wrong))
            return
        if fault := policy_checks.target_fault(minutes, business_time=business_time):
            self.add_error(name, fault[0].upper() + fault[1:])
            return
        target = {
            "metric": metric.value, "priority": priority.value, "minutes": minutes, "business_time": business_time,
        }  # fmt: skip
        self.targets.append(target)

    def columns(self) -> dict[str, Any]:
        """Return what the valid form sets in a draft."""
        data = self.cleaned_data
        return {
            "calendar_id": data["calendar"].pk,
            "own_calendars": data["own_calendars"],
            "pauses_in": data["pauses_in"],
            "targets": self.targets,
            **{name: data[name] for name in _CONDITIONS},
        }
