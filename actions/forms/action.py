"""Writing an action down, and deciding about one. What is judged is judged by the domain."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from actions import kinds, statement
from actions.kinds import Definition, Evidence
from actions.models import Action
from actions.rule_answers import Answer
from escalations import contract
from escalations.forms.escalation import answer_field, editable
from escalations.models import Ticket

PAYLOAD, EVIDENCE = "payload_", "evidence_"


class ActionForm(forms.Form):
    """The payload's fields, then for each piece of evidence words, and a file or note of the ticket."""

    def __init__(self, *args: Any, definition: Definition, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definition = definition
        for field in definition.fields:
            self.fields[PAYLOAD + field["key"]] = answer_field(dict(field))
        sources = [("", _("Nothing of the escalation")), *statement.sources(ticket)]
        for piece in definition.evidence:
            self._ask_for(piece, sources)

    def _ask_for(self, piece: Evidence, sources: list[tuple[str, Any]]) -> None:
        """Add the fields of a piece of evidence: words unless it must be a file, and what the ticket has of it."""
        asked: list[forms.Field] = []
        if not piece.file:
            words = forms.CharField(
                label=str(piece.label),
                required=False,
                max_length=statement.LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
            asked.append(words)
            self.fields[f"{EVIDENCE}{piece.key}_text"] = words
        source = forms.ChoiceField(
            label=str(piece.label) if piece.file else _("File or note of the escalation"),
            choices=[one for one in sources if not (piece.file and one[0].startswith(statement.NOTE))],
            required=False,
            help_text=_("Attach the file to the escalation first.")
            if piece.file
            else _("Instead of words, or too."),
        )
        asked.append(source)
        self.fields[f"{EVIDENCE}{piece.key}_source"] = source
        for field in asked:
            field.is_needed = piece.required  # type: ignore[attr-defined]  # field.html: not "(optional)"

    @property
    def payload_fields(self) -> list[forms.BoundField]:
        """What is asked for."""
        return [self[name] for name in self.fields if name.startswith(PAYLOAD)]

    @property
    def evidence_fields(self) -> list[forms.BoundField]:
        """What proves it."""
        return [self[name] for name in self.fields if name.startswith(EVIDENCE)]

    def clean(self) -> dict[str, Any]:
        """Check the payload along with the rest, so that all there is to mend shows at once."""
        cleaned = super().clean() or self.cleaned_data
        try:
            self.definition.clean(self.payload())
        except contract.Invalid as invalid:
            self.blame(invalid)
        return cleaned

    def payload(self) -> dict[str, Any]:
        """Return what was typed into the payload's fields."""
        return {field["key"]: self.cleaned_data.get(PAYLOAD + field["key"]) for field in self.definition.fields}

    def evidence(self) -> dict[str, Any]:
        """Return what was given as evidence."""
        return {
            piece.key: {
                "text": self.cleaned_data.get(f"{EVIDENCE}{piece.key}_text", ""),
                "source": self.cleaned_data.get(f"{EVIDENCE}{piece.key}_source", ""),
            }
            for piece in self.definition.evidence
        }

    def blame(self, invalid: contract.Invalid) -> None:
        """Show what the domain finds wrong at the fields that it is about."""
        for key, message in invalid.errors.items():
            names = [PAYLOAD + key, f"{EVIDENCE}{key}_source"]
            name = next((one for one in names if one in self.fields), None)
            if name is None or name not in self.errors:
                self.add_error(name, message)


def initial_of(action: Action) -> dict[str, Any]:
    """Return what the form holds of an action that is edited."""
    definition = kinds.of(action.kind)
    initial = {
        PAYLOAD + field["key"]: editable(dict(field), action.payload[field["key"]])
        for field in definition.fields
        if field["key"] in action.payload
    }
    for key, kept in action.evidence.items():
        initial[f"{EVIDENCE}{key}_text"] = kept["text"]
        if source := kept.get("source"):
            initial[f"{EVIDENCE}{key}_source"] = f"{source['type']}-{source['id']}"
    return initial


class DecisionForm(forms.Form):
    """Approve or reject what was seen: a reason for each unanswered check, or for the no."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why it is rejected"), required=False, max_length=1_000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, unanswered: list[Answer] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].is_needed = True  # type: ignore[attr-defined]  # field.html: not "(optional)"
        self.rules = [check.rule for check in unanswered or []]
        for check in unanswered or []:
            self.fields[f"accept-{check.rule}"] = forms.CharField(
                label=_("Why “%s” may stay unanswered") % check.label,
                help_text=check.reason,
                required=False,
                max_length=1_000,
            )
            self.fields[f"accept-{check.rule}"].is_needed = True  # type: ignore[attr-defined]

    @property
    def acceptance_fields(self) -> list[forms.BoundField]:
        """The reasons for what nobody can answer."""
        return [self[f"accept-{rule}"] for rule in self.rules]

    def accepted(self) -> dict[str, str]:
        """Return the reason for each unanswered check."""
        return {rule: self.cleaned_data.get(f"accept-{rule}", "") for rule in self.rules}


class ReasonForm(forms.Form):
    """Why something is withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))
