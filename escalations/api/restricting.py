"""The access list of a restricted ticket over the API."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api.idempotency import idempotent
from accounts.api.serializers import PersonSerializer
from accounts.models import Team, User
from escalations import access_list, restricting
from escalations.models import AccessEntry, RestrictionKind, Ticket
from escalations.restricting import LONGEST_REASON


class AccessEntrySerializer(serializers.ModelSerializer[AccessEntry]):
    """A person or a team that sees the ticket."""

    person = PersonSerializer(read_only=True, allow_null=True)
    team: Any = serializers.StringRelatedField()
    added_by = PersonSerializer(read_only=True)

    class Meta:
        model = AccessEntry
        fields = ["id", "person", "team", "is_custodian", "reason", "added_by", "added_at"]
        read_only_fields = fields


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=LONGEST_REASON)
    version = serializers.IntegerField(required=False, min_value=1)


def _person(**kwargs: Any) -> serializers.Field:
    return serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True, is_robot=False), help_text="A person's id.", **kwargs
    )


def _team(**kwargs: Any) -> serializers.Field:
    return serializers.SlugRelatedField(
        slug_field="name", queryset=Team.objects.filter(is_active=True), help_text="A team's name.", **kwargs
    )


class RestrictSerializer(ReasonSerializer):
    """Who sees the ticket from now on, besides you."""

    kind = serializers.ChoiceField(choices=RestrictionKind.choices)
    persons = _person(many=True, required=False)
    teams = _team(many=True, required=False)


class NewAccessSerializer(ReasonSerializer):
    """A person or a team."""

    person = _person(required=False)
    team = _team(required=False)


class AccessActions(GenericViewSet[Ticket]):
    """What the tickets' view set does about who sees one."""

    @extend_schema(request=RestrictSerializer, responses=AccessEntrySerializer(many=True))
    @idempotent
    @action(detail=True, methods=["post"])
    def restrict(self, request: Request, reference: str) -> Response:
        """Let nobody see the ticket but you and these. 403 unless you own it or lead its team."""
        given = RestrictSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        changed = restricting.restrict(self.get_object(), by=_caller(request), **given.validated_data)
        return Response(AccessEntrySerializer(access_list.entries(changed), many=True).data)

    @extend_schema(request=ReasonSerializer, responses={204: None})
    @idempotent
    @action(detail=True, methods=["post"])
    def unrestrict(self, request: Request, reference: str) -> Response:
        """Let everybody see it again who would without the list; perhaps you are not among them."""
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        restricting.unrestrict(self.get_object(), by=_caller(request), **given.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(methods=["GET"], responses=AccessEntrySerializer(many=True))
    @extend_schema(methods=["POST"], request=NewAccessSerializer, responses={201: AccessEntrySerializer})
    @idempotent
    @action(detail=True, methods=["get", "post"])
    def access(self, request: Request, reference: str) -> Response:
        """GET who sees a restricted ticket (404 for one that is not); POST a person or a team to add."""
        ticket = self.get_object()
        if request.method == "GET":
            if not ticket.restricted_as:
                raise Http404
            return Response(AccessEntrySerializer(access_list.entries(ticket), many=True).data)
        given = NewAccessSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        entry = restricting.add(ticket, by=_caller(request), **given.validated_data)
        return Response(AccessEntrySerializer(entry).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("entry", int, OpenApiParameter.PATH)], request=None, responses={204: None}
    )
    @action(detail=True, methods=["delete"], url_path="access/(?P<entry>[0-9]{1,18})")
    def access_entry(self, request: Request, reference: str, entry: str) -> Response:
        """Take a person or a team off the list. Safe to repeat."""
        restricting.remove(self.get_object(), int(entry), by=_caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _caller(request: Request) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user
