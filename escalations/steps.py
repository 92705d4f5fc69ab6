"""The steps of a ladder, as a policy version keeps them.

A ladder is a list of steps {"metric", "minutes", "does"}: `minutes` before (negative) or after the deadline of a
clock of `metric`, counted in the clock's own time (open hours where it counts open hours), and what the step
`does` (StepAction). What a step says is its identity: each is taken once per clock, whatever happens to the
deadline afterwards.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from escalations.models import Metric, PolicyVersion, StepAction

MOST_STEPS = 20
#: Minutes before or after a deadline: sixty days.
FURTHEST = 60 * 24 * 60


class Step(NamedTuple):
    """So many minutes from the deadline, something is done."""

    minutes: int
    does: str


def validate(steps: object) -> None:
    """Raise ValidationError, with a sentence for people, unless a policy version may keep `steps`."""
    if not isinstance(steps, list):
        raise ValidationError(_("A ladder is a list of steps."))
    if len(steps) > MOST_STEPS:
        raise ValidationError(_("A ladder may have at most %d steps.") % MOST_STEPS)
    seen = set()
    for step in steps:
        if not isinstance(step, dict) or set(step) != {"metric", "minutes", "does"}:
            raise ValidationError(_("A step names a clock, its minutes from the deadline, and what it does."))
        metric, minutes, does = step["metric"], step["minutes"], step["does"]
        if metric not in Metric.values:
            raise ValidationError(_("There is no clock “%s”.") % metric)
        if does not in StepAction.values:
            raise ValidationError(_("There is no step that does “%s”.") % does)
        if type(minutes) is not int or abs(minutes) > FURTHEST:
            raise ValidationError(_("A step lies at most 60 days before or after the deadline."))
        if (metric, minutes, does) in seen:
            raise ValidationError(_("The same step stands there twice."))
        seen.add((metric, minutes, does))


def steps_of(policy: PolicyVersion | None, metric: str) -> list[Step]:
    """Return the steps that a version sets for clocks of `metric`."""
    if policy is None:
        return []
    return [Step(step["minutes"], step["does"]) for step in policy.ladder if step["metric"] == metric]
