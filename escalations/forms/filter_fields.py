"""What the filters of a list are made of: values of several kinds, and how they are typed or ticked."""

from collections.abc import Callable
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import DateRangeWidget

MOST_VALUES, LONGEST_VALUE = 50, 300
LARGEST_ID = 2**63 - 1
#: How long ago: the key that the address has, and the hours.
HOURS = {"1h": 1, "4h": 4, "1d": 24, "3d": 72, "7d": 168, "30d": 720}
SPANS = [
    ("1h", _("an hour")),
    ("4h", _("4 hours")),
    ("1d", _("a day")),
    ("3d", _("3 days")),
    ("7d", _("a week")),
    ("30d", _("30 days")),
]
#: Nothing chosen is either way.
YES_OR_NO = [("true", _("Yes")), ("false", _("No"))]


def is_id(value: str) -> bool:
    """Tell whether the database could hold it as a row's number."""
    return value.isascii() and value.isdecimal() and int(value[:20]) <= LARGEST_ID


def check_id(value: str) -> None:
    """Raise ValidationError unless it can be a row's number."""
    if not is_id(value):
        raise ValidationError(_("This is not the number of anything."))


def check_owner(value: str) -> None:
    """Raise ValidationError unless it is one of the words for owners, or can be a person's number."""
    if value not in {"me", "nobody"} and not is_id(value):
        raise ValidationError(_("An owner is “me”, “nobody” or a person's number."))


class Number(filters.Filter):
    """The number of a row: a whole one that the database can hold."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=LARGEST_ID, **kwargs)


class Words(forms.MultipleChoiceField):
    """Any values, said one by one; `check` says what is wrong with one."""

    def __init__(self, *args: Any, check: Callable[[str], None] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.check = check

    def validate(self, value: list[str]) -> None:
        if len(value) > MOST_VALUES:
            raise ValidationError(_("At most %d values at once.") % MOST_VALUES)
        for one in value:
            if len(one) > LONGEST_VALUE or "\x00" in one:
                raise ValidationError(_("This value is none that there could be."))
            if self.check:
                self.check(one)


class AnyOf(filters.MultipleChoiceFilter):
    """One of several values of a column of the ticket, so no ticket is found twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, distinct=False, **kwargs)


class AnyWords(AnyOf):
    field_class = Words


class Typed(forms.TextInput):
    """Several values in one line, parted by semicolons."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"placeholder": _("Several: parted by ;"), **(attrs or {})})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:  # noqa: ARG002
        parts = (part.strip() for value in data.getlist(name) for part in value.split(";"))
        return [part for part in parts if part]

    def format_value(self, value: Any) -> str:
        return "; ".join(value or ())


class Days(DateRangeWidget):
    """The first and the last day of a span."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"type": "date", **(attrs or {})})
        for widget, label in zip(self.widgets, (_("First day"), _("Last day")), strict=True):
            widget.attrs = {**widget.attrs, "aria-label": label}


class Several(forms.CheckboxSelectMultiple):
    """Boxes to tick, as the menus of the list show them."""
