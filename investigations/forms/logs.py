"""What people send about logs."""

from collections.abc import Iterable
from io import BytesIO
from typing import IO, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from investigations.forms.zones import ZoneField
from investigations.lines import Asked
from investigations.logs.layouts import LEVELS
from investigations.models import Log

PASTED = "pasted.log"


class LogForm(forms.Form):
    """A log: a file, or what was pasted."""

    file = forms.FileField(label=_("File"), required=False, allow_empty_file=True, max_length=200)
    pasted = forms.CharField(
        label=_("Or paste lines"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "form-control text-code"}),
    )
    service = forms.CharField(
        label=_("Service"),
        required=False,
        max_length=80,
        help_text=_("What wrote it, as “payments”. Logs of one service are compared."),
        widget=forms.TextInput(attrs={"list": "log-services", "autocomplete": "off"}),
    )
    zone = ZoneField(label=_("Time zone"), help_text=_("Of times in the log that do not say theirs."))

    def clean(self) -> dict[str, Any]:
        """Either a file or pasted lines."""
        data = super().clean() or self.cleaned_data
        if bool(data.get("file")) == bool((data.get("pasted") or "").strip()) and "file" not in self.errors:
            self.add_error("file", _("Choose a file, or paste lines: one of them."))
        return data

    def source(self) -> tuple[IO[bytes], str]:
        """Return what was sent, and its name."""
        file = self.cleaned_data["file"]
        if file:
            return file, file.name
        return BytesIO(self.cleaned_data["pasted"].encode("utf-8", "replace")), PASTED


def _levels() -> list[tuple[str, str]]:
    """Return the choices in the language of who asks: asked for each time, not once for all."""
    return [("", gettext("Any")), *[(level, gettext("%s or worse") % level) for level in LEVELS[1:]]]


class LinesForm(forms.Form):
    """Which lines to show."""

    log = forms.ModelMultipleChoiceField(
        label=_("Logs"), queryset=Log.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    q = forms.CharField(label=_("Text"), required=False, max_length=200)
    level = forms.ChoiceField(
        label=_("Level"),
        required=False,
        choices=_levels,
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "log-sources", "autocomplete": "off"}),
    )
    field = forms.CharField(
        label=_("Field"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "status=503", "autocomplete": "off"}),
    )
    sign = forms.CharField(label=_("What it says"), required=False, max_length=80, widget=forms.Select)
    since = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "any"}),
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "any"}),
    )
    template = forms.IntegerField(required=False, min_value=0, max_value=2**31, widget=forms.HiddenInput)

    def __init__(self, *args: Any, logs: Any, said: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sign"].widget.choices = [("", _("Anything")), *said]
        self.fields["log"].queryset = logs  # type: ignore[attr-defined]
        for name in ("since", "until"):
            self.fields[name].widget.format = "%Y-%m-%dT%H:%M:%S.%f"

    def clean_field(self) -> tuple[str, str] | None:
        """Return the name and the value."""
        name, equals, value = (part.strip() for part in self.cleaned_data["field"].partition("="))
        if not (name or equals or value):
            return None
        if not (name and value):
            raise forms.ValidationError(_("Write a field and its value, as status=503."))
        return name, value

    def clean_sign(self) -> tuple[str, str] | None:
        """Return its kind and code."""
        kind, colon, code = self.cleaned_data["sign"].partition(":")
        return (kind, code) if colon else None

    def asked(self) -> Asked:
        """Return what was asked for."""
        data = self.cleaned_data
        return Asked(
            level=data["level"], source=data["source"].strip(), template=data["template"], text=data["q"],
            field=data["field"], sign=data["sign"], since=data["since"], until=data["until"],
        )  # fmt: skip


def ticked(values: list[str]) -> list[tuple[int, int]]:
    """Return (log, line number) of ticked boxes; what is none of ours is left out."""
    found = []
    for value in values:
        log, _colon, number = value.partition(":")
        if log.isdecimal() and number.isdecimal() and len(value) < 30:
            found.append((int(log), int(number)))
    return list(dict.fromkeys(found))
