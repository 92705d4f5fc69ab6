"""What narrows the trail down."""

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import trail
from audit.models import Result

if TYPE_CHECKING:
    from accounts.models import User

OBJECT = re.compile(r"(?P<type>[A-Za-z][\w.-]*?)(?:[\s#-]+(?P<id>\d{1,18}))?")
TICKET = "esc"  # how people write it: ESC-1042


class TrailForm(forms.Form):
    """The filters, all of them optional."""

    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": _("Name or email"), "autocomplete": "off"}),
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    object = forms.CharField(
        label=_("Object"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("ESC-1042 or person 7"), "autocomplete": "off"}),
    )
    result = forms.ChoiceField(label=_("Result"), required=False, choices=[("", _("Any")), *Result.choices])

    def __init__(self, *args: Any, reader: "User", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actions = [(action, action) for action in trail.actions(reader)]
        self.fields["action"].choices = [("", _("Any")), *actions]  # type: ignore[attr-defined]

    def clean_object(self) -> tuple[str, int | None]:
        """Return the object's type and number. Raises ValidationError."""
        written = self.cleaned_data["object"].strip()
        if not written:
            return "", None
        read = OBJECT.fullmatch(written)
        if read is None:
            raise forms.ValidationError(_("Write a kind of object and its number, as in “person 7” or ESC-1042."))
        kind = read["type"].lower()
        return "ticket" if kind == TICKET else kind, int(read["id"]) if read["id"] else None

    def wanted(self) -> trail.Wanted:
        """Return what to look for; the form is valid."""
        asked = self.cleaned_data
        object_type, object_id = asked["object"]
        return trail.Wanted(
            since=_midnight(asked["since"]) if asked["since"] else None,
            until=_midnight(asked["until"] + timedelta(days=1)) if asked["until"] else None,
            person=asked["person"].strip(),
            action=asked["action"],
            object_type=object_type,
            object_id=object_id,
            result=asked["result"],
        )


def _midnight(day: date) -> datetime:
    """Return when the day begins where the reader is."""
    return timezone.make_aware(datetime.combine(day, time()))
