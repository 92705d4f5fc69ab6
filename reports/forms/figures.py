"""The dashboard's filters, kept in its address, and the dismissal of a trend."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role, Team, User
from escalations.models import CalendarVersion, Category, Channel, Metric, PolicyVersion, Priority
from reports import days, rosters, simulation, trial
from reports.models import DailyFact, Measure
from reports.selection import Selection

DEFAULT_DAYS = 30
LONGEST_DAYS = 3660
#: Before it, no desk kept figures; it also keeps the arithmetic away from the calendar's edges.
EARLIEST = date(1990, 1, 1)

PRESETS: tuple[tuple[int, str | Promise], ...] = (
    (7, _("7 days")),
    (30, _("30 days")),
    (90, _("90 days")),
    (365, _("1 year")),
)


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def agents(teams: list[Team]) -> QuerySet[User]:
    """Return the people whose work these teams' figures show: who works there, and who did."""
    worked = DailyFact.objects.filter(measure__in=[Measure.ACCEPTED, Measure.RESOLVED], team__in=teams)
    here = Membership.objects.filter(team__in=teams, role__in=[Role.L2, Role.LEAD])
    return User.objects.filter(
        Q(pk__in=here.values("user")) | Q(pk__in=worked.values("agent").distinct())
    ).order_by("name")


class FigureFilter(forms.Form):
    """Which part of the figures to show. `teams` are those the person may read."""

    default_days = DEFAULT_DAYS

    since = forms.DateField(label=_("From"), required=False, widget=DayInput())
    until = forms.DateField(label=_("To"), required=False, widget=DayInput())
    team = forms.TypedChoiceField(label=_("Team"), required=False, coerce=int, empty_value=None)
    category = forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    priority = forms.TypedChoiceField(label=_("Priority"), required=False, coerce=int, empty_value=None)
    agent = forms.TypedChoiceField(label=_("Agent"), required=False, coerce=int, empty_value=None)

    def __init__(self, data: Any, *, teams: list[Team], all_teams: bool) -> None:
        super().__init__(data)
        self.teams, self.all_teams = teams, all_teams
        # Read once: for the choices, for their check, and for the names in the tables.
        self.agents = dict(agents(teams).values_list("pk", "name"))
        self.categories = {category.pk: category for category in Category.objects.all()}
        self._offer("team", _("All teams"), [(team.pk, team.name) for team in teams])
        self._offer("category", _("All categories"), [(pk, str(one)) for pk, one in self.categories.items()])
        self._offer("channel", _("All channels"), Channel.choices)
        self._offer("priority", _("All priorities"), Priority.choices)
        self._offer("agent", _("All agents"), list(self.agents.items()))

    def clean_since(self) -> date:
        return self.cleaned_data["since"] or days.today() - timedelta(days=self.default_days - 1)

    def clean_until(self) -> date:
        return self.cleaned_data["until"] or days.today()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("since"), cleaned.get("until")
        if first is None or last is None:
            return cleaned
        if first > last:
            self.add_error("until", _("This day lies before the first."))
        elif first < EARLIEST or last > days.today() + timedelta(days=366):
            self.add_error("since", _("There are no figures that far away."))
        elif (last - first).days >= LONGEST_DAYS:
            self.add_error("since", _("Choose ten years at most."))
        return cleaned

    def selection(self) -> Selection:
        """Return what the valid form asks for."""
        chosen = self.cleaned_data
        teams = None if self.all_teams else tuple(one.pk for one in self.teams)
        return Selection(
            first=chosen["since"],
            last=chosen["until"],
            teams=(chosen["team"],) if chosen["team"] else teams,
            category=chosen["category"],
            channel=chosen["channel"] or None,
            priority=chosen["priority"],
            agent=chosen["agent"],
        )

    def _offer(self, name: str, everything: str | Promise, choices: Iterable[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", everything), *choices]


class ReopeningFilter(FigureFilter):
    """Whose reopen rates to show: of a season, since the last two weeks have not been followed yet."""

    default_days = 90
    show = forms.ChoiceField(required=False, choices=[("", ""), ("reopened", "")], widget=forms.HiddenInput)


class BehindFilter(FigureFilter):
    """One figure of a selection, whose tickets are asked for."""

    measure = forms.ChoiceField(label=_("Figure"), choices=Measure.choices)
    bucket = forms.IntegerField(required=False, min_value=0, max_value=2**62)
    after = forms.CharField(required=False, max_length=60)


class DismissForm(forms.Form):
    """Why a trend needs no more attention."""

    reason = forms.CharField(
        label=_("Why it needs no attention"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class _Drafts(forms.ModelMultipleChoiceField):
    """Drafts by name; one that is not there any more is refused in a sentence."""

    default_error_messages = {
        "invalid_choice": _("A draft was published or discarded meanwhile. Choose again."),
        "invalid_pk_value": _("Choose one of the list."),
    }

    def __init__(self, model: type[PolicyVersion] | type[CalendarVersion], of: str, **kwargs: Any) -> None:
        self.of = of
        drafts = model._default_manager.filter(published_at=None).select_related(of).order_by(f"{of}__name")
        super().__init__(drafts, required=False, widget=forms.CheckboxSelectMultiple, **kwargs)
        self.is_needed = True  # one of the three groups is: none of them is called optional

    def clean(self, value: Any) -> Any:
        if any(len(str(pk)) > 18 for pk in value or ()):  # more than the database can hold
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)

    def label_from_instance(self, version: Any) -> str:
        return _("%(name)s, version %(number)d") % {"name": getattr(version, self.of), "number": version.number}


class SimulationForm(forms.Form):
    """What to try, and on which escalations. `teams` are those whose escalations the person may see."""

    policies = _Drafts(PolicyVersion, "policy", label=_("Drafts of policies"))
    calendars = _Drafts(CalendarVersion, "calendar", label=_("Drafts of calendars"))
    rosters = forms.TypedMultipleChoiceField(
        label=_("Rosters"),
        help_text=_("The hours in which somebody is on duty become the business hours of the team's escalations."),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    span = forms.TypedChoiceField(
        label=_("Escalations of"),
        choices=[(length, _("%d days") % length) for length in simulation.SPANS],
        coerce=int,
        initial=simulation.SPANS[0],
        widget=forms.RadioSelect,
    )
    last = forms.DateField(label=_("Up to"), widget=DayInput(), initial=days.today)
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team"), required=False, empty_label=_("All teams"))
    category = forms.ModelChoiceField(
        Category.objects.all(), label=_("Category"), required=False, empty_label=_("All categories")
    )

    def __init__(self, *args: Any, teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {roster.id: roster for roster in rosters.offered(teams)}
        choices = [(pk, _roster_label(roster)) for pk, roster in self.offered.items()]
        roster_field, team_field = self.fields["rosters"], self.fields["team"]
        assert isinstance(roster_field, forms.ChoiceField)  # noqa: S101  declared above
        assert isinstance(team_field, forms.ModelChoiceField)  # noqa: S101  likewise
        roster_field.choices = choices
        roster_field.is_needed = True  # type: ignore[attr-defined]  # as of _Drafts
        team_field.queryset = Team.objects.filter(pk__in=[team.pk for team in teams]).order_by("name")

    @property
    def has_something_to_try(self) -> bool:
        """Whether there is any draft, or any roster."""
        drafts = (PolicyVersion.objects, CalendarVersion.objects)
        return bool(self.offered) or any(versions.filter(published_at=None).exists() for versions in drafts)

    def tried(self) -> trial.Trial:
        """Return a copy of what the valid form chooses."""
        chosen = self.cleaned_data
        return trial.copied(
            policies=chosen["policies"],
            calendars=chosen["calendars"],
            rosters=[self.offered[pk] for pk in chosen["rosters"]],
        )

    def clean_last(self) -> date:
        last: date = self.cleaned_data["last"]
        if not EARLIEST <= last <= days.today():
            raise ValidationError(_("Choose a day between 1990 and today."))
        return last

    def clean_rosters(self) -> list[int]:
        chosen: list[int] = self.cleaned_data["rosters"]
        teams = [self.offered[pk].team for pk in chosen]
        if len(teams) != len(set(teams)):
            raise ValidationError(_("Choose one version of a team's roster."))
        return chosen


def _roster_label(roster: trial.RosterHours) -> str:
    pattern = _("%(name)s, version %(number)d (draft)") if roster.is_draft else _("%(name)s, version %(number)d")
    return pattern % {"name": roster.name, "number": roster.number}


class SimulatedFilter(forms.Form):
    """Which of a simulation's figures and clocks to show. `teams` are those it counted."""

    metric = forms.ChoiceField(label=_("Clock"), required=False, choices=[("", _("All clocks")), *Metric.choices])
    team = forms.TypedChoiceField(label=_("Team"), required=False, coerce=int, empty_value=None)
    priority = forms.TypedChoiceField(
        label=_("Priority"), required=False, coerce=int, empty_value=None,
        choices=[("", _("All priorities")), *Priority.choices],
    )  # fmt: skip
    change = forms.ChoiceField(
        label=_("Change"),
        required=False,
        choices=[("", _("All changes")), ("worse", _("Newly missed")), ("better", _("No longer missed"))],
    )

    def __init__(self, data: Any, *, teams: Iterable[Team]) -> None:
        super().__init__(data)
        team_field = self.fields["team"]
        assert isinstance(team_field, forms.ChoiceField)  # noqa: S101  declared above
        team_field.choices = [("", _("All teams")), *((team.pk, team.name) for team in teams)]
