"""What was agreed with a partner."""

from typing import Any

from django import forms

from escalations import partner_setup
from escalations.models import PartnerAgreement

_LONGEST = 60 * 24 * 366


class AgreementForm(forms.ModelForm):
    """The agreement, with the version that it was made from."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = PartnerAgreement
        fields = partner_setup.SETTINGS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        for name in ("high_minutes", "medium_minutes", "low_minutes"):
            label = self.fields[name].label
            self.fields[name] = forms.IntegerField(label=label, min_value=1, max_value=_LONGEST, required=False)
