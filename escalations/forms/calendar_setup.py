"""Editing the draft of a calendar: zone, weekly shifts, holidays; and who has a calendar of their own."""

from typing import Any

import holidays
from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from accounts.forms.preferences import zones_by_region
from accounts.models import Team, User
from escalations import calendar_checks, calendar_words
from escalations.models import Calendar, CalendarVersion, Customer, HolidayRule, Segment

MOST_ROWS = 30


def countries() -> list[tuple[str, str]]:
    """Return the countries whose public holidays are known, by their names in the reader's language."""
    named = ((code, calendar_words.country(code)) for code in holidays.list_supported_countries())
    return [("", str(_("None"))), *sorted(named, key=lambda pair: pair[1])]


class ShiftForm(forms.Form):
    """The same hours on one or several days of the week. A row without times is dropped."""

    days = forms.TypedMultipleChoiceField(
        label=_("Days"),
        choices=lambda: [(day, lazystr(str(name).capitalize())) for day, name in WEEKDAYS_ABBR.items()],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    opens = forms.CharField(
        label=_("From"), max_length=5, required=False, widget=forms.TextInput(attrs={"placeholder": "09:00"})
    )
    closes = forms.CharField(
        label=_("To"), max_length=5, required=False, widget=forms.TextInput(attrs={"placeholder": "17:00"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        for name in ("opens", "closes"):
            self.fields[name].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def full_clean(self) -> None:
        if self.is_bound and not self._typed("opens") and not self._typed("closes"):
            self._errors, self.cleaned_data = forms.utils.ErrorDict(), {}
            return
        super().full_clean()

    def _typed(self, name: str) -> str:
        return str(self.data.get(self.add_prefix(name), "")).strip()

    def clean_days(self) -> list[int]:
        days: list[int] = self.cleaned_data["days"]
        if not days:
            raise forms.ValidationError(_("Choose the days of this shift."))
        return days

    def clean_opens(self) -> str:
        return self._time("opens")

    def clean_closes(self) -> str:
        return self._time("closes")

    def _time(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        if text.isdecimal() and len(text) <= 2:
            text += ":00"
        found = calendar_checks.minutes(text)
        if found is None:
            raise forms.ValidationError(_("Write a time such as 09:00, the end up to 24:00."))
        return f"{found // 60:02d}:{found % 60:02d}"

    def rows(self) -> list[dict[str, Any]]:
        """Return the shifts of this row as a calendar keeps them."""
        data = self.cleaned_data
        return [{"day": day, "opens": data["opens"], "closes": data["closes"]} for day in data.get("days", ())]


ShiftFormSet = forms.formset_factory(ShiftForm, extra=1, max_num=MOST_ROWS, absolute_max=MOST_ROWS)


def shifts_of(weekly: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a week as rows of the form: days with the same hours together."""
    rows: dict[tuple[str, str], list[int]] = {}
    for shift in weekly:
        rows.setdefault((shift["opens"], shift["closes"]), []).append(shift["day"])
    return [{"days": days, "opens": opens, "closes": closes} for (opens, closes), days in rows.items()]


def week_of(formset: Any) -> list[dict[str, Any]]:
    """Return the week of valid rows, in order."""
    rows = [row for form in formset for row in form.rows()]
    return sorted(rows, key=lambda row: (row["day"], row["opens"]))


class CalendarForm(forms.Form):
    """All of a calendar's draft but its week."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=40)
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones_by_region)
    holiday_country = forms.ChoiceField(label=_("Public holidays of"), choices=countries, required=False)
    own_holidays = forms.CharField(
        label=_("Further closed days"),
        required=False,
        max_length=20 * calendar_checks.MOST_CLOSED_DAYS,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "placeholder": "2026-12-24"}),
        help_text=_("One date a line, such as 2026-12-24."),
    )
    holiday_rule = forms.ChoiceField(
        label=_("A holiday closes"), choices=HolidayRule.choices, widget=forms.RadioSelect
    )

    def __init__(self, data: QueryDict | None = None, *, draft: CalendarVersion, version: str) -> None:
        initial = {
            "version": version,
            "zone": draft.zone,
            "holiday_country": draft.holiday_country,
            "own_holidays": "\n".join(draft.own_holidays),
            "holiday_rule": draft.holiday_rule,
        }
        super().__init__(data, initial=initial)
        zone = self.fields["zone"]
        known = {value for _label, zones in zones_by_region()[1:] for value, _name in zones} | {"UTC"}
        if isinstance(zone, forms.ChoiceField) and draft.zone not in known:  # one that is not offered any more
            zone.choices = [(draft.zone, draft.zone), *zones_by_region()]

    def clean_own_holidays(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["own_holidays"].splitlines()]
        days, wrong = set(), []
        for line in filter(None, lines):
            try:
                days.add(calendar_checks.closed_day(line).isoformat())
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise forms.ValidationError(wrong[:5])
        return sorted(days)

    def columns(self) -> dict[str, Any]:
        """Return what the valid form sets in a draft."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class OwnCalendarForm(forms.Form):
    """Give a team, a segment or a customer a calendar of their own."""

    whose = forms.ChoiceField(
        label=_("Whose"),
        choices=[("team", _("A team's")), ("segment", _("A segment's")), ("customer", _("A customer's"))],
        initial="team",
        widget=forms.RadioSelect,
    )
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=None)
    segment = forms.ChoiceField(label=_("Segment"), choices=Segment.choices, required=False)
    customer = forms.CharField(
        label=_("Customer id"), max_length=80, required=False, help_text=_("As the company knows them.")
    )
    calendar = forms.ModelChoiceField(
        label=_("Calendar"), queryset=Calendar.objects.filter(current__isnull=False), empty_label=None
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        team = self.fields["team"]
        if isinstance(team, forms.ModelChoiceField):
            team.queryset = Team.objects.filter(is_active=True)
        for name in ("team", "segment", "customer"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        whose = cleaned.get("whose", "")
        if whose == "customer" and not self.has_error("customer"):
            external_id = cleaned.get("customer", "")
            cleaned["customer"] = Customer.objects.visible_to(self.user).filter(external_id=external_id).first()
        if whose and not self.has_error(whose) and not cleaned.get(whose):
            self.add_error(whose, _("There is nobody of that id.") if whose == "customer" else _("Choose one."))
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """Return whose calendar it is to be, as calendar_choices.choose_calendar takes it."""
        whose = self.cleaned_data["whose"]
        return {whose: self.cleaned_data[whose]}
