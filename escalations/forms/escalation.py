"""The escalation form: what every contract has, and the fields of its category's form."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from escalations import contract
from escalations.customers import CustomerData
from escalations.escalating import Contract
from escalations.forms.fields import FilesField
from escalations.models import Category, Channel, ContractForm, Level, Segment, Ticket

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

ANSWER_PREFIX = "answer_"

_WIDGETS: dict[str, Any] = {
    "long_text": lambda: forms.Textarea(attrs={"rows": 4}),
    "steps": lambda: forms.Textarea(attrs={"rows": 4}),
    "request": lambda: forms.Textarea(attrs={"rows": 3}),
    "date": lambda: forms.DateInput(attrs={"type": "date"}),
    "number": lambda: forms.TextInput(attrs={"inputmode": "decimal"}),
    "money": lambda: forms.TextInput(attrs={"placeholder": "12.50 PHP"}),
    "url": lambda: forms.URLInput(attrs={"placeholder": "https://"}),
}


class EscalationForm(forms.Form):
    """A contract being filled in. Its answers are checked by escalations.contract, not here."""

    customer_id = forms.CharField(
        label=_("Customer id"), max_length=80,
        help_text=_("Known customers are filled in by their id; a new one needs a name."),
    )  # fmt: skip
    customer_name = forms.CharField(label=_("Customer's name"), max_length=160, required=False)
    customer_email = forms.EmailField(label=_("Email"), required=False)
    customer_phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    customer_segment = forms.ChoiceField(label=_("Segment"), choices=Segment.choices, required=False)
    customer_language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, required=False)
    customer_country = forms.CharField(label=_("Country"), max_length=2, required=False)

    subject = forms.CharField(label=_("What is wrong, in a line"), max_length=200)
    description = forms.CharField(
        label=_("What happened"),
        max_length=20_000,
        help_text=_("What the customer did, what they saw, since when."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    impact = forms.TypedChoiceField(
        label=_("Impact"), choices=Level.choices, coerce=int, initial=Level.MEDIUM,
        help_text=_("How much is lost while it lasts."),
    )  # fmt: skip
    urgency = forms.TypedChoiceField(
        label=_("Urgency"), choices=Level.choices, coerce=int, initial=Level.MEDIUM,
        help_text=_("How soon it has to be solved."),
    )  # fmt: skip
    l1_reference = forms.CharField(label=_("Your ticket's id"), max_length=80, required=False)
    l1_link = forms.URLField(label=_("Link to your ticket"), max_length=200, required=False, assume_scheme="https")
    uploads = FilesField(label=_("Files"), required=False)

    def __init__(
        self,
        *args: Any,
        category: Category,
        contract_form: ContractForm,
        for_return: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.category, self.contract_form = category, contract_form
        for name in ("customer_name", "customer_segment", "customer_language"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        if for_return:  # whose problem it is does not change
            for name in [name for name in self.fields if name.startswith("customer_")]:
                del self.fields[name]
        for definition in contract_form.fields:
            self.fields[ANSWER_PREFIX + definition["key"]] = answer_field(definition)

    @property
    def answer_fields(self) -> list[tuple[forms.BoundField, dict[str, Any]]]:
        """The category's fields, each with the condition under which it shows."""
        return [
            (self[ANSWER_PREFIX + definition["key"]], condition(definition))
            for definition in self.contract_form.fields
        ]

    def stated(self) -> Contract:
        """Return the contract as filled in; its answers are not checked yet."""
        data = self.cleaned_data
        return Contract(
            category=self.category,
            subject=data["subject"],
            description=data["description"],
            customer=self._customer(),
            channel=data["channel"],
            impact=data["impact"],
            urgency=data["urgency"],
            l1_reference=data["l1_reference"],
            l1_link=data["l1_link"],
            answers=self._answers(),
        )

    def clean(self) -> dict[str, Any]:
        """Check the answers along with the rest, so that L1 sees at once all there is to mend."""
        cleaned = super().clean() or self.cleaned_data
        try:
            contract.clean(self.contract_form, self._answers())
        except contract.Invalid as invalid:
            self.blame_answers(invalid.errors)
        return cleaned

    def _answers(self) -> dict[str, Any]:
        return {
            definition["key"]: self.cleaned_data.get(ANSWER_PREFIX + definition["key"])
            for definition in self.contract_form.fields
        }

    def _customer(self) -> CustomerData:
        data = self.cleaned_data
        known = {
            name: data[f"customer_{name}"]
            for name in ("name", "email", "phone", "segment", "language", "country")
            if data.get(f"customer_{name}")
        }
        return cast(CustomerData, {"external_id": data.get("customer_id", ""), **known})

    def blame(self, field: str | None, message: "_StrOrPromise") -> None:
        """Show a refusal at the field it is about, or above the form."""
        aliases = {"external_id": "customer_id", "name": "customer_name", "email": "customer_email"}
        name = aliases.get(field or "", field)
        if name in {"segment", "language", "country", "phone"}:
            name = f"customer_{name}"
        self.add_error(name if name in self.fields else None, message)

    def blame_answers(self, errors: dict[str, str]) -> None:
        """Show what the contract finds wrong with each answer."""
        for key, message in errors.items():
            if ANSWER_PREFIX + key not in self.errors:
                self.add_error(ANSWER_PREFIX + key, message)


def answer_field(definition: dict[str, Any]) -> forms.CharField | forms.ChoiceField:
    """Return the field that asks for one answer. Only the contract decides whether it is needed."""
    label, help_text = contract.label(definition), contract.label(definition, "help")
    if definition["type"] == "choice":
        choices = [(choice["value"], contract.label(choice)) for choice in definition["choices"]]
        field: forms.CharField | forms.ChoiceField = forms.ChoiceField(
            label=label, help_text=help_text, choices=[("", _("Choose…")), *choices], required=False
        )
    else:
        widget = _WIDGETS.get(definition["type"], forms.TextInput)()
        field = forms.CharField(label=label, help_text=help_text, widget=widget, required=False)
        if definition["type"] == "steps":
            field.help_text = help_text or _("One step a line.")
    if definition.get("required"):
        field.widget.attrs["aria-required"] = "true"
        field.is_needed = True  # type: ignore[union-attr]  # field.html: not "(optional)"
    return field


def condition(definition: dict[str, Any]) -> dict[str, Any]:
    """Return under which answer a field shows, as the page has it; {} if always."""
    shown_if = definition.get("show_if")
    if not shown_if:
        return {}
    return {"field": ANSWER_PREFIX + shown_if["field"], "values": "|".join(map(str, shown_if["in"]))}


def initial_of(ticket: Ticket) -> dict[str, Any]:
    """Return what the form holds of a ticket that is being completed."""
    answers = {
        ANSWER_PREFIX + definition["key"]: editable(definition, ticket.answers[definition["key"]])
        for definition in (ticket.form.fields if ticket.form else [])
        if definition["key"] in ticket.answers
    }
    names = ("subject", "description", "channel", "impact", "urgency", "l1_reference", "l1_link")
    return {**{name: getattr(ticket, name) for name in names}, **answers}


def editable(definition: dict[str, Any], value: Any) -> str:
    """Return an answer as people type it."""
    if definition["type"] == "steps":
        return "\n".join(value)
    return contract.typed_amount(value) if definition["type"] == "money" else str(value)
