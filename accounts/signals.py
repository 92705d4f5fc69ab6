"""What allauth tells of the sign-in pages, put on record."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.dispatch import receiver

from accounts import passwords
from accounts.models import User


@receiver([password_changed, password_reset, password_set])
def note_password(user: User, **_: Any) -> None:
    """Record that the person set a new password."""
    passwords.note_change(user, by=user)
