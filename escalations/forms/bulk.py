"""What a deed upon many tickets needs, and which tickets a request means."""

from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role, User
from common.errors import Refused
from escalations import macros
from escalations.bulk_deeds import ASSIGN, DEEDS, KNOWN_ISSUE, MACRO, PRIORITY, TAG, TEAM
from escalations.forms import actions
from escalations.forms.fields import TagsField
from escalations.forms.filter_fields import LARGEST_ID
from escalations.forms.filters import TicketFilter
from escalations.forms.work import PriorityForm, TeamForm
from escalations.models import Macro, Priority
from escalations.models.ticket import TicketQuerySet
from escalations.transitions import Verb
from knowledgebase.models import KnownIssue


class BulkForm(forms.Form):
    """The parameters of a deed."""

    def __init__(self, data: Any = None, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.user = user

    def parameters(self) -> dict[str, Any]:
        """Return what was given as JSON can hold it."""
        return {
            name: value.pk if isinstance(value, models.Model) else value
            for name, value in self.cleaned_data.items()
        }


class _AssignForm(BulkForm):
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )

    def __init__(self, data: Any = None, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, user=user, **{"initial": {"owner": user.pk}, **kwargs})
        members = Membership.objects.filter(role__in=[Role.L2, Role.LEAD])
        if not user.reads_all:
            members = members.filter(team__in=user.teams_as(Role.L2, Role.LEAD))
        people = User.objects.filter(is_active=True, pk__in=members.values("user")).order_by("name")
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = people


class _TeamForm(BulkForm, TeamForm):
    pass


class _PriorityForm(BulkForm, PriorityForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["priority"])
        field.choices = [("", _("Choose…")), *Priority.choices]  # nothing is P1 by mistake


class _TagForm(BulkForm):
    add = TagsField(label=_("Add"), required=False)
    remove = TagsField(label=_("Take away"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["add"] and not cleaned["remove"]:
            raise forms.ValidationError(_("Write a tag to add or to take away."))
        return cleaned


class _KnownIssueForm(BulkForm):
    issue = forms.ModelChoiceField(
        label=_("Known issue"), queryset=KnownIssue.objects.none(), required=False, empty_label=_("None of them")
    )

    def __init__(self, data: Any = None, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, user=user, **kwargs)
        issues = KnownIssue.objects.visible_to(user).current()
        cast(forms.ModelChoiceField, self.fields["issue"]).queryset = issues


class _MacroForm(BulkForm):
    macro = forms.ModelChoiceField(label=_("Macro"), queryset=Macro.objects.none(), empty_label=_("Choose…"))

    def __init__(self, data: Any = None, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, user=user, **kwargs)
        cast(forms.ModelChoiceField, self.fields["macro"]).queryset = macros.offered_to(user)


#: What asks about one ticket at a time.
_ABOUT_ONE = {"version", "promised_for"}


def _of_verb(verb: Verb) -> type[BulkForm]:
    """Return a form with the fields of the form for one ticket."""
    asked = {name: one for name, one in actions.FORMS[verb].base_fields.items() if name not in _ABOUT_ONE}
    return type("_VerbForm", (BulkForm,), asked)


FORMS: dict[str, type[BulkForm]] = {
    ASSIGN: _AssignForm,
    TEAM: _TeamForm,
    PRIORITY: _PriorityForm,
    TAG: _TagForm,
    KNOWN_ISSUE: _KnownIssueForm,
    MACRO: _MacroForm,
}
FORMS |= {key: _of_verb(Verb(key)) for key in DEEDS if key not in FORMS}


@dataclass(frozen=True)
class Selection:
    """Tickets by their numbers, or (`query` alone) all that match the query string of a list."""

    numbers: list[int] = field(default_factory=list)
    query: str = ""
    everything: bool = False

    @classmethod
    def of(cls, data: QueryDict) -> "Selection":
        """Return what the queue's form asks for."""
        raw = [value for value in data.getlist("ticket") if value.isascii() and value.isdecimal()]
        numbers = [int(value) for value in dict.fromkeys(raw) if len(value) < 20 and int(value) <= LARGEST_ID]
        return cls(numbers=numbers, query=data.get("query", ""), everything=data.get("everything") == "on")

    def tickets(self, among: TicketQuerySet, user: User) -> TicketQuerySet:
        """Return those of `among` that are meant. Raises Refused for a query that can't be."""
        if not self.everything:
            return among.filter(pk__in=self.numbers)
        filters = TicketFilter(QueryDict(self.query), queryset=among, user=user)
        if not filters.is_valid():
            raise Refused(_("This list asks for something that does not exist. Choose again."), field="query")
        return cast(TicketQuerySet, filters.tickets())
