"""The name of a time zone, as somebody types it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from common.zones import zone_info


class ZoneField(forms.CharField):
    """An IANA time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def clean(self, value: Any) -> str:
        """Return the zone's name, if there is such a one."""
        name: str = super().clean(value).strip()
        try:
            zone_info(name)
        except ValueError as error:
            raise forms.ValidationError(
                _("There is no such time zone. Europe/Madrid is one, UTC another.")
            ) from error
        return name
