"""Passwords: none of a person's last four comes back, and each change is on record."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import ngettext

from accounts.models import EarlierPassword, User
from common import clock
from events.recording import record


class NotOneOfTheLast:
    """Django's validator of new passwords, wherever one is set. Comparing costs one hashing each."""

    def __init__(self, most: int = 4) -> None:
        self.most = most

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the person had this password, as the present one or lately."""
        if not isinstance(user, User) or user.pk is None:
            return
        kept = user.earlier_passwords.order_by("-pk").values_list("hash", flat=True)[: self.most]
        present = User.objects.filter(pk=user.pk).values_list("password", flat=True)
        if any(check_password(password, had) for had in {*kept, *present}):
            raise ValidationError(self.get_help_text(), code="password_used_lately")

    def password_changed(self, _password: str, user: Any = None) -> None:
        """Keep the hash, and forget those that count no more."""
        if isinstance(user, User) and user.has_usable_password():
            EarlierPassword.objects.create(user=user, hash=user.password, set_at=clock.now())
            kept = user.earlier_passwords.order_by("-pk").values("pk")[: self.most]
            user.earlier_passwords.exclude(pk__in=kept).delete()

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return ngettext(
            "Choose a password that is not your last one.",
            "Choose a password that is none of your last %(count)d.",
            self.most,
        ) % {"count": self.most}


@transaction.atomic
def note_change(user: User, *, by: User) -> None:
    """Record that the person's password was changed, by themselves or by an admin."""
    record("person.password_changed", subject=("person", user.pk), by=by)
