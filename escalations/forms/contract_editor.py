"""Editing what a category asks of L1: a card per field, in the order L1 will see them.

Every card carries a mark that stays with it while cards are added, moved and removed: the
field's key once it has been published, "new-1" and so on before. What is posted is judged
only when it is to be published; until then the cards hold whatever was typed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escalations import contract
from escalations.forms.contract_texts import FILL_LABELS, TYPE_LABELS, Definition, read_choices, write_choices
from escalations.models import ContractForm, PartnerForm

MOST_FIELDS = 40

_MARK = re.compile(r"[a-z][a-z0-9_]{0,39}|new-[0-9]{1,3}")
_PARTS = {"label": "label_en", "help": "help_en", "show_if": "when"}


@dataclass(frozen=True)
class Source:
    """A choice that the asking of another field may depend on, with its values."""

    mark: str
    label: str
    options: tuple[tuple[str, str], ...]
    """(value, label) of each."""


@dataclass(frozen=True)
class Option:
    """One box of a condition: a value of an earlier choice."""

    name: str
    label: str
    is_chosen: bool


def _option(source: Source, value: str, label: str, chosen: set[str]) -> Option:
    name = f"{source.mark}={value}"
    return Option(name=name, label=label, is_chosen=name in chosen)


class FieldForm(forms.Form):
    """The card of one field."""

    label_en = forms.CharField(label=gettext_lazy("Question, in English"), max_length=120)
    label_es = forms.CharField(label=gettext_lazy("Question, in Spanish"), max_length=120, required=False)
    type = forms.ChoiceField(label=gettext_lazy("Answered by"), choices=list(TYPE_LABELS.items()), initial="text")
    fills = forms.ChoiceField(label=gettext_lazy("Also fills"), choices=list(FILL_LABELS.items()), required=False)
    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        max_length=10_000,
        required=False,
        help_text=gettext_lazy(
            "One a line: English | Spanish. A code that stands first is what reports and programs know it by; "
            "keep it as it is: code | English | Spanish."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    help_en = forms.CharField(label=gettext_lazy("Help below it, in English"), max_length=300, required=False)
    help_es = forms.CharField(label=gettext_lazy("Help below it, in Spanish"), max_length=300, required=False)
    required = forms.BooleanField(label=gettext_lazy("An answer is needed"), required=False)
    when = forms.CharField(label=gettext_lazy("Asked"), max_length=50, required=False)
    when_values = forms.Field(widget=forms.SelectMultiple, required=False)

    def __init__(
        self, data: QueryDict | None = None, *, mark: str, key: str, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, prefix=mark, initial=initial)
        self.mark, self.key = mark, key
        self.sources: list[Source] = []
        self.later: list[Source] = []
        self.parsed: list[Definition] = []
        self.fields["choices"].is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        for name in ("label_es", "fills", "help_en", "help_es"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]

    def judged_copy(self, data: QueryDict | None) -> "FieldForm":
        """Return this card as `data` has it, to be judged without a word about it on this one."""
        copy = FieldForm(data, mark=self.mark, key=self.key)
        copy.sources, copy.later = self.sources, self.later
        return copy

    @property
    def title(self) -> str:
        """What the card is called: its label in the language of the page, once there is one."""
        texts = {"en": self._typed("label_en"), "es": self._typed("label_es")}
        return contract.label({"label": texts}) or texts["es"] or _("New field")

    @property
    def is_new(self) -> bool:
        return self.mark.startswith("new-")

    @property
    def type_label(self) -> str:
        return str(TYPE_LABELS.get(self._typed("type"), ""))

    @property
    def when_mark(self) -> str:
        """The mark of the choice on which the asking depends, or ""."""
        return self._typed("when")

    @property
    def when_is_gone(self) -> bool:
        return bool(self.when_mark) and self.when_mark not in {s.mark for s in [*self.sources, *self.later]}

    @property
    def conditions(self) -> list[tuple[Source, list[Option]]]:
        """The choices that may be asked first, each with the boxes of its values."""
        chosen = set(self["when_values"].value() or ())
        return [
            (source, [_option(source, value, label, chosen) for value, label in source.options])
            for source in [*self.sources, *self.later]
        ]

    @property
    def source(self) -> Source | None:
        """This field as what others may depend on, if it is a choice."""
        if self._typed("type") != "choice":
            return None
        try:
            choices = read_choices(self._typed("choices"))
        except forms.ValidationError:
            choices = []
        return Source(self.mark, self.title, tuple((c["value"], contract.label(c)) for c in choices))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("type") == "choice":
            try:
                self.parsed = read_choices(cleaned.get("choices", ""))
            except forms.ValidationError as error:
                self.add_error("choices", error)
        if cleaned.get("when"):
            self._check_condition(cleaned)
        return cleaned

    def _check_condition(self, cleaned: dict[str, Any]) -> None:
        mark = cleaned["when"]
        if mark in {source.mark for source in self.later}:
            self.add_error("when", _("That question stands below this one. Move this one down, or that one up."))
        elif mark not in {source.mark for source in self.sources}:
            self.add_error("when", _("That question is not there any more, or is no list. Choose another."))
        elif not self._values(mark):
            self.add_error("when", _("Choose at least one of its answers."))

    def definition(self, keys: Mapping[str, str]) -> Definition:
        """Return what the valid card defines. `keys` gives each card's key by its mark."""
        data = self.cleaned_data
        found: Definition = {
            "key": self.key,
            "type": data["type"],
            "label": {"en": data["label_en"], "es": data["label_es"]},
        }
        if data["help_en"] or data["help_es"]:
            found["help"] = {"en": data["help_en"] or data["help_es"], "es": data["help_es"]}
        if data["required"]:
            found["required"] = True
        if data["when"]:
            found["show_if"] = {"field": keys[data["when"]], "in": self._values(data["when"])}
        if data["fills"]:
            found["fills"] = data["fills"]
        if data["type"] == "choice":
            found["choices"] = self.parsed
        return found

    def _values(self, mark: str) -> list[str]:
        """Return the chosen values of that source, in its order."""
        chosen = set(self["when_values"].value() or ())
        options = next((source.options for source in self.sources if source.mark == mark), ())
        return [value for value, _label in options if f"{mark}={value}" in chosen]

    def _typed(self, name: str) -> str:
        return str(self[name].value() or "").strip()


class ContractEditor:
    """A category's form, or a partner's, while it is being edited: its cards, in order."""

    def __init__(
        self, versions: Sequence[ContractForm | PartnerForm], *, data: QueryDict | None = None, fills: bool = False
    ) -> None:
        """Edit the newest of the versions, which come newest first; `fills`: whether answers fill columns, too."""
        self.current = versions[0] if versions else None
        self.fills = fills
        self.used_keys = {field["key"] for version in versions for field in version.fields}
        self.errors: list[str] = []
        self.focus = ""
        """The mark of the card to go on with, after cards were arranged."""
        self.data = data
        if data is None:
            fields = self.current.fields if self.current else []
            self.cards = [
                FieldForm(mark=field["key"], key=field["key"], initial=initial_of(field)) for field in fields
            ]
        else:
            marks = dict.fromkeys(mark for mark in data.getlist("card") if _MARK.fullmatch(mark))
            self.cards = [FieldForm(data, mark=mark, key="") for mark in list(marks)[:MOST_FIELDS]]
        if not self.cards:
            self.add()
        self._settle()

    @property
    def version(self) -> int:
        """The version that is kept now; 0 if there is none."""
        return self.current.version if self.current else 0

    def arrange(self, data: QueryDict) -> bool:
        """Do what a button of the cards asks (add, remove, up, down, refresh); tell whether one did.

        The cards are then shown as they were typed, without judging them.
        """
        verb = next((verb for verb in ("add", "remove", "up", "down", "refresh") if verb in data), None)
        if verb is None:
            return False
        place = next((n for n, card in enumerate(self.cards) if card.mark == data[verb]), None)
        self.cards = [self._unjudged(card) for card in self.cards]
        self.focus = str(data[verb])
        if verb == "add":
            self.add()
            self.cards[-1].fields["label_en"].widget.attrs["autofocus"] = True
        elif place is not None and verb == "remove":
            del self.cards[place]
            if not self.cards:
                self.add()
            self.focus = self.cards[min(place, len(self.cards) - 1)].mark
        elif place is not None and verb in {"up", "down"}:
            to = max(0, place - 1) if verb == "up" else place + 1
            self.cards.insert(to, self.cards.pop(place))
        self._settle()
        return True

    def add(self) -> None:
        """Put an empty card at the end."""
        if len(self.cards) >= MOST_FIELDS:
            self.errors.append(_("A form has at most %d fields.") % MOST_FIELDS)
            return
        taken = {card.mark for card in self.cards}
        mark = next(name for n in range(1, MOST_FIELDS + 2) if (name := f"new-{n}") not in taken)
        self.cards.append(FieldForm(mark=mark, key="", initial={"required": True}))

    @property
    def faults(self) -> list[tuple[FieldForm, str]]:
        """Everything that is wrong with the judged cards, one sentence each."""
        return [
            (card, str(sentence)) for card in self.cards for found in card.errors.values() for sentence in found
        ]

    def is_valid(self) -> bool:
        """Judge the cards; what is wrong stands on them afterwards."""
        if not any(card.is_bound for card in self.cards):
            self.errors.append(_("A form asks at least one question."))
        good = [card.is_valid() for card in self.cards]
        if not all(good):
            return False
        try:
            contract.check_definition(self.definitions())
        except contract.Malformed as wrong:
            self.blame(wrong)
            return False
        return True

    def blame(self, wrong: contract.Malformed) -> None:
        """Show at its card what the contract finds wrong."""
        if wrong.index is None or wrong.index >= len(self.cards):
            self.errors.append(str(wrong.message))
            return
        card = self.cards[wrong.index]
        name = _PARTS.get(wrong.part, wrong.part)
        card.add_error(name if name in card.fields else None, wrong.message)

    def definitions(self) -> list[Definition]:
        """Return the form that the valid cards make."""
        keys = {card.mark: card.key for card in self.cards}
        return [card.definition(keys) for card in self.cards]

    def finished(self) -> tuple[list[Definition], int]:
        """Return the fields that can be shown already, and how many are not finished."""
        keys = {card.mark: card.key for card in self.cards}
        ready: list[Definition] = []
        for card in self.cards:
            judged = card.judged_copy(self.data)
            if not judged.is_valid():
                continue
            definition = judged.definition(keys)
            try:
                contract.check_definition([*ready, definition])
            except contract.Malformed:
                continue
            ready.append(definition)
        return ready, len(self.cards) - len(ready)

    def _unjudged(self, card: FieldForm) -> FieldForm:
        if not card.is_bound:
            return card
        typed = {
            name: field.widget.value_from_datadict(card.data, {}, card.add_prefix(name))
            for name, field in card.fields.items()
        }
        return FieldForm(mark=card.mark, key=card.key, initial=typed)

    def _settle(self) -> None:
        """Give every card its key and the choices it may depend on."""
        taken = set(self.used_keys)
        for card in self.cards:
            card.key = card.mark if card.mark in self.used_keys else _key_for(card["label_en"].value(), taken)
            taken.add(card.key)
        sources = [(place, source) for place, card in enumerate(self.cards) if (source := card.source)]
        for place, card in enumerate(self.cards):
            card.sources = [source for at, source in sources if at < place]
            card.later = [source for at, source in sources if at > place]


def initial_of(field: Definition) -> dict[str, Any]:
    """Return what the card of a published field holds."""
    help_texts, condition = field.get("help") or {}, field.get("show_if") or {}
    return {
        "label_en": field["label"].get("en", ""),
        "label_es": field["label"].get("es", ""),
        "type": field["type"],
        "fills": field.get("fills", ""),
        "choices": write_choices(field.get("choices", [])),
        "help_en": help_texts.get("en", ""),
        "help_es": help_texts.get("es", ""),
        "required": bool(field.get("required")),
        "when": condition.get("field", ""),
        "when_values": [f"{condition['field']}={value}" for value in condition.get("in", [])],
    }


def _key_for(label: Any, taken: set[str]) -> str:
    """Return a key made of the label that no field has had."""
    base = re.sub(r"[^a-z0-9]+", "_", slugify(str(label or ""))).strip("_")[:36]
    if not base or not base[0].isalpha():
        base = f"field_{base}".rstrip("_")[:36]
    return next(key for n in range(1, 1000) if (key := base if n == 1 else f"{base}_{n}") not in taken)
