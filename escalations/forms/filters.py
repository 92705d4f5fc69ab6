"""The queue's filters, kept in its address."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, cast

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from common import clock
from escalations import tagging
from escalations.models import Category, Channel, Metric, Priority, Segment, State, Ticket
from escalations.models.ticket import LONGEST_TAG, OPEN
from escalations.similar import exact_reference, words_of

SCOPES = {
    "mine": _("Mine"),
    "untaken": _("Nobody's"),
    "open": _("Open"),
    "all": _("All"),
}
#: Parameters of a list's address that narrow nothing.
NOT_FILTERS = frozenset({"order", "after", "before", "scope", "whose"})
#: How likely a deadline is to be missed, in percent: from, to.
RISKS = {"75-100": (75, 100), "50-74": (50, 74), "25-49": (25, 49), "0-24": (0, 24)}
#: What the list offers to narrow by; anything else comes with a link.
MENUS = ("priority", "state", "category", "team", "channel", "segment", "risk")
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Chip:
    """One value the list is narrowed by, and the query string of the list without it."""

    label: str | Promise
    value: str
    without: str


class _Number(filters.Filter):
    """The number of a row: a whole one that the database can hold."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=LARGEST_ID, **kwargs)


class _AnyWords(forms.MultipleChoiceField):
    """Words, whatever they are: one that no ticket bears finds none."""

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= LONGEST_TAG and "\x00" not in value


class _Words(filters.Filter):
    field_class = _AnyWords


class _Several(forms.CheckboxSelectMultiple):
    """Boxes to tick, as the menus of the list show them."""


def _choices(field: forms.Field) -> Iterable[Any]:
    return cast(Iterable[Any], cast(forms.ChoiceField, field).choices)


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdecimal() and int(value[:20]) <= LARGEST_ID


def _check_owner(value: str) -> None:
    if value not in {"me", "nobody"} and not _is_id(value):
        raise ValidationError(_("An owner is “me”, “nobody” or a person's number."))


class TicketFilter(filters.FilterSet):
    """What the queue can be narrowed by. Unknown values are an error, not an empty list."""

    q = filters.CharFilter(label=_("Words or reference"), method="filter_words")
    scope = filters.ChoiceFilter(label=_("Show"), choices=list(SCOPES.items()), method="filter_scope")
    state = filters.MultipleChoiceFilter(label=_("State"), choices=State.choices)
    priority = filters.TypedMultipleChoiceFilter(label=_("Priority"), choices=Priority.choices, coerce=int)
    category = filters.ModelMultipleChoiceFilter(
        label=_("Category"), field_name="category__key", to_field_name="key", queryset=Category.objects.all()
    )
    team = filters.ModelMultipleChoiceFilter(label=_("Team"), queryset=Team.objects.none())
    owner = filters.CharFilter(label=_("Owner"), method="filter_owner", validators=[_check_owner])
    channel = filters.MultipleChoiceFilter(label=_("Channel"), choices=Channel.choices)
    segment = filters.MultipleChoiceFilter(
        label=_("Segment"), field_name="customer__segment", choices=Segment.choices
    )
    tag = _Words(label=_("Tag"), method="filter_tag")
    customer = _Number(label=_("Customer"), field_name="customer_id")
    known_issue = _Number(label=_("Known issue"), field_name="known_issue_id")
    root_cause = filters.CharFilter(label=_("Root cause"), field_name="root_cause__key")
    product = filters.CharFilter(label=_("Product"), field_name="product")
    error_code = filters.CharFilter(label=_("Error code"), field_name="error_code")
    created = filters.DateFromToRangeFilter(label=_("Escalated"), field_name="created_at")
    resolved = filters.DateFromToRangeFilter(label=_("Resolved"), field_name="resolved_at")
    due = filters.ChoiceFilter(
        label=_("Deadline"),
        choices=[("overdue", _("Overdue")), ("running", _("Running"))],
        method="filter_due",
    )
    risk = filters.MultipleChoiceFilter(
        label=_("Risk"),
        choices=[(key, f"{low}–{high}\xa0%") for key, (low, high) in RISKS.items()],
        method="filter_risk",
    )
    breached = filters.ChoiceFilter(label=_("Deadline missed"), choices=Metric.choices, method="filter_breached")
    returned = filters.BooleanFilter(label=_("Was returned"), method="filter_returned")
    reopened = filters.BooleanFilter(label=_("Was reopened"), method="filter_reopened")
    score = _Number(label=_("Rating"), field_name="ratings__score", distinct=True)

    data: QueryDict  # always an address

    class Meta:
        model = Ticket
        fields: list[str] = []

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        teams = Team.objects.filter(kind=TeamKind.L2)
        if not user.reads_all:
            teams = teams.filter(pk__in=user.teams_as(Role.L2, Role.LEAD))
        cast(filters.ModelMultipleChoiceFilter, self.filters["team"]).queryset = teams
        for name in MENUS:
            field = self.form.fields[name]
            field.widget = _Several(choices=_choices(field))
        self.form.fields["q"].widget = forms.TextInput(attrs={"type": "search", "maxlength": 200})

    @property
    def view(self) -> str:
        """Return the view that the address asks for: open tickets, unless it says otherwise."""
        said = self.data.get("scope")
        if said in SCOPES:
            return str(said)
        beyond_open = any(self.data.get(name) for name in ("state", "q", "resolved_after", "resolved_before"))
        return "all" if beyond_open else "open"

    def tickets(self) -> QuerySet[Ticket]:
        """Return what the address asks for. Call it when `is_valid()`."""
        narrowed: QuerySet[Ticket] = self.qs
        return narrowed if self.view != "open" or self.data.get("scope") else narrowed.filter(state__in=OPEN)

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything but the view and the page is asked for."""
        return any(value for name, value in self.data.items() if name not in NOT_FILTERS)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What the address asks for that does not exist: (label, what is wrong)."""
        return [
            (str(self.form.fields[name].label), str(error))
            for name, errors in self.form.errors.items()
            if name in self.form.fields
            for error in errors
        ]

    @cached_property
    def menus(self) -> list[forms.BoundField]:
        """The fields that the list offers as menus of boxes; one that offers no choice is left out."""
        offered = []
        for name in MENUS:
            bound = self.form[name]
            options = [option for option in _choices(bound.field)]  # noqa: C416  list() would count the rows first
            cast(_Several, bound.field.widget).choices = options
            if len(options) > 1:
                offered.append(bound)
        return offered

    @property
    def carried(self) -> list[tuple[str, list[str]]]:
        """What the address asks for beside the menus and the words: (name, values)."""
        shown = {*MENUS, *NOT_FILTERS, "q"}
        return [(name, values) for name, values in self.data.lists() if name not in shown and self._field_of(name)]

    def chips(self) -> list[Chip]:
        """Return what the list is narrowed by, value for value, in the order of the address."""
        return [
            Chip(self._label(name), self._words_for(name, value), _without(self.data, name, value))
            for name, values in self.data.lists()
            if name not in NOT_FILTERS and name != "q" and self._field_of(name)
            for value in values
            if value
        ]

    def _field_of(self, name: str) -> forms.Field | None:
        found: forms.Field | None = self.form.fields.get(name) or self.form.fields.get(name.rpartition("_")[0])
        return found

    def _label(self, name: str) -> str | Promise:
        field = self._field_of(name)
        label = str(field.label) if field else name
        if name in self.form.fields:
            return label
        return _("%s from") % label if name.endswith("_after") else _("%s until") % label

    def _words_for(self, name: str, value: str) -> str:
        """Return a value of the address as people read it."""
        if name == "owner":
            return self._owner_words(value)
        field = self._field_of(name)
        if isinstance(field, forms.NullBooleanField):
            return str(_("Yes") if value.lower() == "true" else _("No"))
        for key, words in getattr(field, "choices", ()):
            if str(getattr(key, "value", key)) == value:
                return str(words)
        return value

    def _owner_words(self, value: str) -> str:
        if value in {"me", "nobody"}:
            return str(_("Me") if value == "me" else _("Nobody"))
        owner = User.objects.filter(pk=value).first() if _is_id(value) else None
        return str(owner or value)

    def filter_words(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """Narrow to a reference, a transaction, an L1 ticket, a customer's id, or to words."""
        if number := exact_reference(value):
            return tickets.filter(pk=number)
        return tickets.filter(words_of(value))

    def filter_scope(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """`mine` and `untaken` by owner; all but `all` only what is open, unless states are asked for."""
        if value == "mine":
            tickets = tickets.filter(owner=self.user)
        elif value == "untaken":
            tickets = tickets.filter(owner=None)
        any_state = value == "all" or self.form.cleaned_data.get("state")
        return tickets if any_state else tickets.filter(state__in=OPEN)

    def filter_owner(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """`me`, `nobody`, or a person's number."""
        if value == "me":
            return tickets.filter(owner=self.user)
        if value == "nobody":
            return tickets.filter(owner=None)
        return tickets.filter(owner_id=int(value))

    def filter_due(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        if value == "overdue":
            return tickets.filter(next_due_at__lt=clock.now())
        return tickets.filter(next_due_at__isnull=False)

    def filter_risk(self, tickets: QuerySet[Ticket], _name: str, values: list[str]) -> QuerySet[Ticket]:
        """How likely a deadline is to be missed, in one of the spans."""
        if not values:
            return tickets
        within = [Q(breach_risk__range=RISKS[value]) for value in values]
        return tickets.filter(reduce(or_, within))

    def filter_tag(self, tickets: QuerySet[Ticket], _name: str, values: list[str]) -> QuerySet[Ticket]:
        """Any of the tags, of the tickets whose tags this person may read."""
        return tickets.filter(tagging.read_by(self.user), tags__overlap=values) if values else tickets

    def filter_breached(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(clocks__metric=value, clocks__breached_at__isnull=False)

    def filter_returned(self, tickets: QuerySet[Ticket], _name: str, value: bool) -> QuerySet[Ticket]:
        return tickets.filter(return_count__gt=0) if value else tickets.filter(return_count=0)

    def filter_reopened(self, tickets: QuerySet[Ticket], _name: str, value: bool) -> QuerySet[Ticket]:
        return tickets.filter(reopen_count__gt=0) if value else tickets.filter(reopen_count=0)


def _without(data: QueryDict, name: str, value: str) -> str:
    """Return the query string with one value taken away, from the first page on."""
    rest = data.copy()
    rest.setlist(name, [one for one in data.getlist(name) if one != value])
    for cursor in ("after", "before"):
        rest.pop(cursor, None)
    return rest.urlencode()
