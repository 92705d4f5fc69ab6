"""Fields that several forms share."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.errors import Refused
from escalations import tagging
from escalations.attachments import MOST_FILES
from escalations.models import Reason, ReasonKind, RootCause


class ReasonField(forms.ModelChoiceField):
    """A reason code of one kind."""

    def __init__(self, kind: ReasonKind, **kwargs: Any) -> None:
        super().__init__(
            queryset=Reason.objects.filter(kind=kind, is_active=True), empty_label=_("Choose…"), **kwargs
        )


class RootCauseField(forms.ChoiceField):
    """A leaf of the tree of root causes, grouped by the branch it hangs on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=root_cause_choices, **kwargs)

    def clean(self, value: Any) -> int | None:
        chosen = super().clean(value)
        return int(chosen) if chosen else None


def root_cause_choices() -> list[tuple[str, Any]]:
    """Return the leaves under their branches, as a select shows them."""
    causes = list(RootCause.objects.filter(is_active=True))
    by_id = {cause.pk: cause for cause in causes}
    parents = {cause.parent_id for cause in causes}
    groups: dict[str, list[tuple[str, str]]] = {}
    for cause in causes:
        if cause.pk not in parents:
            branch = by_id.get(cause.parent_id) if cause.parent_id else None
            groups.setdefault(str(branch or ""), []).append((str(cause.pk), str(cause)))
    return [("", _("Choose…")), *(entry for group in groups.items() for entry in _grouped(*group))]


def _grouped(branch: str, leaves: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    return [(branch, leaves)] if branch else list(leaves)


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files up to the limit; empty files are refused."""

    widget = _ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("At most %(most)d files at a time."), params={"most": MOST_FILES})
        clean_one = super().clean
        return [clean_one(file, initial) for file in files]


class MomentField(forms.DateTimeField):
    """A date and time in the writer's own zone, which is named beside it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(
            widget=widget,
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
            **{"error_messages": {"invalid": _("Give a date and a time, such as 2026-03-06 15:00.")}, **kwargs},
        )

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        bound = super().get_bound_field(form, field_name)
        bound.help_text = gettext("In your time zone, %s.") % timezone.get_current_timezone()
        return bound


class TagsField(forms.CharField):
    """Tags, parted by commas, as they are kept; those in use are suggested."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"list": "tag-suggestions", "autocomplete": "off", "placeholder": _("Tag, another tag")}
        super().__init__(max_length=300, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> list[str]:
        try:
            text = ",".join(map(str, value)) if isinstance(value, list) else value  # as the API gives them
            return tagging.several(super().clean(text))
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message)) from None


class ChecksField(forms.TypedChoiceField):
    """Yes or no, without a default: somebody has to answer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("yes", _("Yes")), ("no", _("No"))],
            coerce=lambda value: value == "yes",
            widget=forms.RadioSelect,
            **kwargs,
        )
