"""What is wrong with a policy, and what a lead should know before publishing it, in sentences."""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team
from common import clock
from escalations import calendars, steps
from escalations.models import Category, Channel, Metric, Policy, PolicyVersion, Priority, Segment, Ticket
from escalations.models.ticket import OPEN
from escalations.policy_words import DAY, HOUR, metrics_of, priorities_of, span
from escalations.service_levels import Fault

#: A year of work in open time, a year and a day in elapsed time: what is longer is a slip of the pen.
LONGEST_OPEN = 2000 * HOUR
LONGEST_ELAPSED = 366 * DAY
LOOKED_BACK = timedelta(days=90)

_CHOICES: dict[str, Collection[Any]] = {
    "priorities": Priority.values,
    "segments": Segment.values,
    "channels": Channel.values,
}


def faults(draft: PolicyVersion) -> list[Fault]:
    """Return what can't be saved, not even in a draft."""
    found = [*_of_the_conditions(draft), *_of_the_targets(draft), *_of_the_ladder(draft)]
    if draft.calendar.current_id is None:
        found.append(Fault("calendar", _("“%s” has no published hours yet.") % draft.calendar))
    return found


def faults_when_published(draft: PolicyVersion) -> list[Fault]:
    """Return what a draft may lack and a published policy may not."""
    if not draft.targets:
        return [Fault("targets", _("This policy sets no target at all. Write at least one."))]
    found = list(_of_what_is_retired(draft))
    reached = {target["priority"] for target in draft.targets} & set(priorities_of(draft))
    if not reached:
        found.append(
            Fault("targets", _("None of the priorities that this policy is for has a target. Write at least one."))
        )
    policy = draft.policy
    if policy.is_active and (before := hidden_behind(policy, draft)):
        found.append(
            Fault(
                "conditions",
                _("This policy would match nothing: “%s” comes before it and takes everything that it is for. "
                  "Move it up, or narrow the other one.") % before,
            )
        )  # fmt: skip
    return found


def hidden_behind(policy: Policy, version: PolicyVersion, others: Iterable[Policy] | None = None) -> Policy | None:
    """Return the policy in use before this one that takes everything that `version` is for, or None."""
    for other in earlier(policy) if others is None else others:
        if other.current is not None and _includes(other.current, version):
            return other
    return None


def earlier(policy: Policy) -> list[Policy]:
    """Return the policies in use that are tried before this one, in order."""
    return list(
        Policy.objects.filter(
            Q(position__lt=policy.position) | Q(position=policy.position, pk__lt=policy.pk),
            kind=policy.kind,
            is_active=True,
            current__isnull=False,
        ).select_related("current")
    )


class Matches(NamedTuple):
    """How many escalations of the last 90 days meet a version's conditions, and how many of them go elsewhere."""

    matched: int
    taken_before: int


def matches_of_late(version: PolicyVersion) -> Matches:
    """Count the escalations that the version would match, as they stand now."""
    before = Q(pk__isnull=True)  # nothing
    for policy in earlier(version.policy):
        if policy.current is not None:
            before |= condition(policy.current)
    found = (
        Ticket.objects.filter(condition(version), created_at__gte=clock.now() - LOOKED_BACK)
        .order_by()
        .aggregate(matched=Count("pk"), taken=Count("pk", filter=before))
    )
    return Matches(found["matched"], found["taken"])


def condition(version: PolicyVersion) -> Q:
    """Return the version's conditions as a question to the database."""
    found = Q(pk__isnull=False)
    if version.categories:
        found &= Q(category__in=version.categories)
    if version.teams:
        found &= Q(team__in=version.teams)
    if version.priorities:
        found &= Q(priority__in=version.priorities)
    if version.segments:
        found &= Q(customer__segment__in=version.segments)
    if version.channels:
        found &= Q(channel__in=version.channels)
    return found


def warnings(version: PolicyVersion) -> list[str]:
    """Return what a lead should know, though it may be meant."""
    return [
        *_about_matches(version),
        *_about_priorities(version),
        *_about_retired(version),
        *_about_holidays(version),
    ]


def _about_matches(version: PolicyVersion) -> Iterator[str]:
    matched, taken = matches_of_late(version)
    if not matched:
        yield _("0 escalations of the last 90 days match these conditions.")
        return
    said = ngettext(
        "%d escalation of the last 90 days matches these conditions.",
        "%d escalations of the last 90 days match these conditions.",
        matched,
    )
    yield said % matched
    if taken:
        said = ngettext(
            "%d of them goes by a policy that comes earlier.",
            "%d of them go by a policy that comes earlier.",
            taken,
        )
        yield said % taken


def _about_priorities(version: PolicyVersion) -> Iterator[str]:
    reached = {target["priority"] for target in version.targets}
    without = [f"P{priority}" for priority in priorities_of(version) if priority not in reached]
    if without and reached:
        yield _("No target at %s: such escalations match this policy and get no clock.") % ", ".join(without)


def _about_retired(version: PolicyVersion) -> Iterator[str]:
    names = [str(one) for one in _retired(Category, version.categories)]
    names += [str(one) for one in _retired(Team, version.teams)]
    if names:
        yield _("Not in use any more: %s.") % ", ".join(names)


def _about_holidays(version: PolicyVersion) -> Iterator[str]:
    current = version.calendar.current
    longest = max((target["minutes"] for target in version.targets), default=0)
    if current is None or not longest:
        return
    due = calendars.hours(current).add(clock.now(), longest * 60)
    if not calendars.knows_holidays(current, due):
        yield _("The longest target reaches beyond the public holidays that “%s” knows.") % version.calendar


def _retired(model: Any, pks: Collection[int]) -> list[Any]:
    return list(model.objects.filter(pk__in=pks, is_active=False)) if pks else []


def _of_what_is_retired(draft: PolicyVersion) -> Iterator[Fault]:
    for field, model, sentence in (
        ("categories", Category, _("This policy would match nothing: none of its categories is in use.")),
        ("teams", Team, _("This policy would match nothing: none of its teams is active.")),
    ):
        pks = getattr(draft, field)
        if pks and not model.objects.filter(pk__in=pks, is_active=True).exists():
            yield Fault(field, sentence)


def _of_the_conditions(draft: PolicyVersion) -> Iterator[Fault]:
    for field, model in (("categories", Category), ("teams", Team)):
        pks = set(getattr(draft, field))
        if pks and model.objects.filter(pk__in=pks).count() != len(pks):
            yield Fault(field, _("One of these is not there any more. Choose again."))
    for field, known in _CHOICES.items():
        if set(getattr(draft, field)) - set(known):
            yield Fault(field, _("One of these is not there any more. Choose again."))
    if set(draft.pauses_in) - {state.value for state in OPEN}:
        yield Fault("pauses_in", _("Clocks can stand still only in a state of an open escalation."))


def _of_the_targets(draft: PolicyVersion) -> Iterator[Fault]:
    known = metrics_of(draft.policy.kind)
    seen: dict[tuple[str, int], Any] = {}
    for target in draft.targets:
        try:
            metric, priority = Metric(target["metric"]), Priority(target["priority"])
            minutes, business_time = target["minutes"], target["business_time"]
        except (KeyError, TypeError, ValueError):
            yield Fault("targets", _("A target needs a metric, a priority, minutes, and the kind of time."))
            continue
        where = f"{metric.label}, {priority.label}"
        if metric not in known:
            yield Fault("targets", _("%s: a policy of this kind sets no such target.") % where)
        elif (metric, priority) in seen:
            yield Fault("targets", _("%s: there are two targets.") % where)
        elif wrong := target_fault(minutes, business_time=business_time):
            yield Fault("targets", f"{where}: {wrong}")
        else:
            seen[metric, priority] = (minutes, business_time)
    yield from _of_their_order(seen)


def _of_the_ladder(draft: PolicyVersion) -> Iterator[Fault]:
    try:
        steps.validate(draft.ladder)
    except ValidationError as wrong:
        yield from (Fault("ladder", sentence) for sentence in wrong.messages)
    for field in ("forgotten_after_minutes", "raise_after_reopens"):
        value = getattr(draft, field)
        if value is not None and not 0 < value <= steps.FURTHEST:
            yield Fault(field, _("This is too little or too much. Leave it empty for never."))


def target_fault(minutes: Any, *, business_time: Any) -> str:
    """Return what is wrong with a target's length, or ""."""
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not isinstance(business_time, bool):
        return _("a target is a whole number of minutes.")
    if minutes <= 0:
        return _("a target must be longer than nothing. Leave it empty for no target.")
    longest = LONGEST_OPEN if business_time else LONGEST_ELAPSED
    if minutes > longest:
        return _("that is too long. At most %s can be set.") % span(longest, business_time=business_time)
    return ""


def _of_their_order(targets: dict[tuple[str, int], Any]) -> Iterator[Fault]:
    for priority in Priority:
        first = targets.get((Metric.FIRST_RESOLUTION, priority))
        total = targets.get((Metric.RESOLUTION, priority))
        if first and total and first[1] == total[1] and first[0] > total[0]:
            yield Fault(
                "targets",
                _("%s: the first resolution may take longer than the whole. Give the resolution at least as much.")
                % priority.label,
            )


def _includes(wide: PolicyVersion, narrow: PolicyVersion) -> bool:
    """Tell whether every escalation that `narrow` is for meets the conditions of `wide`, too."""
    return all(
        _covers(getattr(wide, field), getattr(narrow, field), _CHOICES.get(field))
        for field in ("categories", "teams", "priorities", "segments", "channels")
    )


def _covers(wide: Collection[Any], narrow: Collection[Any], every: Collection[Any] | None) -> bool:
    """Compare one condition; an empty one stands for `every` value, where these are known."""
    if not wide:
        return True
    asked = set(narrow) or (set(every) if every is not None else None)
    return asked is not None and asked <= set(wide)
