"""Who a token belongs to (django-rest-knox). Apart from the views, as the framework reads it while it starts."""

from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from accounts import second_factor
from accounts.models import User


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """Takes no token of whoever needs a second factor and has none."""

    def validate_user(self, auth_token: AuthToken) -> tuple[User, AuthToken]:
        """Return the token's owner. Raises AuthenticationFailed."""
        user, token = super().validate_user(auth_token)
        refuse_without_factor(user)
        return user, token


def refuse_without_factor(user: User) -> None:
    """Raise AuthenticationFailed for whoever needs a second factor and has none."""
    if second_factor.is_missing(user):
        raise AuthenticationFailed(_("Your role needs a second step. Sign in on the page and set it up first."))
