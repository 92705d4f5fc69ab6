"""Saved views of the queue over the API: what they list is asked for at `tickets` with their query."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.api.idempotency import idempotent
from accounts.api.serializers import PersonSerializer
from accounts.models import Team
from common.pagination import Cursors
from common.row_numbers import ROW_NUMBER
from escalations import saved_views
from escalations.api.views import person
from escalations.models import Audience, SavedView


class SavedViewSerializer(serializers.ModelSerializer[SavedView]):
    """`query` is the query string of a list, such as `state=new&priority=1&order=due`."""

    owner = PersonSerializer(read_only=True)

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "audience", "team", "owner"]
        read_only_fields = fields


class GivenViewSerializer(serializers.Serializer[Any]):
    """`team` is the id of a team one may share with, where `audience` is `team`."""

    name = serializers.CharField(max_length=saved_views.LONGEST_NAME)
    query = serializers.CharField(max_length=saved_views.LONGEST_ADDRESS, allow_blank=True)
    audience = serializers.ChoiceField(choices=Audience.choices, default=Audience.OWN)
    team = serializers.PrimaryKeyRelatedField(queryset=Team.objects.all(), allow_null=True, default=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "request" in self.context:  # there is none while the OpenAPI document is made
            teams = saved_views.shares_with(person(self.context["request"]))
            self.fields["team"].queryset = teams  # type: ignore[attr-defined]


class ByPosition(Cursors):
    page_size = 100
    ordering = ("position", "pk")


class SavedViewViewSet(ReadOnlyModelViewSet[SavedView]):
    """Views that are offered to you: your own, your teams', everyone's."""

    queryset = SavedView.objects.none()
    serializer_class = SavedViewSerializer
    pagination_class = ByPosition
    lookup_value_regex = ROW_NUMBER

    def get_queryset(self) -> QuerySet[SavedView]:
        return SavedView.objects.visible_to(person(self.request)).kept().select_related("owner")

    @extend_schema(request=GivenViewSerializer, responses={201: SavedViewSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Save a list under a name."""
        view = saved_views.save(**self._given(request), by=person(request))
        return Response(SavedViewSerializer(view).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=GivenViewSerializer, responses=SavedViewSerializer)
    @idempotent
    def update(self, request: Request, pk: str) -> Response:
        """Give a view another name, list or audience; its owner may, and admins if it is shared."""
        view = saved_views.change(self.get_object(), **self._given(request), by=person(request))
        return Response(SavedViewSerializer(view).data)

    @extend_schema(responses={204: None})
    @idempotent
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a view."""
        saved_views.delete(self.get_object(), by=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _given(self, request: Request) -> dict[str, Any]:
        given = GivenViewSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)
