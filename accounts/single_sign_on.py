"""Single sign-on (allauth.socialaccount): signs in people whom an admin has added, and never adds any."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from accounts.models import User
from events.recording import record

SAML = "saml"


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Finds the person by what the provider called them before, else by the address that it vouches for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Connect whoever comes for the first time to the account with their address, if there is one.

        An OpenID Connect issuer says which addresses it has verified; a SAML provider's are the company's own.
        """
        if sociallogin.is_existing:
            return
        trusted = sociallogin.account.provider == SAML
        emails = {one.email.lower() for one in sociallogin.email_addresses if one.verified or trusted}
        user = User.objects.filter(email__in=emails, is_robot=False).first() if len(emails) == 1 else None
        if user is not None:
            sociallogin.connect(request, user)
            data = {"provider": sociallogin.account.provider}
            record("person.single_sign_on_connected", subject=("person", user.pk), by=user, data=data)
