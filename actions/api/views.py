"""Sensitive actions over the API: list, write, request, decide, cancel."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action as route
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet, ViewSet

from accounts.api.idempotency import PARAMETER, idempotent
from accounts.forms.confirm import ConfirmForm
from actions import checks, facts, kinds, lifecycle
from actions.api.serializers import (
    ActionDetailSerializer,
    ActionReasonSerializer,
    ActionSerializer,
    ApprovalSerializer,
    EditedActionSerializer,
    KindOfActionSerializer,
    NewActionSerializer,
    RejectionSerializer,
    VersionSerializer,
)
from actions.facts import Facts
from actions.models import Action, Kind, State
from actions.models.action import ActionQuerySet
from actions.transitions import open_to
from common.pagination import Cursors
from common.problems import problem
from common.row_numbers import ROW_NUMBER
from escalations.api.views import person
from escalations.contract import Invalid


class Newest(Cursors):
    page_size = 50
    ordering = ("-pk",)


class ActionViewSet(mixins.ListModelMixin, GenericViewSet[Action]):
    """Sensitive actions that you may see, the newest first."""

    queryset = Action.objects.none()
    serializer_class = ActionSerializer
    pagination_class = Newest
    lookup_value_regex = ROW_NUMBER

    def get_queryset(self) -> ActionQuerySet:
        user = person(self.request)
        found = Action.objects.visible_to(user)
        if self.request.query_params.get("waiting") == "me":
            found = found.waiting_for(user)
        return found.select_related(
            "ticket__customer", "ticket__team", "policy", "created_by", "requested_by", "approved_by"
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=State.values),
            OpenApiParameter("kind", str, enum=Kind.values),
            OpenApiParameter("waiting", str, enum=["me"], description="Only what you may approve now."),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of actions."""
        found = self.get_queryset()
        for name, known in (("state", State.values), ("kind", Kind.values)):
            if wanted := request.query_params.get(name):
                if wanted not in known:
                    raise ValidationError({name: [_("There is no such choice.")]})
                found = found.filter(**{name: wanted})
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ActionSerializer(page, many=True).data)

    @extend_schema(responses=ActionDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one action with its checks as of now and what you may do with it."""
        found = self.get_object()
        return self._detail(found, facts.gather(found, by=person(request)))

    @extend_schema(request=NewActionSerializer, responses={201: ActionSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Write the draft of an action."""
        given = NewActionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user, data = person(request), given.validated_data
        ticket = given.ticket_seen_by(user)
        if ticket is None:
            raise ValidationError({"ticket": [_("There is no such escalation.")]})
        try:
            made = lifecycle.draft(ticket, data["kind"], data["payload"], data["evidence"], by=user)
        except Invalid as invalid:
            raise ValidationError({"payload": invalid.errors}) from None
        location = {"Location": made.get_absolute_url()}
        return Response(ActionSerializer(made).data, status=status.HTTP_201_CREATED, headers=location)

    @extend_schema(request=EditedActionSerializer, responses=ActionSerializer)
    @idempotent
    @route(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str) -> Response:
        """Write an action anew; what was requested or approved is a draft again."""
        given = EditedActionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        try:
            edited = lifecycle.edit(
                self.get_object(),
                data["payload"],
                data["evidence"],
                by=person(request),
                version=data.get("version"),
            )
        except Invalid as invalid:
            raise ValidationError({"payload": invalid.errors}) from None
        return Response(ActionSerializer(edited).data)

    @extend_schema(request=VersionSerializer, responses=ActionSerializer, parameters=[PARAMETER])
    @route(detail=True, methods=["post"], url_path="request")
    def ask(self, request: Request, pk: str) -> Response:
        """Ask for approval."""
        found = self.get_object()
        return self._ask(request, found, facts.gather(found, by=person(request)))

    @idempotent
    def _ask(self, request: Request, found: Action, known: Facts) -> Response:
        given = VersionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = lifecycle.request(found, known, by=person(request), version=given.validated_data.get("version"))
        return Response(ActionSerializer(asked).data)

    @extend_schema(request=ApprovalSerializer, responses=ActionSerializer, parameters=[PARAMETER])
    @route(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve exactly what hashes to `digest`, with your password or the code of your app."""
        found = self.get_object()
        return self._approve(request, found, facts.gather(found, by=person(request)))

    @idempotent
    def _approve(self, request: Request, found: Action, known: Facts) -> Response:
        given = ApprovalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user, data = person(request), given.validated_data
        confirm = ConfirmForm({name: data.get(name, "") for name in ("password", "code")}, user=user)
        if not confirm.is_valid():  # answered and not raised, or the failure would not be counted
            errors = {name: [str(one) for one in said] for name, said in confirm.errors.items()}
            return problem(status.HTTP_400_BAD_REQUEST, _("Some values have to be mended."), errors=errors)
        approved = lifecycle.approve(
            found,
            known,
            by=user,
            digest=data["digest"],
            proof_given=confirm.proof(),
            accepted=data["accepted"],
        )
        return Response(ActionSerializer(approved).data)

    @extend_schema(request=RejectionSerializer, responses=ActionSerializer)
    @idempotent
    @route(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Say no to what hashes to `digest`."""
        given = RejectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        rejected = lifecycle.reject(self.get_object(), by=person(request), **given.validated_data)
        return Response(ActionSerializer(rejected).data)

    @extend_schema(request=ActionReasonSerializer, responses=ActionSerializer)
    @idempotent
    @route(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Withdraw an action that nobody has begun to carry out."""
        given = ActionReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        cancelled = lifecycle.cancel(self.get_object(), by=person(request), **given.validated_data)
        return Response(ActionSerializer(cancelled).data)

    def _detail(self, found: Action, known: Facts) -> Response:
        user = person(self.request)
        found.checks_now = checks.judge(found, known, by=user)  # type: ignore[attr-defined]  # for the serializer
        found.offers = list(open_to(user, found))  # type: ignore[attr-defined]
        return Response(ActionDetailSerializer(found).data)


class KindViewSet(ViewSet):
    """The kinds of actions."""

    @extend_schema(responses=KindOfActionSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Return each kind with the JSON Schema of its payload and the evidence it needs."""
        return Response(KindOfActionSerializer(list(kinds.KINDS.values()), many=True).data)


def register(router: BaseRouter) -> None:
    router.register("actions", ActionViewSet, basename="api-action")
    router.register("action-kinds", KindViewSet, basename="api-action-kind")
