"""Who is on duty, over the API."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import ViewSet

from accounts import roster, rostering
from accounts.api.serializers import PersonSerializer
from accounts.models import User
from common import clock


class OnDutySerializer(serializers.Serializer[Any]):
    """A person of a team's roster now."""

    person = PersonSerializer()
    availability = serializers.CharField(source="person.availability")
    on_duty = serializers.SerializerMethodField()
    until = serializers.DateTimeField(
        source="on.ends", default=None, help_text="When they go off; null when off, or on round the clock."
    )
    next_from = serializers.DateTimeField(source="next.starts", default=None, help_text="When they come on next.")
    next_until = serializers.DateTimeField(source="next.ends", default=None)

    def get_on_duty(self, standing: roster.Standing) -> bool:
        return standing.on is not None


class TeamRosterSerializer(serializers.Serializer[Any]):
    """A team with everybody on its roster: on duty first, then by who comes next."""

    team = serializers.CharField()
    time_zone = serializers.CharField()
    people = OnDutySerializer(many=True)


class RosterViewSet(ViewSet):
    """Who is on duty now, who is off, and who comes next."""

    @extend_schema(responses=TeamRosterSerializer(many=True))
    def list(self, request: Request) -> Response:
        user = request.user
        if not isinstance(user, User) or not rostering.may_read(user):
            raise Http404
        teams: dict[str, dict[str, Any]] = {}
        for standing in roster.standings(rostering.rostered_teams(), clock.now()):
            name = standing.duty.team.name
            entry = teams.setdefault(name, {"team": name, "time_zone": standing.duty.zone, "people": []})
            entry["people"].append(standing)
        answer = [teams[name] for name in sorted(teams)]
        return Response(TeamRosterSerializer(answer, many=True).data)


def register(router: BaseRouter) -> None:
    router.register("roster", RosterViewSet, basename="api-roster")
