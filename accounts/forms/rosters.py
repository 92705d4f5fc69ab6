"""A team's weekly shifts, days off and extra shifts, as a lead enters them."""

import re
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from accounts.forms.preferences import zones_by_region
from accounts.models import OFF_KINDS, ExceptionKind, Roster, User
from accounts.rostering import MOST_SHIFTS, WeeklyShift
from accounts.weeks import clock_time
from common.business_hours import DAY, Interval

MOST_ROWS = MOST_SHIFTS // 7
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", re.ASCII)


class WallTimeField(forms.Field):
    """A time of day up to 24:00, as minutes after midnight. Empty is None."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "placeholder": "15:00", "autocomplete": "off", "maxlength": 5}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values or not str(value).strip():
            return None
        match = _CLOCK.fullmatch(str(value).strip())
        minutes = int(match[1]) * 60 + int(match[2]) if match else DAY + 1
        if minutes > DAY:
            raise ValidationError(_("Write a time like 15:00, up to 24:00."))
        return minutes


def interval_of(day: int, opens: int, closes: int) -> Interval:
    """Return the shift from one time of day to another: at or before the beginning means on the next day.

    Two equal times stay an empty shift, which the domain refuses: a whole day is 00:00 to 24:00.
    """
    return Interval(day, opens, closes + DAY if closes < opens else closes)


class RosterForm(forms.Form):
    """What stands above the shifts."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones_by_region, help_text=_("Times of the shifts are on the clock there.")
    )


class ShiftsForm(forms.Form):
    """One person's shift on some days of the week. Left empty, it is dropped."""

    person = forms.TypedChoiceField(label=_("Person"), required=False, empty_value=None)
    days = forms.MultipleChoiceField(
        label=_("Days"), required=False, choices=list(WEEKDAYS_ABBR.items()), widget=forms.CheckboxSelectMultiple
    )
    opens = WallTimeField(label=_("From"), required=False)
    closes = WallTimeField(label=_("Until"), required=False)

    def __init__(self, *args: Any, members: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = {str(one.pk): one for one in members}

        def member(pk: str) -> User:
            if pk not in named:
                raise ValueError(pk)
            return named[pk]

        field = cast(forms.TypedChoiceField, self.fields["person"])
        field.choices = [("", "–"), *named.items()]
        field.coerce = member

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not any(value not in (None, "", []) for value in given.values()):
            return given
        for name in ("person", "days", "opens", "closes"):
            if name not in self.errors and given.get(name) in (None, "", []):
                self.add_error(name, _("This is needed too; or empty the whole row."))
        return given

    def shifts(self) -> list[WeeklyShift]:
        given = self.cleaned_data
        if not given.get("person"):
            return []
        return [
            WeeklyShift(given["person"], interval_of(int(day), given["opens"], given["closes"]))
            for day in given["days"]
        ]


class _ShiftsFormSet(forms.BaseFormSet):
    def shifts(self) -> list[WeeklyShift]:
        return [shift for form in self for shift in form.shifts()]


ShiftsFormSet = forms.formset_factory(
    ShiftsForm,
    formset=_ShiftsFormSet,
    extra=2,
    max_num=MOST_ROWS,
    validate_max=True,
    absolute_max=MOST_ROWS + 5,
)


def shifts_formset(data: QueryDict | None, roster: Roster | None, members: list[User]) -> _ShiftsFormSet:
    """Return the rows of a roster's form: who has the same hours on several days has one row."""
    rows = [] if data is not None or roster is None else rows_of(roster)
    formset = ShiftsFormSet(data, initial=rows, prefix="shifts", form_kwargs={"members": members})
    return cast(_ShiftsFormSet, formset)


def rows_of(roster: Roster) -> list[dict[str, Any]]:
    """Return the shifts as rows of the form."""
    grouped: dict[tuple[str, int, int, int], list[int]] = {}
    for shift in roster.shifts.select_related("person"):
        key = (str(shift.person), shift.person_id, shift.opens, shift.closes)
        grouped.setdefault(key, []).append(shift.day)
    return [
        {"person": person, "days": days, "opens": clock_time(opens), "closes": clock_time(closes)}
        for (_name, person, opens, closes), days in sorted(grouped.items())
    ]


class _MemberForm(forms.Form):
    person = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), empty_label="–")

    def __init__(self, data: QueryDict | None = None, *, members: Iterable[User], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = cast(forms.ModelChoiceField, self.fields["person"])
        field.queryset = User.objects.filter(pk__in=[one.pk for one in members]).order_by("name")


class _DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class OffForm(_MemberForm):
    """Leave or sickness, for a day or some."""

    kind = forms.ChoiceField(label=_("Why"), choices=[(kind.value, kind.label) for kind in OFF_KINDS])
    first_day = _DayField(label=_("First day"))
    last_day = _DayField(
        label=_("Last day"),
        required=False,
        help_text=_("Empty: one day. Shifts that start on these days fall away."),
    )

    def days_off(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "kind": ExceptionKind(given["kind"]),
            "first_day": given["first_day"],
            "last_day": given["last_day"] or given["first_day"],
        }


class ExtraForm(_MemberForm):
    """A shift of one day."""

    day = _DayField(label=_("Day"))
    opens = WallTimeField(label=_("From"))
    closes = WallTimeField(label=_("Until"))

    def shift(self) -> dict[str, Any]:
        given = self.cleaned_data
        _day, opens, closes = interval_of(0, given["opens"], given["closes"])
        return {"day": given["day"], "opens": opens, "closes": closes}
