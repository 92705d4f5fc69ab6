"""Tickets, customers and categories over the API."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.api.idempotency import idempotent
from accounts.models import User
from common.pagination import Cursors
from common.row_numbers import ROW_NUMBER
from escalations import conversation, escalating, queue, receipts, tagging
from escalations.api import transitions
from escalations.api.restricting import AccessActions
from escalations.api.serializers import (
    CategorySerializer,
    CustomerSerializer,
    MessageSerializer,
    NewMessageSerializer,
    NewTicketSerializer,
    TagsSerializer,
    TicketRowSerializer,
    TicketSerializer,
    TransitionOfferSerializer,
    TransitionSerializer,
)
from escalations.contract import Invalid
from escalations.deadlines import of_clocks, seen_by
from escalations.escalating import Contract
from escalations.forms.filters import TicketFilter
from escalations.models import Category, Customer, MessageKind, Ticket
from escalations.reading import note_reading
from escalations.similar import exact_reference
from escalations.transitions import open_to


class NewestFirst(Cursors):
    page_size = 50
    ordering = ("-created_at", "-pk")


class ByPosition(Cursors):
    page_size = 100
    ordering = ("position", "pk")


def person(request: Request) -> User:
    """Return who calls; the permission class has seen to it that somebody does."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


class TicketViewSet(AccessActions):
    """Escalations: escalate, list, read, move through the lifecycle, talk, and restrict."""

    queryset = Ticket.objects.none()  # for the schema; each request gets its own
    serializer_class = TicketSerializer
    pagination_class = None
    lookup_field = "reference"
    lookup_value_regex = "[^/]+"

    def get_object(self) -> Ticket:
        number = exact_reference(self.kwargs["reference"])
        ticket = (
            Ticket.objects.visible_to(person(self.request))
            .select_related("customer", "category", "team", "owner", "created_by", "form", "merged_into")
            .filter(pk=number or 0)
            .first()
        )
        if ticket is None:
            raise Http404
        note_reading(
            ticket, by=person(self.request), what=f"api.{self.action}", again=self.request.method != "GET"
        )
        return ticket

    def check_replay(self) -> None:
        """Raise Http404 where somebody repeats a request about a ticket that they see no more."""
        if "reference" in self.kwargs:
            self.get_object()

    @extend_schema(
        parameters=[
            OpenApiParameter("after", str, description="Cursor of the page before."),
            OpenApiParameter("before", str, description="Cursor of the page behind."),
            OpenApiParameter("order", str, enum=list(queue.ORDERS)),
            OpenApiParameter("state", str, many=True),
            OpenApiParameter("priority", int, many=True),
            OpenApiParameter("category", str, many=True),
            OpenApiParameter("owner", str, description="me, nobody, or a person's id."),
            OpenApiParameter("tag", str, many=True),
            OpenApiParameter("q", str, description="Words, or a reference."),
        ],
        responses=TicketRowSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Return a page of the tickets you may see, most urgent first, with the cursors of its neighbours."""
        user = person(request)
        filters = TicketFilter(request.query_params, queryset=Ticket.objects.visible_to(user), user=user)
        order = request.query_params.get("order", "urgency")
        if not filters.is_valid():
            raise ValidationError(filters.errors)
        if order not in queue.ORDERS:
            raise ValidationError({"order": [_("There is no such order.")]})
        page = queue.page(
            filters.qs,
            order=order,
            after=request.query_params.get("after", ""),
            before=request.query_params.get("before", ""),
        )
        rows = TicketRowSerializer(page.tickets, many=True, context={"user": user}).data
        return Response({"results": rows, "previous": page.previous, "next": page.next})

    @extend_schema(request=NewTicketSerializer, responses={201: TicketSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Escalate: a complete contract becomes a ticket.

        Of one whose category is restricted from the start only `reference` and `restricted` come back.
        """
        stated = NewTicketSerializer(data=request.data)
        stated.is_valid(raise_exception=True)
        try:
            ticket = escalating.escalate(Contract(**stated.validated_data), by=person(request))
        except Invalid as invalid:
            raise ValidationError({"answers": invalid.errors}) from None
        if receipts.is_all_that_is_left(ticket, person(request)):
            receipt = {"reference": ticket.reference, "restricted": True}
            return Response(receipt, status=status.HTTP_201_CREATED)
        return Response(
            self._shown(ticket), status=status.HTTP_201_CREATED, headers={"Location": ticket.get_absolute_url()}
        )

    def retrieve(self, request: Request, reference: str) -> Response:
        """Return one ticket with its contract, clocks and open transitions."""
        return Response(self._shown(self.get_object()))

    @extend_schema(methods=["GET"], responses=TransitionOfferSerializer(many=True))
    @extend_schema(methods=["POST"], request=TransitionSerializer, responses=TicketSerializer)
    @idempotent
    @action(detail=True, methods=["get", "post"])
    def transitions(self, request: Request, reference: str) -> Response:
        """GET what you may do with the ticket now; POST a verb with what it needs."""
        ticket = self.get_object()
        if request.method == "GET":
            return Response(TransitionOfferSerializer(open_to(person(request), ticket), many=True).data)
        given = TransitionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            changed = transitions.make(ticket, given.validated_data, by=person(request))
        except Invalid as invalid:
            raise ValidationError({"contract": {"answers": invalid.errors}}) from None
        return Response(self._shown(changed))

    @extend_schema(request=TagsSerializer, responses=TicketSerializer)
    @idempotent
    @action(detail=True, methods=["post"])
    def tags(self, request: Request, reference: str) -> Response:
        """Add tags and take others away."""
        given = TagsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(self._shown(tagging.change(self.get_object(), by=person(request), **given.validated_data)))

    @extend_schema(methods=["GET"], responses=MessageSerializer(many=True))
    @extend_schema(methods=["POST"], request=NewMessageSerializer, responses={201: MessageSerializer})
    @idempotent
    @action(detail=True, methods=["get", "post"])
    def comments(self, request: Request, reference: str) -> Response:
        """GET the messages you may read, oldest first; POST another."""
        ticket = self.get_object()
        if request.method == "GET":
            return Response(MessageSerializer(conversation.readable(person(request), ticket), many=True).data)
        given = NewMessageSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        message = conversation.write(
            ticket,
            by=person(request),
            kind=MessageKind(given.validated_data["kind"]),
            body=given.validated_data["body"],
            promise=given.validated_data["promised_for"],
        )
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)

    def _shown(self, ticket: Ticket) -> dict[str, Any]:
        clocks = seen_by(person(self.request), ticket, ticket.clocks.select_related("team"))
        ticket.deadlines = of_clocks(clocks)  # type: ignore[attr-defined]  # read by the serializer
        ticket.transitions = list(open_to(person(self.request), ticket))  # type: ignore[attr-defined]
        return dict(TicketSerializer(ticket, context={"user": person(self.request)}).data)


class CustomerViewSet(ReadOnlyModelViewSet[Customer]):
    """Customers, found by id, name or email with `q`."""

    queryset = Customer.objects.none()
    serializer_class = CustomerSerializer
    pagination_class = NewestFirst
    lookup_value_regex = ROW_NUMBER

    def get_queryset(self) -> QuerySet[Customer]:
        customers = Customer.objects.visible_to(person(self.request))
        if wanted := self.request.query_params.get("q", "").replace("\x00", "").strip():
            customers = customers.filter(
                Q(external_id=wanted) | Q(name__icontains=wanted) | Q(email__iexact=wanted)
            )
        return customers

    @extend_schema(parameters=[OpenApiParameter("q", str, description="An id, part of a name, or an email.")])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the customers you may see, the newest first."""
        return super().list(request, *args, **kwargs)


class CategoryViewSet(ReadOnlyModelViewSet[Category]):
    """Categories, each with its contract as JSON Schema."""

    queryset = Category.objects.filter(is_active=True)
    serializer_class = CategorySerializer
    pagination_class = ByPosition
    lookup_field = "key"
