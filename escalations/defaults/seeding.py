"""Filling an empty catalogue; what an admin has changed since is left as it is."""

from django.db import transaction

from accounts import people
from escalations import calendars, contract, policies
from escalations.defaults.categories import CATEGORIES
from escalations.defaults.codes import REASONS, ROOT_CAUSES
from escalations.defaults.fields import Words
from escalations.defaults.service_levels import (
    CALENDARS,
    PAUSES_IN,
    POLICIES,
    PRIORITY_MATRIX,
    RAISE_AFTER_REOPENS,
    PolicyDefault,
)
from escalations.defaults.tipping_off import TIPPING_OFF
from escalations.models import (
    Calendar,
    CalendarVersion,
    Category,
    Policy,
    PolicyVersion,
    PriorityRule,
    Reason,
    RootCause,
    TippingOffWords,
)


@transaction.atomic
def seed() -> None:
    """Create whatever of the defaults is missing by its key (or name). Nothing there is changed."""
    _seed_categories()
    _seed_reasons()
    _seed_root_causes()
    _seed_priorities()
    seed_calendars()
    for key, words in TIPPING_OFF.items():
        TippingOffWords.objects.get_or_create(key=key, defaults={**words._asdict(), "terms": list(words.terms)})
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


def seed_calendars() -> None:
    """Publish whatever of the default calendars is missing by its name."""
    for name, columns in CALENDARS.items():
        calendar, _ = Calendar.objects.get_or_create(name=name)
        if calendar.current is None:
            calendars.publish(CalendarVersion(calendar=calendar, number=1, **columns), by=people.system())


def _seed_policy(default: PolicyDefault, position: int) -> None:
    policy, _ = Policy.objects.get_or_create(
        name=default.name, defaults={"position": position, "kind": default.kind}
    )
    if policy.current is not None:
        return
    draft = PolicyVersion(
        policy=policy,
        number=1,
        calendar=Calendar.objects.get(name=default.calendar),
        categories=sorted(Category.objects.filter(key__in=default.categories).values_list("pk", flat=True)),
        priorities=list(default.priorities),
        segments=list(default.segments),
        pauses_in=PAUSES_IN,
        targets=default.targets(),
        ladder=default.ladder(),
        forgotten_after_minutes=default.forgotten_after_minutes,
        raise_after_reopens=None if default.regulatory_days else RAISE_AFTER_REOPENS,
    )
    policies.publish(draft, by=people.system())
