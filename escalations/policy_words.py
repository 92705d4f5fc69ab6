"""A policy in words, for pages and for comparing versions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Team
from escalations.models import (
    Category,
    Channel,
    Metric,
    PolicyKind,
    PolicyVersion,
    Priority,
    Segment,
    State,
    StepAction,
)

HOUR = 60
DAY = 24 * HOUR


def metrics_of(kind: str) -> list[Metric]:
    """Return the metrics for which a policy of this kind sets targets, in order.

    A promised update has the date that was promised, and no target.
    """
    if kind == PolicyKind.REGULATORY:
        return [Metric.REGULATORY]
    return [metric for metric in Metric if metric not in {Metric.REGULATORY, Metric.UPDATE}]


def span(minutes: int, *, business_time: bool) -> str:
    """Return minutes as somebody would write them: "4 h", "1 h 30 min", "15 d". Open time knows no days."""
    days, rest = (0, minutes) if business_time else divmod(minutes, DAY)
    if days < 2:
        days, rest = 0, minutes
    hours, left = divmod(rest, HOUR)
    parts = [
        _("%d d") % days if days else "",
        _("%d h") % hours if hours else "",
        _("%d min") % left if left or not minutes else "",
    ]
    return " ".join(filter(None, parts))


@dataclass
class Names:
    """The names of what conditions point to, read once for a page."""

    @cached_property
    def categories(self) -> dict[int, str]:
        return {category.pk: str(category) for category in Category.objects.all()}

    @cached_property
    def teams(self) -> dict[int, str]:
        return dict(Team.objects.values_list("pk", "name"))


def conditions(version: PolicyVersion, names: Names) -> dict[str, str]:
    """Return what an escalation has to be for the version, by what is asked; only what narrows it."""
    found = {
        _("Categories"): _listed(version.categories, names.categories if version.categories else {}),
        _("Teams"): _listed(version.teams, names.teams if version.teams else {}),
        _("Priorities"): _listed(sorted(version.priorities), dict(Priority.choices)),
        _("Segments"): _listed(version.segments, dict(Segment.choices)),
        _("Channels"): _listed(version.channels, dict(Channel.choices)),
    }
    return {label: text for label, text in found.items() if text}


def _listed(values: Iterable[Any], names: Mapping[Any, Any]) -> str:
    return ", ".join(str(names.get(value, f"#{value}")) for value in values)


def target_rows(version: PolicyVersion, kind: str) -> list[tuple[str, list[str]]]:
    """Return (metric, what it may take at each priority) for the metrics that have a target."""
    rows = []
    for metric in metrics_of(kind):
        cells = [target_in_words(version, metric, priority) for priority in Priority]
        if any(cells):
            rows.append((str(metric.label), cells))
    return rows


def target_in_words(version: PolicyVersion, metric: str, priority: int) -> str:
    """Return "4 h", "15 d elapsed" or, where there is no target, ""."""
    target = version.target(metric, priority)
    if target is None:
        return ""
    text = span(target.minutes, business_time=target.business_time)
    return text if target.business_time else _("%s elapsed") % text


def pauses(version: PolicyVersion) -> str:
    """Return the states in which the version's clocks stand still."""
    return _listed(version.pauses_in, dict(State.choices)) or _("never")


def in_words(version: PolicyVersion, names: Names) -> dict[str, str]:
    """Return what a version says, by what it is about; several lines where it says several things."""
    kind = version.policy.kind
    whose = _("the customer's, the segment's or the team's own, else %s") if version.own_calendars else "%s"
    found = {
        _("Calendar"): whose % version.calendar,
        **{
            label: conditions(version, names).get(label, _("all"))
            for label in (_("Categories"), _("Teams"), _("Priorities"), _("Segments"), _("Channels"))
        },
        _("Stands still while"): pauses(version),
    }
    for metric in metrics_of(kind):
        cells = [(priority, target_in_words(version, metric, priority)) for priority in Priority]
        found[str(metric.label)] = "\n".join(f"{one.label} {text}" for one, text in cells if text)
    return found | ladder(version)


def ladder(version: PolicyVersion) -> dict[str, str]:
    """Return what climbs and when, by what is asked; only what is set."""
    forgotten, reopens = version.forgotten_after_minutes, version.raise_after_reopens
    found = {
        _("Counts as forgotten after"): span(forgotten, business_time=True) if forgotten else "",
        _("Priority is raised after"): _("%d reopenings") % reopens if reopens else "",
        _("Ladder"): "\n".join(_step(step) for step in version.ladder),
    }
    return {label: text for label, text in found.items() if text}


def _step(step: Mapping[str, Any]) -> str:
    minutes = step["minutes"]
    when = _("%s before the deadline") if minutes < 0 else _("%s after the deadline")
    how_long = span(abs(minutes), business_time=True)
    return f"{Metric(step['metric']).label}, {when % how_long}: {StepAction(step['does']).label}"


def as_text(version: PolicyVersion, names: Names) -> str:
    """Return the version in lines, to be compared with another."""
    return "\n".join(
        f"{label}: {line}" for label, text in in_words(version, names).items() for line in text.splitlines()
    )


def priorities_of(version: PolicyVersion) -> Sequence[int]:
    """Return the priorities that an escalation may have for this version."""
    return sorted(version.priorities) or list(Priority)
