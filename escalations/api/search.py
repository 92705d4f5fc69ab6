"""Searching everything over the API."""

import html
from typing import Any

from django.utils.html import strip_tags
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.serializers import PersonSerializer
from escalations import finding, searching
from escalations.api.serializers import CustomerSerializer
from escalations.api.views import person
from escalations.finding import FoundTicket


class FoundTicketSerializer(serializers.Serializer[Any]):
    """A ticket and the passage that was found in it (`place`: description, answers, message, file, diagnosis)."""

    reference = serializers.CharField(source="ticket.reference")
    subject = serializers.CharField(source="ticket.subject")
    state = serializers.CharField(source="ticket.state")
    priority = serializers.CharField(source="ticket.get_priority_display")
    category = serializers.CharField(source="ticket.category.key")
    owner = PersonSerializer(source="ticket.owner", allow_null=True)
    customer = serializers.CharField(source="ticket.customer.external_id")
    created_at = serializers.DateTimeField(source="ticket.created_at")
    passage = serializers.SerializerMethodField()
    place = serializers.CharField()

    def get_passage(self, found: FoundTicket) -> str:
        return html.unescape(strip_tags(found.passage))


class TitleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()


class FoundSerializer(serializers.Serializer[Any]):
    """What was found. `count` is how many tickets, up to 501, which means "more than 500"."""

    count = serializers.IntegerField()
    tickets = FoundTicketSerializer(many=True)
    customers = CustomerSerializer(many=True)
    articles = TitleSerializer(many=True)
    known_issues = TitleSerializer(many=True)


class SearchView(APIView):
    """One search over tickets, customers, articles and known issues."""

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description="Words, phrases, ids, and operators such as state: or owner:."),
            OpenApiParameter("page", int, description="Page of tickets, from 1 to 25."),
        ],
        responses=FoundSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return what you may see of what the query asks for."""
        said = request.query_params.get("page", "1")
        page = min(25, max(1, int(said))) if said.isascii() and said.isdecimal() and len(said) < 4 else 1
        found = finding.find(searching.parse(request.query_params.get("q", "")), person(request), page=page)
        shown = {
            "count": found.count,
            "tickets": found.tickets,
            "customers": found.customers,
            "articles": [hit.article for hit in found.articles],
            "known_issues": found.issues,
        }
        return Response(FoundSerializer(shown).data)
