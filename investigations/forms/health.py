"""What people send about integrations, runbooks and re-checks."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common import clock
from investigations.health.integrations import Stated
from investigations.health.rechecks import Wanted
from investigations.models import Integration, IntegrationEnvironment, Plugin
from knowledgebase.models import KnownIssue

_DAYS = [(1, _("a day")), (3, _("three days")), (7, _("a week")), (14, _("two weeks"))]
_PAUSES = [(1, _("minute")), (5, _("5 minutes")), (15, _("15 minutes")), (60, _("hour"))]


class IntegrationForm(forms.Form):
    """An integration, as it is written down."""

    plugin = forms.ChoiceField(label=_("Plugin"), choices=Plugin)
    plugin_version = forms.CharField(label=_("Version"), required=False, max_length=40)
    platform = forms.CharField(
        label=_("Platform"), required=False, max_length=120, help_text=_("As WordPress 6.6, PHP 8.2.")
    )
    environment = forms.ChoiceField(label=_("Environment"), choices=IntegrationEnvironment)
    endpoints = forms.CharField(
        label=_("Endpoints"),
        required=False,
        max_length=6000,
        help_text=_("One address a line."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "form-control text-code"}),
    )
    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def stated(self) -> Stated:
        """Return what was said."""
        said = self.cleaned_data
        return Stated(
            said["plugin"], said["plugin_version"], said["platform"], said["environment"],
            said["endpoints"].splitlines(), said["notes"],
        )  # fmt: skip


def initial_of(known: Integration | Stated) -> dict[str, Any]:
    """Return what the form begins with."""
    names = ("plugin", "plugin_version", "platform", "environment", "notes")
    found = {name: getattr(known, name) for name in names}
    version = known.version if isinstance(known, Integration) else 0
    return {**found, "endpoints": "\n".join(known.endpoints), "version": version}


class RecheckForm(forms.Form):
    """What is asked again and again, and what is success."""

    url = forms.CharField(
        label=_("Address"),
        max_length=300,
        widget=forms.URLInput(attrs={"list": "endpoints", "autocomplete": "off", "spellcheck": "false"}),
    )
    minutes = forms.TypedChoiceField(label=_("Every"), choices=_PAUSES, coerce=int, initial=5)
    days = forms.TypedChoiceField(label=_("For"), choices=_DAYS, coerce=int, initial=3)
    status = forms.IntegerField(label=_("Status"), min_value=100, max_value=599, initial=200)
    most_milliseconds = forms.IntegerField(
        label=_("Within milliseconds"), min_value=1, max_value=10_000, required=False
    )
    contains = forms.CharField(label=_("Body contains"), max_length=200, required=False)
    wanted = forms.IntegerField(label=_("Successes in a row"), min_value=1, max_value=10, initial=2)

    def asked(self) -> Wanted:
        """Return what was asked for."""
        said = self.cleaned_data
        return Wanted(
            url=said["url"].strip(), ends_at=clock.now() + timedelta(days=said["days"]), minutes=said["minutes"],
            status=said["status"], most_milliseconds=said["most_milliseconds"], contains=said["contains"],
            wanted=said["wanted"],
        )  # fmt: skip


class FaultForm(forms.Form):
    """Which versions have a known issue."""

    issue = forms.ModelChoiceField(label=_("Known issue"), queryset=KnownIssue.objects.none())
    versions = forms.CharField(label=_("Versions"), max_length=120, help_text=_("As >=8.0,<8.3.2"))
    fixed_in = forms.CharField(label=_("Fixed in"), max_length=40, required=False)

    def __init__(self, *args: Any, issues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["issue"].queryset = issues  # type: ignore[attr-defined]


class RunbookForm(forms.Form):
    """The steps of a runbook as one text."""

    text = forms.CharField(
        label=_("Steps"),
        max_length=30_000,
        help_text=_("Each step begins with a line “## title”."),
        widget=forms.Textarea(attrs={"rows": 24}),
    )
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
