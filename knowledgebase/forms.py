"""The forms of articles and known issues. The rules themselves stand in the domain modules."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Refused
from knowledgebase import access
from knowledgebase.models import Article, Audience, IssueStatus, KnownIssue
from knowledgebase.texts import LINE_MAX, TEXT_MAX


class VersionedForm(forms.Form):
    """A form that carries the version that the person had before them."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def add_refusal(self, refusal: Refused) -> None:
        """Show why a domain function refused, beside the field that it named."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))

    @classmethod
    def values_of(cls, thing: Article | KnownIssue) -> dict[str, Any]:
        """Return the form's initial values for what is stored."""
        return {name: getattr(thing, name) for name in cls.base_fields}

    def entered(self) -> dict[str, Any]:
        """Return what was entered, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def beside(self, thing: Article | KnownIssue) -> list[tuple[str, str, str]]:
        """Return a label, what is stored and what was entered, for each field."""
        return [
            (str(self.fields[name].label), self._shown(name, getattr(thing, name)), self._shown(name, value))
            for name, value in self.entered().items()
        ]

    def _shown(self, name: str, value: str) -> str:
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(value, value))


def _markdown(label: Any, *, rows: int, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class ArticleForm(VersionedForm):
    version = forms.IntegerField(min_value=0, initial=0, widget=forms.HiddenInput)
    title = forms.CharField(label=_("Title"), max_length=LINE_MAX)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    audience = forms.ChoiceField(label=_("For whom"), choices=Audience.choices)
    body = _markdown(_("Text"), rows=18)


class KnownIssueForm(VersionedForm):
    version = forms.IntegerField(min_value=0, initial=0, widget=forms.HiddenInput)
    title = forms.CharField(label=_("Title"), max_length=LINE_MAX)
    symptoms = _markdown(_("Symptoms"), rows=6)
    workaround = _markdown(_("Workaround"), rows=6, required=False)


class MoveForm(VersionedForm):
    """Publishing, archiving, restoring: nothing but the version that was read."""


class IssueStatusForm(VersionedForm):
    status = forms.ChoiceField(label=_("Status"), choices=IssueStatus.choices)


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=access.writers())


class VersionsForm(forms.Form):
    """Which two versions of an article to compare. By default its last two."""

    old = forms.IntegerField(min_value=1, required=False)
    new = forms.IntegerField(min_value=1, required=False)
