"""What a tracker is set up with."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bugs.models import Tracker, TrackerKind
from bugs.setup import Wanted


def _secret(label: Any, more: Any = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "form-control"})
    return forms.CharField(
        label=label, required=False, max_length=1000, widget=widget,
        help_text=format_lazy("{} {}", _("Empty: the one there is stays. It is never shown."), more),
    )  # fmt: skip


class TrackerForm(forms.Form):
    """A tracker; one of the settings has its name and project alone."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=TrackerKind)
    base_url = forms.CharField(
        label=_("Address of the API"), max_length=300, initial="https://api.github.com",
        help_text=_("https://api.github.com, or where GitLab or Jira begins. OUTGOING_HOSTS must list its host."),
    )  # fmt: skip
    project = forms.CharField(
        label=_("Project"), max_length=200, help_text=_("owner/name; for Jira the project's key, such as PAY.")
    )
    token = _secret(_("Token"), _("For Jira's Cloud: address:token."))
    webhook_secret = _secret(_("Secret of its webhooks"))
    is_retired = forms.BooleanField(label=_("Not in use any more"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tracker: Tracker | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if tracker is not None and tracker.is_of_settings:
            for name in ("kind", "base_url", "token", "webhook_secret"):
                del self.fields[name]

    def wanted(self) -> Wanted:
        """Return what was entered."""
        data = self.cleaned_data
        return Wanted(
            name=data["name"], kind=TrackerKind(data.get("kind", TrackerKind.GITHUB)),
            base_url=data.get("base_url", ""), project=data["project"],
            token=data.get("token", ""), webhook_secret=data.get("webhook_secret", ""),
            is_retired=data["is_retired"],
        )  # fmt: skip
