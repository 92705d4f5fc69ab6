"""Asking for the password or the second factor once more, right where something sensitive is done.

A wrong one counts towards the lock like any other (accounts.lockout). The view must answer, not raise, when the
form is not valid: a rolled back transaction would forget the failure.
"""

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import lockout
from accounts.forms.sign_in import ReauthenticateForm
from accounts.models import User
from accounts.proof import CODE, PASSWORD, Proof
from common import clock


class ConfirmForm(forms.Form):
    """The password, or for whoever has an authenticator app its code."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Or the code of your app"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        if Authenticator.Type.TOTP not in kinds and Authenticator.Type.RECOVERY_CODES not in kinds:
            del self.fields["code"]
        if not user.has_usable_password():
            del self.fields["password"]
        for name in self.fields:
            self.fields[name].is_needed = len(self.fields) == 1  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check whichever was given; nothing is tried while the sign-in is locked."""
        cleaned = super().clean() or self.cleaned_data
        code, password = cleaned.get("code"), cleaned.get("password")
        if not self.fields:
            raise ValidationError(_("You have neither a password nor an authenticator app: set one up first."))
        if not code and not password:
            first = next(iter(self.fields))
            self.add_error(
                first, _("Give your password once more.") if first == "password" else _("Give the code.")
            )
        elif code:
            self._check_code(code)
        else:
            self._check_password(password or "")
        return cleaned

    def proof(self) -> Proof:
        """Return the proof; the form must be valid."""
        return Proof(self.user.pk, CODE if self.cleaned_data.get("code") else PASSWORD, clock.now())

    def _check_code(self, code: str) -> None:
        form = ReauthenticateForm(user=self.user, data={"code": code})
        if form.is_valid():
            form.authenticator.record_usage()
        else:
            self.add_error("code", form.errors["code"])

    def _check_password(self, password: str) -> None:
        if lockout.is_locked(context.request, self.user):
            self.add_error("password", _("This sign-in is locked."))
        elif authenticate(context.request, username=self.user.email, password=password) != self.user:
            self.add_error("password", _("The password is not right."))
