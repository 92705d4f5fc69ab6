"""What allauth tells of the sign-in pages, put on record."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.dispatch import receiver

from accounts import passwords, second_factor
from accounts.models import User


@receiver([password_changed, password_reset, password_set])
def note_password(user: User, **_: Any) -> None:
    """Record that the person set a new password."""
    passwords.note_change(user, by=user)


@receiver(authenticator_added)
def note_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Record that the person set up a second factor."""
    second_factor.note(user, "added", authenticator.type)


@receiver(authenticator_removed)
def note_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Record that the person gave up a second factor."""
    second_factor.note(user, "removed", authenticator.type)


@receiver(authenticator_reset)
def note_renewed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Record that the person asked for new recovery codes."""
    second_factor.note(user, "renewed", authenticator.type)
