"""Tokens of the API: hashed in the database, expiring, each ended by itself (django-rest-knox)."""

from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from accounts import lockout, second_factor
from accounts.api.authentication import TokenAuthentication, refuse_without_factor
from accounts.forms.sign_in import AuthenticateForm
from accounts.models import User


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Our tokens in the OpenAPI document."""

    target_class = "accounts.api.authentication.TokenAuthentication"


class SignInSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})
    code = serializers.CharField(
        max_length=20,
        required=False,
        help_text="Of the authenticator app, or a recovery code; for whoever has a second factor.",
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A new token. It is shown this once; only its digest is kept."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class TokensView(APIView):
    """Sign in to the API."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "tokens"

    @extend_schema(request=SignInSerializer, responses={201: TokenSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        """Return a new token for an email address and its password."""
        given = SignInSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(
            request._request,  # on which axes notes that it is locked
            username=given.validated_data["email"].lower(),
            password=given.validated_data["password"],
        )
        if user is None:
            raise AuthenticationFailed(_("Email or password is wrong."))
        assert isinstance(user, User)  # noqa: S101  there is no other
        refuse_without_factor(user)
        if second_factor.has_one(user):
            _check_code(user, given.validated_data.get("code", ""))
        lockout.note_success(user)
        stored, token = AuthToken.objects.create(user)
        shown = TokenSerializer({"token": token, "expires_at": stored.expiry}).data
        return Response(shown, status=status.HTTP_201_CREATED)


class CurrentTokenView(APIView):
    """The token that this request carries."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the token."""
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


def _check_code(user: User, code: str) -> None:
    form = AuthenticateForm(user=user, data={"code": code})
    if not code:
        raise ValidationError({"code": [_("Give the code of your authenticator app, or a recovery code.")]})
    if not form.is_valid():
        raise ValidationError({"code": [str(error) for error in form.errors["code"]]})
    form.authenticator.record_usage()
