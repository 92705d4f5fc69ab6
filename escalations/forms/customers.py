"""Correcting what is known of a customer."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from escalations.customers import CustomerData
from escalations.models import Customer, Segment

_KNOWN = ("name", "email", "phone", "segment", "language", "country")


class CustomerForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    name = forms.CharField(label=_("Name"), max_length=160)
    email = forms.EmailField(label=_("Email"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    segment = forms.ChoiceField(label=_("Segment"), choices=Segment.choices)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    country = forms.CharField(
        label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as PH.")
    )

    def __init__(self, data: QueryDict | None = None, *, instance: Customer, **kwargs: Any) -> None:
        initial = {name: getattr(instance, name) for name in (*_KNOWN, "version")}
        super().__init__(data, initial=initial, **kwargs)

    def known(self) -> CustomerData:
        return cast(CustomerData, {name: self.cleaned_data[name] for name in _KNOWN})
