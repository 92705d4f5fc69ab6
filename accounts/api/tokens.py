"""Tokens of the API: hashed in the database, expiring, each ended by itself (django-rest-knox)."""

from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView


class SignInSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})


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
