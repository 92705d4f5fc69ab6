"""What people enter about themselves."""

from functools import cache
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Availability, User
from accounts.models.user import time_zones


@cache
def zones_by_region() -> list[tuple[str, Any]]:
    """Return every IANA zone as choices, grouped by its region."""
    named = sorted(zone for zone in time_zones() if "/" in zone and not zone.startswith("Etc/"))
    regions = groupby(named, key=lambda zone: zone.split("/")[0])
    return [
        ("UTC", "UTC"),
        *((region, [(zone, _readable(zone)) for zone in zones]) for region, zones in regions),
    ]


def _readable(zone: str) -> str:
    return zone.split("/", 1)[1].replace("_", " ")


class PreferencesForm(forms.ModelForm):
    """Name, time zone and language."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zones_by_region,
        help_text=_("Every time and deadline is shown in it."),
    )

    class Meta:
        model = User
        fields = ["name", "time_zone", "language"]


class AvailabilityForm(forms.Form):
    availability = forms.ChoiceField(choices=Availability.choices)


class LanguageForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]
