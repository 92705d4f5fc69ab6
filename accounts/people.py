"""People: finding those whom the rest of the program names, and changing what is known of one."""

from collections.abc import Iterable
from typing import Any

from allauth.usersessions.models import UserSession
from django.db import transaction
from knox.models import AuthToken

import redaction
from accounts.models import Availability, User
from events.recording import record

SYSTEM_EMAIL = "system@secondline.invalid"


def system() -> User:
    """Return Secondline itself, the actor of what jobs do. It can't sign in."""
    user, _ = User.objects.get_or_create(
        email=SYSTEM_EMAIL, defaults={"name": "Secondline", "is_active": False, "is_robot": True}
    )
    return user


@transaction.atomic
def set_availability(user: User, availability: str, *, by: User) -> None:
    """Say whether the person takes work now. Raises ValueError for an unknown availability."""
    _change(user, by=by, availability=Availability(availability))


@transaction.atomic
def change_preferences(user: User, *, by: User, **preferences: str) -> None:
    """Change the name, time zone or language of a person; the values have been validated."""
    if "name" in preferences:
        preferences["name"] = redaction.clean(preferences["name"])
    _change(user, by=by, **preferences)


def _change(user: User, *, by: User, **values: Any) -> None:
    changed = [field for field, value in values.items() if getattr(user, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(user, field, values[field])
    user.save(update_fields=changed)
    note_change(user, changed, by=by)


def note_added(user: User, *, by: User) -> None:
    """Record that an admin added the person."""
    record("person.added", subject=("person", user.pk), by=by)


def note_change(user: User, changed: Iterable[str], *, by: User) -> None:
    """Record which facts about a person were changed, without their values."""
    record("person.changed", subject=("person", user.pk), by=by, data={"changed": sorted(changed)})


@transaction.atomic
def deactivate(user: User, *, by: User, reason: str = "") -> None:
    """Switch an account off: its sessions, live streams and API tokens end at once, for good.

    Its open escalations go back to their teams (escalations.assignment hears of it).
    """
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    AuthToken.objects.filter(user=user).delete()
    data = {"reason": reason} if reason else {}
    record("person.deactivated", subject=("person", user.pk), by=by, data=data)


@transaction.atomic
def activate(user: User, *, by: User) -> None:
    """Switch an account on again. The person signs in anew."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    record("person.activated", subject=("person", user.pk), by=by)


def end_sessions(user: User) -> None:
    """Sign the person out everywhere."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def note_roles(user: User, *, by: User) -> None:
    """Record the roles a person has now, after an admin changed them."""
    roles = dict(user.memberships.values_list("team__name", "role"))
    record("person.roles_changed", subject=("person", user.pk), by=by, data={"roles": roles})
