"""How people sign in: with an account an admin made, never by registering themselves."""

import logging
from smtplib import SMTPException
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.preferences import supported

logger = logging.getLogger(__name__)

#: Texts of allauth's forms that people meet here. Named so that our catalogue has
#: them too: it goes before allauth's, and speaks in the tone of the other pages.
FOREIGN_TEXTS = (
    gettext_noop("Email address"),
    gettext_noop("Forgot your password?"),
    gettext_noop("The email address and/or password you specified are not correct."),
    gettext_noop("Too many failed login attempts. Try again later."),
    gettext_noop("Please type your current password."),
    gettext_noop("You must type the same password each time."),
    gettext_noop("The password reset token was invalid."),
    gettext_noop("Code"),
    gettext_noop("Authenticator code"),
)


class Backend(ModelBackend):
    """Fetches who is signed in together with their roles, as every page needs them."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.with_roles().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Closes self-registration, and writes mail in the language of whoever gets it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link under SITE_URL, whatever host the request claimed."""
        link: str = super().get_reset_password_from_key_url(key)
        return urljoin(settings.SITE_URL, urlsplit(link).path)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send at once: a link that is a secret is never stored with the events.

        A mail that can't be sent is logged and not told to the visitor, who
        could learn from it which addresses are known.
        """
        user = context.get("user")
        language = supported(user.language) if isinstance(user, User) else translation.get_language()
        with translation.override(language):
            try:
                super().send_mail(template_prefix, email, {**context, "site_url": settings.SITE_URL})
            except (SMTPException, OSError):
                logger.exception("A mail of the sign-in pages could not be sent.")
