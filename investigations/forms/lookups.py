"""What people send about lookups."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind
from investigations.lookups import masking, parameters
from investigations.lookups.definitions import Draft
from investigations.models import LookupKind, LookupSource, LookupVersion
from investigations.models.lookup import in_words, usually_masked

_CODE = {"spellcheck": "false", "class": "form-control text-code"}
_INPUTS = {"integer": "number", "date": "date", "time": "datetime-local"}


class SourceForm(forms.Form):
    """A database or interface."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=LookupKind.choices)
    is_back_office = forms.BooleanField(
        label=_("The back office of the settings"),
        required=False,
        help_text=_("Its address and secret stand in the settings, and are not kept here."),
    )
    url = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=300,
        help_text=_("postgresql://user@host:5432/database, mysql://user@host:3306/database or https://host/base"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label=_("Password or token"),
        required=False,
        max_length=500,
        help_text=_("Kept encrypted and never shown. Empty: what is kept stays."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    masked = forms.CharField(
        label=_("Always hidden"),
        required=False,
        max_length=4_000,
        initial="\n".join(usually_masked()),
        help_text=_(
            "Names, one a line. Columns and nested names that have one among their words are hidden in every "
            "answer, unless the lookup has a rule for them."
        ),
        widget=forms.Textarea(attrs={"rows": 4, **_CODE}),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    @classmethod
    def of(cls, source: LookupSource) -> "SourceForm":
        """Return the form of a source as it is."""
        names = ("name", "kind", "is_back_office", "url", "is_active", "version")
        initial = {name: getattr(source, name) for name in names}
        return cls(initial={**initial, "masked": "\n".join(source.masked)})

    def clean_masked(self) -> list[str]:
        """Return the names."""
        lines = (" ".join(line.split()) for line in self.cleaned_data["masked"].splitlines())
        found = [line for line in lines if line]
        if any(len(name) > 80 for name in found):
            raise forms.ValidationError(_("A name has at most 80 characters."))
        return found


class LookupForm(forms.Form):
    """The next version of a lookup."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(label=_("What it answers"), required=False, max_length=300)
    source = forms.ModelChoiceField(label=_("Source"), queryset=LookupSource.objects.all())
    statement = forms.CharField(
        label=_("Question"),
        max_length=10_000,
        help_text=_("One SELECT with parameters as :name, or the path of a GET with parameters as {name}."),
        widget=forms.Textarea(attrs={"rows": 8, **_CODE}),
    )
    parameters = forms.CharField(
        label=_("Parameters"),
        required=False,
        max_length=4_000,
        help_text=_(
            "One a line: NAME: TYPE, then /PATTERN/, = FILL and optional as needed. Types: text, integer, date, "
            "time, money, reference. Fills: customer, transaction, error_code, product, answer.KEY, happened-24h, "
            "escalated+1h."
        ),
        widget=forms.Textarea(attrs={"rows": 4, **_CODE}),
    )
    masks = forms.CharField(
        label=_("Masked columns"),
        required=False,
        max_length=4_000,
        help_text=_(
            "One a line: COLUMN: RULE, or COLUMN.NAME: RULE within nested data. Rules: last4, hash, hidden, "
            "phone, email."
        ),
        widget=forms.Textarea(attrs={"rows": 3, **_CODE}),
    )
    rows_path = forms.RegexField(
        r"[A-Za-z0-9_.-]*",
        label=_("Where the rows are"),
        required=False,
        max_length=200,
        help_text=_("Of a JSON answer: names with dots between, as data.items."),
    )
    within_seconds = forms.IntegerField(label=_("Seconds at most"), min_value=1, max_value=30, initial=5)
    most_rows = forms.IntegerField(label=_("Rows at most"), min_value=1, max_value=500, initial=100)
    roles = forms.MultipleChoiceField(
        label=_("Only for"),
        required=False,
        choices=[(Role.L2, Role.L2.label), (Role.LEAD, Role.LEAD.label)],
        widget=forms.CheckboxSelectMultiple,
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Only on escalations of"),
        required=False,
        queryset=Team.objects.filter(kind=TeamKind.L2).order_by("name"),
        widget=forms.CheckboxSelectMultiple,
    )
    why = forms.CharField(label=_("Why this changes"), required=False, max_length=300)
    number = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    @classmethod
    def of(cls, version: LookupVersion) -> "LookupForm":
        """Return the form of a version as it is."""
        names = (
            "description",
            "statement",
            "rows_path",
            "within_seconds",
            "most_rows",
            "roles",
            "teams",
            "number",
        )
        initial = {name: getattr(version, name) for name in names}
        initial |= {"name": version.lookup.name, "source": version.source_id}
        initial["parameters"] = "\n".join(one.spelled() for one in parameters.stored(version.parameters))
        initial["masks"] = "\n".join(f"{column}: {rule}" for column, rule in version.masks.items())
        return cls(initial=initial)

    def draft(self) -> Draft:
        """Return what was said. Raises Refused (field `parameters`, `masks`)."""
        data = self.cleaned_data
        return Draft(
            source=data["source"], statement=data["statement"], description=data["description"],
            parameters=parameters.parse(data["parameters"]), masks=masking.parse(data["masks"]),
            rows_path=data["rows_path"], within_seconds=data["within_seconds"], most_rows=data["most_rows"],
            roles=list(data["roles"]), teams=[team.pk for team in data["teams"]],
        )  # fmt: skip


class RunForm(forms.Form):
    """The values of a lookup's parameters, and why it is asked. A field is called like its parameter."""

    reason = forms.CharField(
        label=_("Why you look this up"),
        max_length=300,
        help_text=_("It is kept with the answer, and in the audit trail."),
    )

    def __init__(self, *args: Any, version: LookupVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_parameters = parameters.stored(version.parameters)
        fields: dict[str, forms.Field] = {}
        for one in self.of_parameters:
            widget = forms.TextInput(attrs={"type": _INPUTS.get(one.type, "text"), "autocomplete": "off"})
            fields[self.field(one.name)] = forms.CharField(
                label=in_words(one.name.replace("_", " ").capitalize()), required=not one.optional,
                max_length=parameters.LONGEST_VALUE, widget=widget,
                help_text=_("Of the form %s") % one.pattern if one.pattern else "",
            )  # fmt: skip
        self.fields = {**fields, "reason": self.fields["reason"]}

    @staticmethod
    def field(name: str) -> str:
        """Return the form's name for a parameter: none is taken for the form's own."""
        return f"p_{name}"

    def values(self) -> dict[str, str]:
        """Return what was typed, by parameter."""
        return {one.name: self.cleaned_data[self.field(one.name)] for one in self.of_parameters}
