"""Which hypothesis something is evidence of. Part of any form that keeps evidence."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.diagnosis import HypothesisStatus
from escalations.models import Diagnosis, Ticket

NEW = "new"


class EvidenceForm(forms.Form):
    """A hypothesis of the ticket's diagnosis, a new one, or none yet; and whether it speaks for it."""

    hypothesis = forms.ChoiceField(label=_("Evidence of"), required=False)
    text = forms.CharField(label=_("New hypothesis"), required=False, max_length=2_000)
    supports = forms.ChoiceField(
        label=_("It speaks"), required=False, choices=[("for", _("for it")), ("against", _("against it"))]
    )

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        diagnosis = Diagnosis.objects.filter(ticket=ticket).first()
        rows = diagnosis.hypotheses if diagnosis else []
        self.fields["hypothesis"].choices = [  # type: ignore[attr-defined]
            *[(row["id"], f"{row['text'][:80]} ({HypothesisStatus(row['status']).label})") for row in rows],
            (NEW, _("A new hypothesis")),
            ("", _("Decide later")),
        ]
        self.initial.setdefault("hypothesis", rows[-1]["id"] if rows else NEW)

    def clean(self) -> dict[str, Any]:
        """A new hypothesis says something."""
        data = super().clean() or self.cleaned_data
        if data.get("hypothesis") == NEW and not (data.get("text") or "").strip():
            self.add_error("text", _("Say what may be wrong."))
        return data

    def place(self) -> dict[str, Any]:
        """Return where the evidence goes, as escalations.evidence.keep takes it."""
        chosen = self.cleaned_data["hypothesis"]
        return {
            "hypothesis": "" if chosen == NEW else chosen,
            "suspicion": self.cleaned_data["text"] if chosen == NEW else "",
            "supports": self.cleaned_data["supports"] != "against",
        }
