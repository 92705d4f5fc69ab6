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
