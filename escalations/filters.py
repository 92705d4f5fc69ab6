"""The queue's filters, kept in its address."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, TeamKind, User
from common import clock
from escalations.models import Category, Channel, Metric, Priority, Segment, State, Ticket
from escalations.models.ticket import OPEN
from escalations.similar import exact_reference, words_of

SCOPES = {
    "open": _("Open"),
    "untaken": _("Nobody's"),
    "all": _("All"),
}


class TicketFilter(filters.FilterSet):
    """What the queue can be narrowed by. Unknown values are an error, not an empty list."""

    q = filters.CharFilter(label=_("Words or reference"), method="filter_words")
    scope = filters.ChoiceFilter(label=_("Show"), choices=list(SCOPES.items()), method="filter_scope")
    state = filters.MultipleChoiceFilter(label=_("State"), choices=State.choices)
    priority = filters.TypedMultipleChoiceFilter(label=_("Priority"), choices=Priority.choices, coerce=int)
    category = filters.ModelMultipleChoiceFilter(
        label=_("Category"), field_name="category", to_field_name="key", queryset=Category.objects.all()
    )
    team = filters.ModelMultipleChoiceFilter(label=_("Team"), queryset=Team.objects.none())
    owner = filters.CharFilter(label=_("Owner"), method="filter_owner")
    channel = filters.MultipleChoiceFilter(label=_("Channel"), choices=Channel.choices)
    segment = filters.MultipleChoiceFilter(
        label=_("Segment"), field_name="customer__segment", choices=Segment.choices
    )
    customer = filters.NumberFilter(label=_("Customer"), field_name="customer_id")
    known_issue = filters.NumberFilter(label=_("Known issue"), field_name="known_issue_id")
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
    breached = filters.ChoiceFilter(label=_("Deadline missed"), choices=Metric.choices, method="filter_breached")
    returned = filters.BooleanFilter(label=_("Was returned"), method="filter_returned")
    reopened = filters.BooleanFilter(label=_("Was reopened"), method="filter_reopened")
    score = filters.NumberFilter(label=_("Rating"), field_name="ratings__score", distinct=True)

    class Meta:
        model = Ticket
        fields: list[str] = []

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        teams = Team.objects.filter(kind=TeamKind.L2)
        if not user.reads_all:
            teams = teams.filter(pk__in=user.teams_as(Role.L2, Role.LEAD))
        self.filters["team"].queryset = teams
        for name in ("category", "team", "state", "priority", "channel", "segment"):
            self.form.fields[name].widget.attrs.update({"size": 4})
        self.form.fields["q"].widget = forms.TextInput(attrs={"type": "search", "maxlength": 200})

    def filter_words(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """Narrow to a reference, a transaction, an L1 ticket, a customer's id, or to words."""
        if number := exact_reference(value):
            return tickets.filter(pk=number)
        return tickets.filter(words_of(value))

    def filter_scope(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        if value == "untaken":
            return tickets.filter(owner=None, state__in=OPEN)
        return tickets if value == "all" else tickets.filter(state__in=OPEN)

    def filter_owner(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        """`me`, `nobody`, or a person's number."""
        if value == "me":
            return tickets.filter(owner=self.user)
        if value == "nobody":
            return tickets.filter(owner=None)
        return tickets.filter(owner_id=int(value)) if value.isdecimal() and len(value) < 12 else tickets.none()

    def filter_due(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        if value == "overdue":
            return tickets.filter(next_due_at__lt=clock.now())
        return tickets.filter(next_due_at__isnull=False)

    def filter_breached(self, tickets: QuerySet[Ticket], _name: str, value: str) -> QuerySet[Ticket]:
        return tickets.filter(clocks__metric=value, clocks__breached_at__isnull=False)

    def filter_returned(self, tickets: QuerySet[Ticket], _name: str, value: bool) -> QuerySet[Ticket]:
        return tickets.filter(return_count__gt=0) if value else tickets.filter(return_count=0)

    def filter_reopened(self, tickets: QuerySet[Ticket], _name: str, value: bool) -> QuerySet[Ticket]:
        return tickets.filter(reopen_count__gt=0) if value else tickets.filter(reopen_count=0)
