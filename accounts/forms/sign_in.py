"""Forms of the sign-in pages: allauth's, with every wrong password and code counted (accounts.lockout)."""

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import redaction
from accounts import lockout, second_factor


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


class CountedCode(BaseAuthenticateForm):  # type: ignore[misc]
    """A code of the app's or a recovery code: each is good for once, and a wrong one is counted."""

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError when it is wrong or was used."""
        if lockout.is_locked(context.request, self.user):
            raise ValidationError(_("This sign-in is locked."))
        try:
            code: str = super().clean_code()
            is_app = self.authenticator.type == Authenticator.Type.TOTP
            if is_app and not second_factor.is_first_use(self.authenticator, code):
                raise get_adapter().validation_error("incorrect_code")
        except ValidationError:
            lockout.note_failure(context.request, self.user)
            raise
        return code


class AuthenticateForm(CountedCode, AllauthAuthenticateForm):  # type: ignore[misc]
    """The second step of a sign-in."""


class ReauthenticateForm(CountedCode, AllauthReauthenticateForm):  # type: ignore[misc]
    """The second factor, asked for once more."""


class AddKeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey or security key."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    passwordless = forms.BooleanField(
        label=gettext_lazy("Also instead of the password"),
        required=False,
        help_text=gettext_lazy("A passkey: it signs you in alone, and asks for a fingerprint, a face or a PIN."),
    )

    def clean_name(self) -> str:
        """Return the name without card numbers, or one for whoever gave none."""
        return redaction.clean(super().clean_name())


class EditKeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a key."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)

    def clean_name(self) -> str:
        """Return the name without card numbers."""
        return redaction.clean(self.cleaned_data["name"])
