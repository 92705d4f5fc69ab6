"""Service levels for tests: a published calendar or policy in one line."""

from collections.abc import Mapping
from typing import Any

from accounts import people
from escalations import calendars, defaults, policies
from escalations.defaults.service_levels import ALWAYS
from escalations.models import Calendar, CalendarVersion, Metric, Policy, PolicyVersion, Priority

ROUND_THE_CLOCK = [{"day": day, "opens": "00:00", "closes": "24:00"} for day in range(7)]


def calendar(
    name: str, *, zone: str = "UTC", weekly: list[dict[str, Any]] = ROUND_THE_CLOCK, **columns: Any
) -> Calendar:
    """Publish the next version of the calendar of that name, which may be new."""
    found, _ = Calendar.objects.get_or_create(name=name)
    number = found.versions.count() + 1
    draft = CalendarVersion(calendar=found, number=number, zone=zone, weekly=weekly, **columns)
    calendars.publish(draft, by=people.system())
    found.refresh_from_db()
    return found


def policy(
    name: str,
    minutes: Mapping[Metric, int] | Mapping[str, int],
    *,
    position: int = 0,
    in_use: bool = True,
    calendar: Calendar | None = None,
    kind: str = "service",
    **columns: Any,
) -> Policy:
    """Publish the next version of a policy: `minutes` per metric at P1, twice that at P2 and so on.

    The minutes are open ones of `calendar`, or elapsed ones where it is None.
    """
    found, _ = Policy.objects.get_or_create(
        name=name, defaults={"position": position, "is_active": in_use, "kind": kind}
    )
    if calendar is None:
        defaults.seed_calendars()
    targets = [
        {
            "metric": metric,
            "priority": priority,
            "minutes": count * priority,
            "business_time": calendar is not None,
        }
        for metric, count in minutes.items()
        for priority in Priority.values
    ]
    draft = PolicyVersion(
        policy=found,
        number=found.versions.count() + 1,
        calendar=calendar or Calendar.objects.get(name=ALWAYS),
        targets=targets,
        **columns,
    )
    policies.publish(draft, by=people.system())
    found.refresh_from_db()
    return found
