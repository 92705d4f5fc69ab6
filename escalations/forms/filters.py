"""The queue's filters, kept in its address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any, cast

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from common import clock
from escalations import contract, finding, search_operators, searching, tagging
from escalations.forms.filter_fields import (
    HOURS,
    LONGEST_VALUE,
    MOST_VALUES,
    SPANS,
    YES_OR_NO,
    AnyOf,
    AnyWords,
    Days,
    Number,
    Several,
    Typed,
    check_id,
    check_owner,
    is_id,
)
from escalations.models import (
    Category,
    Channel,
    Clock,
    Customer,
    Metric,
    Priority,
    Rating,
    RootCause,
    Segment,
    State,
    Ticket,
)
from escalations.models.ticket import OPEN

SCOPES = {
    "mine": _("Mine"),
    "untaken": _("Nobody's"),
    "open": _("Open"),
    "all": _("All"),
}
#: Parameters of a list's address that narrow nothing.
NOT_FILTERS = frozenset({"order", "after", "before", "scope", "whose", "columns", "in"})
#: How likely a deadline is to be missed, in percent: from, to.
RISKS = {"75-100": (75, 100), "50-74": (50, 74), "25-49": (25, 49), "0-24": (0, 24)}
#: What the list offers to narrow by; anything else comes with a link.
MENUS = ("priority", "state", "owner", "category", "team", "channel", "segment", "risk")
#: What stands in the menu of further filters.
FURTHER = ("due", "older", "untouched", "returned", "reopened", "product", "error_code", "created", "resolved")
#: Begins the name of a filter by one of a category's own answers.
ANSWER = "answer."
#: So many colleagues are offered as owners.
MOST_OWNERS = 40


@dataclass(frozen=True)
class Chip:
    """One value the list is narrowed by, and the query string of the list without it."""

    label: str | Promise
    value: str
    without: str


def _choices(field: forms.Field) -> Iterable[Any]:
    return cast(Iterable[Any], cast(forms.ChoiceField, field).choices)


class TicketFilter(filters.FilterSet):
    """What the queue can be narrowed by. Unknown values are an error, not an empty list."""

    q = filters.CharFilter(label=_("Words or reference"), method="filter_words")
    scope = filters.ChoiceFilter(label=_("Show"), choices=list(SCOPES.items()), method="filter_scope")
    state = AnyOf(label=_("State"), choices=State.choices)
    priority = filters.TypedMultipleChoiceFilter(
        label=_("Priority"), choices=Priority.choices, coerce=int, distinct=False
    )
    category = filters.ModelMultipleChoiceFilter(
        label=_("Category"), to_field_name="key", queryset=Category.objects.all(), method="filter_category"
    )
    team = filters.ModelMultipleChoiceFilter(label=_("Team"), queryset=Team.objects.none(), distinct=False)
    owner = AnyWords(label=_("Owner"), method="filter_owner", check=check_owner)
    channel = AnyOf(label=_("Channel"), choices=Channel.choices)
    segment = AnyOf(label=_("Segment"), field_name="customer__segment", choices=Segment.choices)
    tag = AnyWords(label=_("Tag"), method="filter_tag")
    customer = AnyWords(label=_("Customer"), field_name="customer_id", check=check_id)
    known_issue = AnyWords(label=_("Known issue"), field_name="known_issue_id", check=check_id)
    root_cause = AnyWords(label=_("Root cause"), method="filter_root_cause")
    product = AnyWords(label=_("Product"), field_name="product", widget=Typed)
    error_code = AnyWords(label=_("Error code"), field_name="error_code", widget=Typed)
    older = filters.ChoiceFilter(label=_("Older than"), choices=SPANS, method="filter_older")
    untouched = filters.ChoiceFilter(label=_("Unchanged for"), choices=SPANS, method="filter_untouched")
    created = filters.DateFromToRangeFilter(label=_("Escalated"), field_name="created_at", widget=Days)
    resolved = filters.DateFromToRangeFilter(label=_("Resolved"), field_name="resolved_at", widget=Days)
    due = filters.ChoiceFilter(
        label=_("Deadline"),
        choices=[
            ("overdue", _("Overdue")),
            ("running", _("Running")),
            ("1h", _("Within an hour")),
            ("4h", _("Within 4 hours")),
            ("1d", _("Within a day")),
            ("3d", _("Within 3 days")),
        ],
        method="filter_due",
    )
    risk = AnyOf(
        label=_("Risk"),
        choices=[(key, f"{low}–{high}\xa0%") for key, (low, high) in RISKS.items()],
        method="filter_risk",
    )
    breached = filters.ChoiceFilter(label=_("Deadline missed"), choices=Metric.choices, method="filter_breached")
    returned = filters.ChoiceFilter(label=_("Was returned"), choices=YES_OR_NO, method="filter_returned")
    reopened = filters.ChoiceFilter(label=_("Was reopened"), choices=YES_OR_NO, method="filter_reopened")
    score = Number(label=_("Rating"), method="filter_score")

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
            field.widget = Several(choices=_choices(field))
        cast(forms.MultipleChoiceField, self.form.fields["owner"]).choices = self._owners
        self.form.fields["q"].widget = forms.TextInput(attrs={"type": "search", "maxlength": 200})

    def _owners(self) -> list[tuple[str, str | Promise]]:
        """Return whom the menu offers as owners: oneself, nobody, and colleagues."""
        colleagues = User.objects.filter(is_active=True, memberships__role__in=[Role.L2, Role.LEAD])
        if not self.user.reads_all:
            colleagues = colleagues.filter(memberships__team__in=self.user.teams_as(Role.L2, Role.LEAD))
        people = colleagues.exclude(pk=self.user.pk).distinct().order_by("name")[:MOST_OWNERS]
        known: list[tuple[str, str | Promise]] = [("me", _("Me")), ("nobody", _("Nobody"))]
        known += [(str(one.pk), one.name) for one in people]
        return known + [
            (value, self._owner_words(value)) for value in self.data.getlist("owner") if value not in dict(known)
        ]

    @property
    def view(self) -> str:
        """Return the view that the address asks for: open tickets, unless it says otherwise."""
        said = self.data.get("scope")
        if said in SCOPES:
            return str(said)
        beyond_open = any(self.data.get(name) for name in ("state", "q", "resolved_after", "resolved_before"))
        return "all" if beyond_open else "open"

    @property
    def is_open_only(self) -> bool:
        """Tell whether the address can ask for open tickets only: these may be sorted by anything."""
        if self.view == "all" or self.data.get("scope") == "all":
            asked = self.data.getlist("state")
            return bool(asked) and set(asked) <= OPEN
        return True

    def tickets(self) -> QuerySet[Ticket]:
        """Return what the address asks for. Call it when `is_valid()`."""
        narrowed: QuerySet[Ticket] = self.qs
        for key, values in self.answers.items():
            narrowed = narrowed.filter(reduce(or_, (Q(answers__contains={key: value}) for value in values)))
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
    def answers(self) -> dict[str, list[str]]:
        """What the address asks of the answers to a category's own questions: values by the question's key."""
        asked = {
            name.removeprefix(ANSWER): [value for value in values[:MOST_VALUES] if value and "\x00" not in value]
            for name, values in self.data.lists()
            if name.startswith(ANSWER)
        }
        return {key: values for key, values in asked.items() if values and len(key) <= LONGEST_VALUE}

    @cached_property
    def questions(self) -> dict[str, Mapping[str, Any]]:
        """The questions with choices of the one category that is asked for, by key; none for several."""
        keys = self.data.getlist("category")
        chosen = Category.objects.filter(key=keys[0]).first() if len(keys) == 1 else None
        form = chosen.current_form if chosen else None
        return {field["key"]: field for field in form.fields if field["type"] == "choice"} if form else {}

    def answer_menus(self) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
        """Return a menu for each of those questions: (name in the address, label, [(value, label, is chosen)])."""
        return [
            (
                ANSWER + key,
                contract.label(field),
                [
                    (choice["value"], contract.label(choice), choice["value"] in self.answers.get(key, []))
                    for choice in field["choices"]
                ],
            )
            for key, field in self.questions.items()
        ]

    @property
    def further(self) -> list[forms.BoundField]:
        """The filters that share one menu."""
        return [self.form[name] for name in FURTHER]

    @property
    def further_count(self) -> int:
        """How many of those are set."""
        names = {*FURTHER, *(f"{name}_{end}" for name in ("created", "resolved") for end in ("after", "before"))}
        return sum(bool(self.data.get(name)) for name in names)

    @cached_property
    def menus(self) -> list[forms.BoundField]:
        """The fields that the list offers as menus of boxes; one that offers no choice is left out."""
        offered = []
        for name in MENUS:
            bound = self.form[name]
            options = [option for option in _choices(bound.field)]  # noqa: C416  list() would count the rows first
            cast(Several, bound.field.widget).choices = options
            if len(options) > 1:
                offered.append(bound)
        return offered

    @property
    def carried(self) -> list[tuple[str, list[str]]]:
        """What the address asks for beside the menus and the words: (name, values)."""
        ranges = {f"{name}_{end}" for name in FURTHER for end in ("after", "before")}
        shown = {*MENUS, *FURTHER, *ranges, *NOT_FILTERS, "q", *(ANSWER + key for key in self.questions)}
        return [(name, values) for name, values in self.data.lists() if name not in shown and self._narrows(name)]

    def chips(self) -> list[Chip]:
        """Return what the list is narrowed by, value for value, in the order of the address."""
        return [
            Chip(self._label(name), self._words_for(name, value), _without(self.data, name, value))
            for name, values in self.data.lists()
            if name not in NOT_FILTERS and name != "q" and self._narrows(name)
            for value in values
            if value
        ]

    def _narrows(self, name: str) -> bool:
        return name.startswith(ANSWER) or self._field_of(name) is not None

    def _field_of(self, name: str) -> forms.Field | None:
        found: forms.Field | None = self.form.fields.get(name) or self.form.fields.get(name.rpartition("_")[0])
        return found

    def _label(self, name: str) -> str | Promise:
        if name.startswith(ANSWER):
            question = self.questions.get(name.removeprefix(ANSWER))
            return contract.label(question) if question else name.removeprefix(ANSWER)
        field = self._field_of(name)
        label = str(field.label) if field else name
        if name in self.form.fields:
            return label
        return _("%s from") % label if name.endswith("_after") else _("%s until") % label

    def _words_for(self, name: str, value: str) -> str:
        """Return a value of the address as people read it."""
        if name == "owner":
            return self._owner_words(value)
        if name.startswith(ANSWER):
            question = self.questions.get(name.removeprefix(ANSWER), {"choices": []})
            return next((contract.label(one) for one in question["choices"] if one["value"] == value), value)
        field = self._field_of(name)
        for key, words in getattr(field, "choices", ()):
            if str(getattr(key, "value", key)) == value:
                return str(words)
        return value

    def _owner_words(self, value: str) -> str:
        if value in {"me", "nobody"}:
            return str(_("Me") if value == "me" else _("Nobody"))
        owner = User.objects.filter(pk=value).first() if is_id(value) else None
        return str(owner or value)

    def filter_words(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """Narrow to a reference, a transaction, an L1 ticket, a customer's id; else as the search box does."""
        query = searching.parse(value)
        if query.filters or (exact := finding.exactly(value)) is None:
            return finding.having_words(search_operators.narrowed(tickets, query, self.user), query, self.user)
        customer = Customer.objects.filter(external_id=value).first()
        same = tickets.filter(exact | Q(customer=customer) if customer else exact)
        return same if same.exists() else finding.having_words(tickets, query, self.user)

    def filter_scope(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """`mine` and `untaken` by owner; all but `all` only what is open, unless states are asked for."""
        if value == "mine":
            tickets = tickets.filter(owner=self.user)
        elif value == "untaken":
            tickets = tickets.filter(owner=None)
        any_state = value == "all" or self.form.cleaned_data.get("state")
        return tickets if any_state else tickets.filter(state__in=OPEN)

    def filter_category(
        self, tickets: QuerySet[Ticket], _name: str, values: Iterable[Category]
    ) -> QuerySet[Ticket]:
        return tickets.filter(category__in=[one.pk for one in values]) if values else tickets

    def filter_root_cause(self, tickets: QuerySet[Ticket], _name: str, values: list[str]) -> QuerySet[Ticket]:
        # Their numbers are looked up first: of a key the planner can't tell how rare it is.
        causes = RootCause.objects.filter(key__in=values).values_list("pk", flat=True) if values else []
        return tickets.filter(root_cause__in=list(causes)) if values else tickets

    def filter_owner(self, tickets: QuerySet[Ticket], _name: str, values: list[str]) -> QuerySet[Ticket]:
        """`me`, `nobody`, or a person's number."""
        if not values:
            return tickets
        owners = {self.user.pk if value == "me" else int(value) for value in values if value != "nobody"}
        wanted = Q(owner__in=owners)
        return tickets.filter(wanted | Q(owner=None) if "nobody" in values else wanted)

    def filter_older(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(created_at__lte=clock.now() - timedelta(hours=HOURS[value]))

    def filter_untouched(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(updated_at__lte=clock.now() - timedelta(hours=HOURS[value]))

    def filter_due(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        tickets = tickets.filter(state__in=OPEN)  # no others have a deadline, and these have an index
        if value == "overdue":
            return tickets.filter(next_due_at__lt=clock.now())
        if value in HOURS:
            now = clock.now()
            return tickets.filter(next_due_at__range=(now, now + timedelta(hours=HOURS[value])))
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
        missed = Clock.objects.filter(ticket=OuterRef("pk"), metric=value, breached_at__isnull=False)
        return tickets.filter(Exists(missed))

    def filter_score(self, tickets: QuerySet[Ticket], _name: str, value: int) -> QuerySet[Ticket]:
        return tickets.filter(Exists(Rating.objects.filter(ticket=OuterRef("pk"), score=value)))

    def filter_returned(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(return_count__gt=0) if value == "true" else tickets.filter(return_count=0)

    def filter_reopened(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(reopen_count__gt=0) if value == "true" else tickets.filter(reopen_count=0)


def _without(data: QueryDict, name: str, value: str) -> str:
    """Return the query string with one value taken away, from the first page on."""
    rest = data.copy()
    rest.setlist(name, [one for one in data.getlist(name) if one != value])
    for cursor in ("after", "before"):
        rest.pop(cursor, None)
    return rest.urlencode()
