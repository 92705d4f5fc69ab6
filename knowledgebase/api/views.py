"""Reading articles and known issues over the API. They are written on their pages."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import User
from common.pagination import Cursors
from common.row_numbers import ROW_NUMBER
from knowledgebase.api.serializers import (
    ArticleRowSerializer,
    ArticleSerializer,
    HitSerializer,
    KnownIssueSerializer,
    SearchSerializer,
)
from knowledgebase.filters import ArticleFilter, KnownIssueFilter
from knowledgebase.models import Article, KnownIssue
from knowledgebase.search import search_articles


class LastChangedFirst(Cursors):
    page_size = 50
    ordering = ("-updated_at", "-pk")


def _person(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated has checked
    return request.user


class ArticleViewSet(ReadOnlyModelViewSet[Article]):
    """The articles that you may read."""

    queryset = Article.objects.none()  # for the schema; each request gets its own
    pagination_class = LastChangedFirst
    lookup_value_regex = ROW_NUMBER
    filter_backends = [DjangoFilterBackend]
    filterset_class = ArticleFilter

    def get_queryset(self) -> QuerySet[Article]:
        readable = Article.objects.visible_to(_person(self.request)).select_related("owner")
        return readable.defer("search") if self.action == "retrieve" else readable.defer("body", "search")

    def get_serializer_class(self) -> Any:
        return ArticleSerializer if self.action == "retrieve" else ArticleRowSerializer

    @extend_schema(parameters=[SearchSerializer], responses=HitSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def search(self, request: Request) -> Response:
        """Return the 50 best matches for `q`, best first; the list's filters narrow them."""
        asked = SearchSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        among = self.filter_queryset(self.get_queryset())
        hits = search_articles(_person(request), asked.validated_data["q"], among=among, limit=50)
        return Response(HitSerializer(hits, many=True).data)


class KnownIssueViewSet(ReadOnlyModelViewSet[KnownIssue]):
    """The known issues. Without `status`, those that are fixed are left out of the list."""

    queryset = KnownIssue.objects.none()  # for the schema; each request gets its own
    serializer_class = KnownIssueSerializer
    pagination_class = LastChangedFirst
    lookup_value_regex = ROW_NUMBER
    filter_backends = [DjangoFilterBackend]
    filterset_class = KnownIssueFilter

    def get_queryset(self) -> QuerySet[KnownIssue]:
        return KnownIssue.objects.visible_to(_person(self.request)).select_related("owner").defer("search")

    def filter_queryset(self, queryset: QuerySet[KnownIssue, Any]) -> QuerySet[KnownIssue, Any]:
        return super().filter_queryset(queryset) if self.action == "list" else queryset


def register(router: BaseRouter) -> None:
    """Put articles and known issues under `router`'s addresses."""
    router.register("articles", ArticleViewSet, basename="api-article")
    router.register("known-issues", KnownIssueViewSet, basename="api-known-issue")
