"""Bulk actions over the API: begin one, follow it, stop it, undo it."""

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.api.idempotency import idempotent
from common.pagination import Cursors
from common.row_numbers import ROW_NUMBER
from escalations import bulk
from escalations.api.views import person
from escalations.bulk_deeds import DEEDS
from escalations.forms.bulk import FORMS, Selection
from escalations.models import BulkAction, BulkOutcome, BulkResult, Ticket
from escalations.similar import exact_reference


class BulkActionSerializer(serializers.ModelSerializer[BulkAction]):
    class Meta:
        model = BulkAction
        fields = [
            "id", "deed", "summary", "state", "total", "missing", "changed", "problems", "requested_at",
            "ended_at", "undoes",
        ]  # fmt: skip
        read_only_fields = fields


class BulkResultSerializer(serializers.ModelSerializer[BulkResult]):
    ticket = serializers.CharField(source="ticket.reference", read_only=True)

    class Meta:
        model = BulkResult
        fields = ["ticket", "outcome", "reason"]
        read_only_fields = fields


class NewBulkActionSerializer(serializers.Serializer[Any]):
    """Either `tickets` or `query`. `parameters` are those of the deed, as its form names them."""

    deed = serializers.ChoiceField(choices=[(key, key) for key in DEEDS])
    tickets = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=1000, required=False,
        help_text=_("References, such as ESC-1042."),
    )  # fmt: skip
    query = serializers.CharField(
        max_length=2000, required=False, allow_blank=True,
        help_text=_("The query string of a list, such as `state=new&priority=1`: all that match it."),
    )  # fmt: skip
    parameters = serializers.DictField(default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("tickets" in attrs) == ("query" in attrs):
            raise ValidationError(_("Give either tickets or query."))
        return attrs

    def selection(self) -> Selection:
        given = self.validated_data
        if "query" in given:
            return Selection(query=given["query"], everything=True)
        return Selection(numbers=[exact_reference(reference) or 0 for reference in given["tickets"]])


class ByTicket(Cursors):
    page_size = 100
    ordering = ("ticket",)


class Newest(Cursors):
    page_size = 50
    ordering = ("-pk",)


class BulkActionViewSet(ReadOnlyModelViewSet[BulkAction]):
    """Your bulk actions, the newest first."""

    queryset = BulkAction.objects.none()
    serializer_class = BulkActionSerializer
    pagination_class = Newest
    lookup_value_regex = ROW_NUMBER

    def get_queryset(self) -> QuerySet[BulkAction]:
        user = person(self.request)
        return BulkAction.objects.all() if user.reads_all else BulkAction.objects.filter(requested_by=user)

    @extend_schema(request=NewBulkActionSerializer, responses={202: BulkActionSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Begin an action upon many tickets. It is finished already when they are few; else ask again."""
        user = person(request)
        given = NewBulkActionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        key, selection = given.validated_data["deed"], given.selection()
        form = FORMS[key](given.validated_data["parameters"], user=user)
        if not form.is_valid():
            errors = {name: [str(error) for error in said] for name, said in form.errors.items()}
            raise ValidationError({"parameters": errors})
        tickets = selection.tickets(Ticket.objects.visible_to(user), user)
        asked = None if selection.everything else len(selection.numbers)
        begun = bulk.start(key, form.parameters(), tickets, by=user, query=selection.query, asked=asked)
        return Response(BulkActionSerializer(begun).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[OpenApiParameter("outcome", str, enum=BulkOutcome.values)],
        responses=BulkResultSerializer(many=True),
    )
    @action(detail=True, pagination_class=ByTicket)
    def results(self, request: Request, pk: str) -> Response:
        """Return what became of each ticket that you may still see."""
        visible = Ticket.objects.visible_to(person(request))
        found = self.get_object().results.filter(ticket__in=visible).select_related("ticket")
        if wanted := request.query_params.get("outcome"):
            if wanted not in BulkOutcome.values:
                raise ValidationError({"outcome": [_("There is no such outcome.")]})
            found = found.filter(outcome=wanted)
        page = self.paginate_queryset(found)  # type: ignore[arg-type]  # of results, not of actions
        return self.get_paginated_response(BulkResultSerializer(cast(list[BulkResult], page), many=True).data)

    @extend_schema(request=None, responses=BulkActionSerializer)
    @idempotent
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Leave the tickets that are not done yet as they are."""
        return Response(BulkActionSerializer(bulk.stop(self.get_object(), by=person(request))).data)

    @extend_schema(request=None, responses={202: BulkActionSerializer})
    @idempotent
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Begin to take back what was changed and nobody has changed since."""
        begun = bulk.undo(self.get_object(), by=person(request))
        return Response(BulkActionSerializer(begun).data, status=status.HTTP_202_ACCEPTED)
