"""Reading figures and trends over the API."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet, ViewSet

from accounts.models import User
from common.pagination import Cursors
from common.row_numbers import ROW_NUMBER
from reports import access, naming, summaries, trends
from reports.api.serializers import MetricsSerializer, QuestionSerializer, TrendSerializer
from reports.forms.figures import FigureFilter
from reports.models import Measure, Trend, TrendStatus
from reports.summaries import GROUPS

FILTERS = [
    OpenApiParameter(
        "measure", OpenApiTypes.STR, required=True, enum=list(Measure.values), many=True, explode=False
    ),
    OpenApiParameter("group_by", OpenApiTypes.STR, enum=list(GROUPS), many=True, explode=False),
    OpenApiParameter("since", OpenApiTypes.DATE, description="The first day; 30 days up to today by default."),
    OpenApiParameter("until", OpenApiTypes.DATE, description="The last day."),
    *(OpenApiParameter(name, OpenApiTypes.INT) for name in ("team", "category", "priority", "agent")),
    OpenApiParameter("channel", OpenApiTypes.STR),
]


def _reader(request: Request) -> User:
    """Return who asks. Raises Http404 for whoever may read no figures."""
    user = request.user
    if not isinstance(user, User) or not (user.reads_all or access.teams_read(user)):
        raise Http404
    return user


class MetricsViewSet(ViewSet):
    """The figures of the teams whose figures you may read."""

    @extend_schema(parameters=FILTERS, responses=MetricsSerializer)
    def list(self, request: Request) -> Response:
        """Return measures over days, divided by `group_by`."""
        user = _reader(request)
        question = QuestionSerializer(data=request.query_params)
        question.is_valid(raise_exception=True)
        form = FigureFilter(request.query_params, teams=access.teams_read(user), all_teams=user.reads_all)
        if not form.is_valid():
            raise ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})
        selection = form.selection()
        asked = question.validated_data
        try:
            rows = summaries.summary(selection, [Measure(one) for one in asked["measure"]], asked["group_by"])
        except summaries.TooMuch:
            raise ValidationError(
                {"group_by": [_("This has too many rows. Ask for fewer days, measures or groups.")]}
            ) from None
        answer = {
            "since": selection.first,
            "until": selection.last,
            "time_zone": settings.DESK_TIME_ZONE,
            "rows": rows,
        }
        return Response(MetricsSerializer(answer).data)


class LatestFirst(Cursors):
    page_size = 50
    ordering = ("-last_day", "-pk")


class TrendViewSet(GenericViewSet[Trend]):
    """What rises more than chance explains."""

    queryset = Trend.objects.none()  # for the schema; each request gets its own
    serializer_class = TrendSerializer
    pagination_class = LatestFirst

    @extend_schema(parameters=[OpenApiParameter("status", OpenApiTypes.STR, enum=list(TrendStatus.values))])
    def list(self, request: Request) -> Response:
        """Return the trends, the latest first; `status` narrows them."""
        found = trends.shown_to(_reader(request))
        if status := request.query_params.get("status"):
            if status not in TrendStatus.values:
                raise ValidationError({"status": [_("There is no such status.")]})
            found = found.filter(status=status)
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response(_shown(list(page)))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one trend."""
        found = trends.shown_to(_reader(request)).filter(pk=int(pk)).first()
        if found is None:
            raise Http404
        return Response(_shown([found])[0])

    lookup_value_regex = ROW_NUMBER


def _shown(found: list[Trend]) -> Any:
    names = {one.trend.pk: one.label for one in naming.named(found)}
    return TrendSerializer(found, many=True, context={"names": names}).data


def register(router: BaseRouter) -> None:
    """Put figures and trends under `router`'s addresses."""
    router.register("metrics", MetricsViewSet, basename="api-metrics")
    router.register("trends", TrendViewSet, basename="api-trend")
