"""What routing says of a choice, in a sentence, in the language now active."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escalations.models import RoutingMethod, SkillLevel
from escalations.routing import Choice, Hindrance

HINDRANCES = {
    Hindrance.NOBODY_ON: gettext_lazy("Nobody who could get it is on duty and available"),
    Hindrance.NO_SKILL: gettext_lazy("Nobody on duty knows this category"),
    Hindrance.NO_ROOM: gettext_lazy("Nobody on duty has room"),
    Hindrance.TOO_HEAVY: gettext_lazy("It has more points than anybody's capacity"),
    Hindrance.BEHIND: gettext_lazy("The room there is waits for something more urgent"),
}


def reason(choice: Choice, category: str) -> str:
    """Return why the person was chosen."""
    words = {
        "load": choice.load,
        "capacity": choice.capacity,
        "among": choice.among,
        "category": category,
    }
    if choice.method == RoutingMethod.ROUND_ROBIN:
        return _("next in turn (now %(load)s of %(capacity)s points), %(among)s with room") % words
    if choice.skill == SkillLevel.EXPERT:
        return (
            _("expert in %(category)s (now %(load)s of %(capacity)s points), %(among)s know it with room") % words
        )
    if choice.skill:
        return _("knows %(category)s (now %(load)s of %(capacity)s points), %(among)s know it with room") % words
    return _("fewest points (now %(load)s of %(capacity)s), %(among)s with room") % words


def outcome(found: Choice | Hindrance, category: str) -> str:
    """Return why somebody gets it, or why nobody does."""
    return reason(found, category) if isinstance(found, Choice) else str(HINDRANCES[found])


def recorded(why: dict[str, Any], category: str) -> str:
    """Return the reason that an event holds."""
    return reason(Choice(**why), category)
