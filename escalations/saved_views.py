"""Views of the queue: names for addresses, for oneself, a team or everyone."""

from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, urlencode

from django.db import OperationalError, connection, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, Team, User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations.changes import required
from escalations.models import Ticket
from escalations.models.saved_view import Audience, SavedView
from events.recording import record

SUBJECT = "view"
#: So many views a person may keep.
MOST = 50
LONGEST_NAME, LONGEST_ADDRESS = 60, 2000
#: More tickets than these are not counted.
MOST_COUNTED = 500
#: In milliseconds: a count that takes longer is left out.
LONGEST_COUNT = 200
#: What names a page of a list, not the list.
_OF_A_PAGE = frozenset({"after", "before", "in"})


def listing_address(lists: Iterable[tuple[str, list[str]]]) -> str:
    """Return the query string of a list, from each name's values, without its page and what is empty."""
    return urlencode(
        [(name, value) for name, values in lists if name not in _OF_A_PAGE for value in values if value]
    )


def offered(user: User) -> list[SavedView]:
    """Return the views offered to `user`: own ones, their teams', everyone's."""
    return list(SavedView.objects.visible_to(user).kept())


def shares_with(user: User) -> QuerySet[Team]:
    """Return the teams with which `user` may share views: those they lead; an admin with all."""
    if user.is_auditor:
        return Team.objects.none()
    teams = Team.objects.filter(is_active=True).order_by("name")
    return teams if user.is_superuser else teams.filter(pk__in=user.teams_as(Role.LEAD))


@transaction.atomic
def save(name: str, query: str, *, by: User, audience: str = Audience.OWN, team: Team | None = None) -> SavedView:
    """Give an address of the queue a name. Raises NotAllowed, Refused."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two at once must not pass the limit
    own = SavedView.objects.filter(owner=by)
    if own.kept().count() >= MOST:
        raise Refused(_("You have %d views already: delete one first.") % MOST)
    view = SavedView(
        owner=by,
        query=_address(query),
        position=(own.aggregate(last=Max("position"))["last"] or 0) + 1,
        created_at=clock.now(),
    )
    return _keep(view, "saved", name, audience, team, by)


@transaction.atomic
def change(
    view: SavedView, *, by: User, name: str, audience: str, team: Team | None = None, query: str | None = None
) -> SavedView:
    """Rename a view, share it otherwise, or give it another address. Raises Absent, NotAllowed, Refused."""
    locked = _locked(view, by)
    if query is not None:
        locked.query = _address(query)
    return _keep(locked, "changed", name, audience, team, by)


@transaction.atomic
def list_instead(view: SavedView, query: str, *, by: User) -> SavedView:
    """Let a view list what another address lists; its name and audience stay.

    Raises Absent, NotAllowed, Refused.
    """
    locked = _locked(view, by)
    return change(locked, by=by, name=locked.name, audience=locked.audience, team=locked.team, query=query)


@transaction.atomic
def delete(view: SavedView, *, by: User) -> None:
    """Take a view away; `restore` brings it back. Raises Absent, NotAllowed."""
    _mark(view, by, deleted=True)


@transaction.atomic
def restore(view: SavedView, *, by: User) -> None:
    """Bring a deleted view back. Raises Absent, NotAllowed."""
    _mark(view, by, deleted=False)


def may_change(view: SavedView, user: User) -> bool:
    """Tell whether `user` may rename, share or delete the view: its owner, and admins those that are shared."""
    return view.owner_id == user.pk or (
        user.is_superuser and not user.is_auditor and view.audience != Audience.OWN
    )


def counts(lists: Sequence[QuerySet[Ticket]]) -> list[int | None]:
    """Return how many tickets each list has, at most MOST_COUNTED + 1, all in one question.

    None for all where counting takes more than LONGEST_COUNT: counts must not cost more than the page.
    """
    # The statements are Django's own, with their values apart.
    asked = [one.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params() for one in lists]
    if not asked:
        return []
    columns = ", ".join("(SELECT count(*) FROM (" + sql + ") AS listed)" for sql, _params in asked)  # noqa: S608
    params = [value for _sql, values in asked for value in values]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_COUNT}")
            cursor.execute("SELECT " + columns, params)
            found = list(cursor.fetchone())
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
            return found
    except OperationalError:
        return [None] * len(asked)


def _keep(view: SavedView, what: str, name: str, audience: str, team: Team | None, by: User) -> SavedView:
    view.name = redaction.clean(required(name, "name", _("Give the view a name.")))[:LONGEST_NAME]
    view.audience, view.team = Audience(audience), team if audience == Audience.TEAM else None
    if view.audience == Audience.EVERYONE and (not by.is_superuser or by.is_auditor):
        raise NotAllowed(_("Only admins share views with everyone."))
    if view.audience == Audience.TEAM:
        if team is None:
            raise Refused(_("Choose the team."), field="team")
        if team not in shares_with(by):
            raise NotAllowed(_("Only a team's leads share views with it."))
    view.save()
    data = {"audience": view.audience, "team": view.team_id, "query": view.query}
    record(f"view.{what}", subject=(SUBJECT, view.pk), by=by, data=data)
    return view


def _mark(view: SavedView, by: User, *, deleted: bool) -> None:
    locked = _locked(view, by)
    if (locked.deleted_at is not None) == deleted:
        return
    locked.deleted_at = clock.now() if deleted else None
    locked.save(update_fields=["deleted_at"])
    record(f"view.{'deleted' if deleted else 'restored'}", subject=(SUBJECT, locked.pk), by=by)


def _locked(view: SavedView, by: User) -> SavedView:
    visible = SavedView.objects.visible_to(by)
    locked = SavedView.objects.select_for_update().filter(pk=view.pk, pk__in=visible.values("pk")).first()
    if locked is None:
        raise Absent(_("There is no such view."))
    if not may_change(locked, by):
        raise NotAllowed(_("Only %s may change this view.") % locked.owner)
    return locked


def _address(query: str) -> str:
    address = listing_address(parse_qs(redaction.clean(query)).items())
    if len(address) > LONGEST_ADDRESS:
        raise Refused(_("This address is too long to be saved: take some filters away."))
    return address
