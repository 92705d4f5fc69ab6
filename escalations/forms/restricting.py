"""Forms of a ticket's access list: restricting it, adding, lifting, and naming a custodian."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.db.models import Case, When
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from escalations import access_list
from escalations.models import RestrictionKind, Ticket
from escalations.restricting import LONGEST_REASON


class ReasonForm(forms.Form):
    """Why something is done. `version` is the ticket's as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    reason = forms.CharField(label=_("Why?"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2}))


class _People(forms.ModelMultipleChoiceField):
    """People, each with what they have to do with the ticket."""

    groups: Mapping[int, str] = {}

    def label_from_instance(self, obj: Any) -> str:
        group = self.groups.get(obj.pk)
        return f"{obj} · {group}" if group else str(obj)


class RestrictForm(ReasonForm):
    """Who may see a ticket from now on: the people of the desk ticked, sensible ones first, and whole teams."""

    kind = forms.ChoiceField(label=_("Kind"), choices=RestrictionKind.choices, widget=forms.RadioSelect)
    persons = _People(
        label=_("Who sees it from now on"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("You stay on the list, as its custodian. Others can be added afterwards."),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Whole teams"),
        queryset=Team.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Everybody in these teams, also who joins later."),
    )
    field_order = ["version", "kind", "reason", "persons", "teams"]

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket, user: User) -> None:
        suggested = access_list.suggested(ticket, by=user)
        initial = {"version": ticket.version, "persons": [one.pk for one in suggested]}
        # Its dialog stands on the ticket's page, whose composer has a `kind`, too.
        super().__init__(data, initial=initial, auto_id="restrict_%s")
        groups: dict[int, str] = {}
        for sight in access_list.who_sees(ticket):
            for one in sight.people:
                groups.setdefault(one.pk, sight.name)
        field = cast(_People, self.fields["persons"])
        field.groups = groups | ({ticket.owner_id: gettext("Owner")} if ticket.owner_id else {})
        first = Case(When(pk__in=[one.pk for one in suggested], then=0), default=1)
        offered = access_list.eligible().filter(pk__in={*groups, *(one.pk for one in suggested)} - {user.pk})
        field.queryset = offered.order_by(first, "name", "pk")


class AddForm(ReasonForm):
    """One person or one team, to be put on the list."""

    person = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), required=False, empty_label=_("Choose…")
    )
    team = forms.ModelChoiceField(
        label=_("or a team"),
        queryset=Team.objects.filter(is_active=True),
        required=False,
        empty_label=_("Choose…"),
    )
    field_order = ["version", "person", "team", "reason"]

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = ticket.access_list.standing()
        people = access_list.eligible().exclude(pk__in=standing.filter(team=None).values("person"))
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = people


class CustodianForm(forms.Form):
    """A ticket's reference, and who should keep its list."""

    reference = forms.CharField(label=_("Reference"), max_length=30, help_text=_("Such as ESC-1042."))
    person = forms.ModelChoiceField(
        label=_("New custodian"), queryset=User.objects.none(), empty_label=_("Choose…")
    )
    reason = forms.CharField(label=_("Why?"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = access_list.eligible().exclude(pk=user.pk)
