"""Filling an empty catalogue; what an admin has changed since is left as it is."""

from django.db import transaction

from accounts import people
from escalations import contract
from escalations.defaults.categories import CATEGORIES
from escalations.defaults.codes import REASONS, ROOT_CAUSES
from escalations.defaults.fields import Words
from escalations.defaults.service_levels import CALENDARS, PAUSES_IN, POLICIES, PRIORITY_MATRIX, PolicyDefault
from escalations.models import Calendar, Category, Policy, PriorityRule, Reason, RootCause, Target


@transaction.atomic
def seed() -> None:
    """Create whatever of the defaults is missing by its key (or name). Nothing there is changed."""
    _seed_categories()
    _seed_reasons()
    _seed_root_causes()
    _seed_priorities()
    _seed_calendars()
    for position, policy in enumerate(POLICIES, 1):
        _seed_policy(policy, position * 10)


def _named(words: Words) -> dict[str, str]:
    english, spanish = words
    return {"name": english, "name_es": spanish}


def _seed_categories() -> None:
    for position, default in enumerate(CATEGORIES, 1):
        english, spanish = default.hint
        category, _ = Category.objects.get_or_create(
            key=default.key,
            defaults={
                **_named(default.name),
                "description": english,
                "description_es": spanish,
                "position": position * 10,
            },
        )
        if category.current_form is None:
            contract.publish(category, default.form, by=people.system())


def _seed_reasons() -> None:
    for kind, codes in REASONS.items():
        for position, (key, words) in enumerate(codes.items(), 1):
            Reason.objects.get_or_create(kind=kind, key=key, defaults={**_named(words), "position": position * 10})


def _seed_root_causes() -> None:
    for position, (key, (words, leaves)) in enumerate(ROOT_CAUSES.items(), 1):
        parent, _ = RootCause.objects.get_or_create(key=key, defaults={**_named(words), "position": position * 10})
        for below, (leaf, leaf_words) in enumerate(leaves.items(), 1):
            RootCause.objects.get_or_create(
                key=leaf, defaults={**_named(leaf_words), "position": below * 10, "parent": parent}
            )


def _seed_priorities() -> None:
    for (impact, urgency), priority in PRIORITY_MATRIX.items():
        PriorityRule.objects.get_or_create(impact=impact, urgency=urgency, defaults={"priority": priority})


def _seed_calendars() -> None:
    for name, columns in CALENDARS.items():
        Calendar.objects.get_or_create(name=name, defaults=columns)


def _seed_policy(default: PolicyDefault, position: int) -> None:
    policy, created = Policy.objects.get_or_create(
        name=default.name,
        defaults={
            "position": position,
            "calendar": Calendar.objects.get(name=default.calendar),
            "priorities": list(default.priorities),
            "segments": list(default.segments),
            "pauses_in": PAUSES_IN,
        },
    )
    if not created:
        return
    policy.categories.set(Category.objects.filter(key__in=default.categories))
    Target.objects.bulk_create(
        Target(policy=policy, priority=priority, metric=metric, minutes=minutes)
        for priority, metric, minutes in default.targets()
    )
