"""What every page about figures does first: see who asks, and for what."""

from typing import TypeVar

from django.http import Http404, HttpRequest

from accounts.models import Team, User
from reports import access
from reports.forms.figures import FigureFilter

F = TypeVar("F", bound=FigureFilter)


def reader(request: HttpRequest) -> User:
    """Return the signed-in person."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  sign-in is required before any view
    return user


def readable_teams(request: HttpRequest) -> list[Team]:
    """Return the teams whose figures the person may read. Raises Http404 where there are none."""
    user = reader(request)
    teams = access.teams_read(user)
    if not teams and not user.reads_all:
        raise Http404
    return teams


def asked(request: HttpRequest, form: type[F]) -> F:
    """Return the filters of the address, unchecked, for what the person may read."""
    return form(request.GET, teams=readable_teams(request), all_teams=reader(request).reads_all)
