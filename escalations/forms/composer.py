"""The composer: one text for each kind of message, who reads it, files, and what a macro does."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations import conversation, macro_setup, mentions
from escalations.forms.fields import FilesField, MomentField
from escalations.models import DraftFile, Macro, MessageDraft, MessageKind, Ticket
from escalations.timeline import Entry

_OUTSIDE = {MessageKind.TO_CUSTOMER}

#: What the composer calls a kind that reads otherwise once it stands on the timeline.
_COMPOSED = {
    MessageKind.FROM_L1: _("To the second line"),
    MessageKind.FROM_CUSTOMER: _("The customer's words"),
}
#: Keys that bring the writer to a kind.
_KEYS = {MessageKind.NOTE: "n", MessageKind.TO_CUSTOMER: "r", MessageKind.FROM_L1: "r"}


class _KindSelect(forms.RadioSelect):
    """Marks the choices that leave the house, so that nobody confuses them with a note."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in _OUTSIDE:
            option["attrs"]["data-audience"] = "outside"
        if value in _KEYS:
            option["attrs"] |= {"data-key": _KEYS[value], "data-key-label": str(MessageKind(value).label)}
        return option


class MessageForm(forms.Form):
    """What kind of message, a text for each kind, until when the customer is promised an update, and files.

    `held`: what others have said since the writer looked; `doubt`: why the text looks internal. Both ask again.
    """

    kind = forms.ChoiceField(label=_("Who reads it"), widget=_KindSelect)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62, required=False)
    macro = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62, required=False)
    promised_for = MomentField(label=_("Next update promised for"), required=False)
    uploads = FilesField(label=_("Files"), required=False)

    held: Iterable[Entry] = ()
    doubt = ""

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile] | None = None,
        *,
        ticket: Ticket,
        user: User,
        drafts: Iterable[MessageDraft] = (),
        seen: int = 0,
        **kwargs: Any,
    ) -> None:
        self.kinds = kinds = conversation.kinds_for(user, ticket)
        self.drafts = {draft.kind: draft for draft in drafts if draft.sends_at is None and draft.kind in kinds}
        latest = list(self.drafts)[-1] if self.drafts else kinds[0] if kinds else None
        initial: dict[str, Any] = {"kind": latest, "seen": seen}
        self.macro_used: Macro | None = None
        for kind, draft in self.drafts.items():
            initial[f"body_{kind}"] = draft.body
            if draft.promised_for is not None:
                initial["promised_for"] = draft.promised_for
            if kind == latest and draft.macro is not None:
                self.use(draft.macro, initial)
        super().__init__(data, files, initial=initial, **kwargs)
        offered = [(kind.value, _COMPOSED.get(kind, kind.label)) for kind in kinds]
        cast(forms.ChoiceField, self.fields["kind"]).choices = offered
        for kind in kinds:
            self.fields[f"body_{kind}"] = _text_field(kind)
        if MessageKind.TO_CUSTOMER not in kinds or not ticket.is_open:
            del self.fields["promised_for"]

    def use(self, macro: Macro, initial: dict[str, Any] | None = None) -> None:
        """Show what a macro does, to be carried out on sending."""
        self.macro_used = macro
        (self.initial if initial is None else initial)["macro"] = macro.pk

    def texts(self) -> list[tuple[str, BoundField]]:
        """Return each kind with the field of its text."""
        return [(kind.value, self[f"body_{kind}"]) for kind in self.kinds]

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What the macro does, as (key, words)."""
        return macro_setup.in_words(self.macro_used.actions) if self.macro_used else []

    @property
    def files_kept(self) -> list[tuple[str, DraftFile]]:
        """The files kept on the server with each draft."""
        return [(kind, file) for kind, draft in self.drafts.items() for file in draft.files.all()]

    @property
    def troubles(self) -> list[tuple[str, str]]:
        """Why a draft came back instead of going out."""
        return [(kind, draft.trouble) for kind, draft in self.drafts.items() if draft.trouble]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        cleaned["body"] = cleaned.get(f"body_{kind}", "")
        if kind != MessageKind.TO_CUSTOMER:
            cleaned["promised_for"] = None  # the field stood open when the writer turned to somebody else
        return cleaned

    def refuse(self, field: str | None, sentence: Any) -> None:
        """Put a refusal of the domain on the field that it is about."""
        name = f"body_{self.cleaned_data.get('kind')}" if field == "body" else field
        self.add_error(name if name in self.fields else None, sentence)


def _text_field(kind: MessageKind) -> forms.CharField:
    attrs: dict[str, Any] = {"rows": 4, "placeholder": _("Markdown is understood. Card numbers are masked.")}
    attrs["data-text"] = kind.value
    if kind in mentions.KINDS:
        attrs["data-mentions"] = kind.value
        attrs["placeholder"] = _("Markdown is understood, @ mentions a colleague. Card numbers are masked.")
    return forms.CharField(
        label=_("Message"),
        required=False,
        strip=False,
        max_length=conversation.LONGEST,
        widget=forms.Textarea(attrs=attrs),
    )
