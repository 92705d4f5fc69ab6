"""What people send about log sources: setting one up, and asking one."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.zones import zone_info
from investigations.models import LogSource

_MINUTE = "%Y-%m-%dT%H:%M"


class SourceForm(forms.ModelForm):
    """A source as an admin sets it up. The secret is never shown; left empty, it stays."""

    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    class Meta:
        model = LogSource
        fields = (
            "name", "kind", "url", "sign_in", "within", "tenant", "time_field", "level_field", "source_field",
            "message_field", "id_fields", "more_fields", "service", "zone", "most_lines", "is_active",
        )  # fmt: skip
        help_texts = {
            "url": gettext_lazy("As https://splunk.example.com:8089. The host has to stand in OUTGOING_HOSTS."),
            "within": gettext_lazy(
                "Splunk: an index. Elasticsearch and OpenSearch: an index or pattern, as payments-*."
                ' Loki: a selector, as {app="payments"}.'
            ),
            "tenant": gettext_lazy("Loki only: the header X-Scope-OrgID."),
            "id_fields": gettext_lazy(
                "Where ids stand, as trace.id, order_id. Without any, they are looked for in the whole text."
            ),
            "more_fields": gettext_lazy("No other field leaves the source."),
            "service": gettext_lazy("What wrote the logs. Logs of one service are compared."),
            "zone": gettext_lazy("Of times in the lines that do not say theirs."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        has_secret = bool(self.instance.token)
        self.fields["secret"].help_text = (
            _("One is stored. Leave this empty to keep it.") if has_secret else _("It is stored encrypted.")
        )
        self.initial["version"] = self.instance.version if self.instance.pk else 0

    def clean_zone(self) -> str:
        """Return the zone, if there is such a one."""
        name: str = self.cleaned_data["zone"].strip()
        try:
            zone_info(name)
        except ValueError as error:
            raise forms.ValidationError(
                _("There is no such time zone. Europe/Madrid is one, UTC another.")
            ) from error
        return name


class FetchForm(forms.Form):
    """Which lines are fetched from which source."""

    source = forms.ModelChoiceField(label=gettext_lazy("Source"), queryset=LogSource.objects.none())
    ids = forms.CharField(
        label=gettext_lazy("Ids"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy(
            "Request, transaction or correlation ids, with spaces between; a line needs one of them."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    since = forms.DateTimeField(
        label=gettext_lazy("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE)
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = LogSource.objects.filter(is_active=True)
        self.fields["source"].queryset = active  # type: ignore[attr-defined]

    def clean_ids(self) -> list[str]:
        """Return the ids one by one."""
        return list(dict.fromkeys(self.cleaned_data["ids"].replace(",", " ").split()))
