"""Forms of the sign-in pages: allauth's, with every wrong password and code counted (accounts.lockout)."""

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.core import context
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import lockout


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]  # allauth ships no types
    """A new password, for whoever knows the present one."""

    def clean_oldpassword(self) -> str:
        """Return the present password. Raises ValidationError when it is wrong."""
        if lockout.is_locked(context.request, self.user):
            raise ValidationError(_("This sign-in is locked."))
        try:
            present: str = super().clean_oldpassword()
        except ValidationError:
            lockout.note_failure(context.request, self.user)
            raise
        return present
