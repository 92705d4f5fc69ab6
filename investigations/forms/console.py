"""What people send to the API console, its environments, and the webhook tester."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, TeamKind
from escalations.models import Ticket
from investigations.console import environments
from investigations.console.composing import LONGEST_PATH, Composed
from investigations.console.environments import Headers, Wanted
from investigations.models import Environment, Method, Scheme

_CODE = {"spellcheck": "false", "autocomplete": "off", "class": "form-control text-code"}


class HeadersField(forms.CharField):
    """Headers, a line each, as [name, value]."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Headers"), required=False, max_length=20_000,
            widget=forms.Textarea(attrs={"rows": 3, "placeholder": "Accept: application/json", **_CODE}), **kwargs,
        )  # fmt: skip

    def clean(self, value: Any) -> Headers:
        """Return the pairs."""
        found = []
        for line in super().clean(value).splitlines():
            name, colon, text = line.partition(":")
            if line.strip() and not (colon and name.strip()):
                raise forms.ValidationError(_("Write each header on a line of its own, as “Accept: text/plain”."))
            if line.strip():
                found.append([name.strip(), text.strip()])
        return found


def _of_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class RequestForm(forms.Form):
    """A request from a ticket."""

    environment = forms.ModelChoiceField(
        label=_("Environment"), queryset=Environment.objects.none(), empty_label=None
    )
    method = forms.ChoiceField(label=_("Method"), choices=Method)
    path = forms.CharField(
        label=_("Path and query"), max_length=LONGEST_PATH,
        widget=forms.TextInput(attrs={"placeholder": "/v1/charges?limit=5", **_CODE}),
    )  # fmt: skip
    headers = HeadersField()
    body = forms.CharField(
        label=_("Body"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 8, **_CODE}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Why this must be written"), required=False, max_length=500,
        help_text=_("For the lead who approves it."),
    )  # fmt: skip

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["environment"].queryset = environments.usable(ticket)  # type: ignore[attr-defined]

    def composed(self) -> Composed:
        """Return the request; the form must be valid."""
        data = self.cleaned_data
        body, began_with = _of_lines(data["body"]), self.initial.get("body", "")
        # A browser sends every line end as CR LF: what nobody changed goes out with those that it had.
        if body == _of_lines(began_with):
            body = began_with
        return Composed(data["environment"], data["method"], data["path"].strip(), data["headers"], body)


class EnvironmentForm(forms.Form):
    """An environment, with one secret at a time; those that it has are never shown."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    name = forms.CharField(label=_("Name"), max_length=80)
    base_url = forms.CharField(
        label=_("Address"), max_length=300,
        help_text=_("Begins all its requests, as https://api.example.com/v2. Its host is one of OUTGOING_HOSTS."),
    )  # fmt: skip
    headers = HeadersField(
        help_text=_("Sent with each request. A secret stands here by its name, as {{API_KEY}}.")
    )
    secret_name = forms.CharField(
        label=_("Name of a secret"), required=False, max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "API_KEY", **_CODE}),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("The secret"), required=False, max_length=environments.LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted, used in requests, never shown again."),
    )  # fmt: skip
    dropped = forms.MultipleChoiceField(
        label=_("Remove secrets"), required=False, widget=forms.CheckboxSelectMultiple
    )
    allows_writes = forms.BooleanField(
        label=_("Writes are possible"), required=False,
        help_text=_("POST, PUT, PATCH and DELETE, each after a lead's approval."),
    )  # fmt: skip
    scheme = forms.ChoiceField(label=_("Writes are signed"), required=False, choices=[])
    signing_header = forms.CharField(
        label=_("Header"), required=False, max_length=100, help_text=_("Empty: the usual one of the scheme.")
    )
    signing_secret = forms.CharField(
        label=_("Signing secret"), required=False, max_length=500, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown. Empty: the one entered before."),
    )  # fmt: skip
    teams = forms.ModelMultipleChoiceField(
        label=_("Only on escalations of"), required=False, widget=forms.CheckboxSelectMultiple,
        queryset=Team.objects.filter(kind=TeamKind.L2).order_by("name"),
    )  # fmt: skip
    is_retired = forms.BooleanField(label=_("Not in use any more"), required=False)

    def __init__(self, *args: Any, environment: Environment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment = environment
        choices = [(Scheme.NONE.value, _("Not signed")), *Scheme.choices[1:]]
        self.fields["scheme"].choices = choices  # type: ignore[attr-defined]
        named = environments.names(environment) if environment and environment.secrets else []
        if not named:
            del self.fields["dropped"]
        else:
            self.fields["dropped"].choices = [(one, one) for one in named]  # type: ignore[attr-defined]
        if environment is None:
            del self.fields["is_retired"]
        elif environment.is_back_office:
            signing = ("scheme", "signing_header", "signing_secret")
            for name in ("base_url", "secret_name", "secret", "allows_writes", *signing):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """A secret has a name and a value."""
        data = super().clean() or self.cleaned_data
        if bool(data.get("secret_name")) != bool(data.get("secret")):
            self.add_error("secret", _("A secret has both: its name and what it is."))
        return data

    def wanted(self) -> Wanted:
        """Return what the environment is to be; the form must be valid."""
        data = self.cleaned_data
        secrets = {data["secret_name"]: data["secret"]} if data.get("secret_name") else {}
        if data.get("signing_secret"):
            secrets[environments.SIGNING] = data["signing_secret"]
        return Wanted(
            name=data["name"],
            is_back_office=bool(self.environment and self.environment.is_back_office),
            base_url=data.get("base_url", "").strip(),
            headers=data["headers"],
            secrets=secrets,
            dropped=data.get("dropped", []),
            allows_writes=data.get("allows_writes", False),
            scheme=Scheme(data.get("scheme") or Scheme.NONE),
            signing_header=data.get("signing_header", "").strip(),
            teams=[team.pk for team in data["teams"]],
            is_retired=data.get("is_retired", False),
        )


class ImportForm(forms.Form):
    """An OpenAPI document."""

    integration = forms.CharField(
        label=_("Integration"), max_length=80,
        help_text=_("Its name among the templates. Another document for the same name takes their place."),
    )  # fmt: skip
    file = forms.FileField(label=_("OpenAPI document, JSON or YAML"), max_length=200)


class SigningForm(forms.Form):
    """How the sender of a ticket's webhooks signs."""

    scheme = forms.ChoiceField(label=_("Signature"), choices=Scheme)
    header = forms.CharField(
        label=_("Header"), required=False, max_length=100, help_text=_("Empty: the usual one of the scheme.")
    )
    secret = forms.CharField(
        label=_("Signing secret"), required=False, max_length=500, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown. Empty: the one entered before."),
    )  # fmt: skip
    tolerance = forms.IntegerField(label=_("Tolerance in seconds"), min_value=0, max_value=86_400, initial=300)


class RejectForm(forms.Form):
    """Why a request is not sent."""

    why = forms.CharField(label=_("Why not"), max_length=500)
