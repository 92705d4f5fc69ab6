"""The list of hand-overs: what a partner is asked, or what the desk has asked, what is due first on top."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Role, User
from common import clock
from escalations.clocks import whole_second
from escalations.models import UNFINISHED, Clock, HandOver, HandOverState, Metric
from escalations.models.handover import HandOverQuerySet
from escalations.models.ticket import NEVER_DUE

SIZE = 50
OPEN, MINE, UNOWNED, OVERDUE, ANSWERED, ALL = "open", "mine", "unowned", "overdue", "answered", "all"
SHOWS = (OPEN, MINE, UNOWNED, OVERDUE, ANSWERED, ALL)


def may_list(user: User) -> bool:
    """Tell whether hand-overs concern this person: partners, the second line, and who reads everything."""
    return bool(user.teams_as(Role.PARTNER, Role.L2, Role.LEAD)) or user.reads_all


def with_due(rows: HandOverQuerySet) -> HandOverQuerySet:
    """Return these with `due_at`, until when an answer is due by their clock; none while it stands still."""
    own = Clock.objects.filter(
        ticket=OuterRef("ticket"), metric=Metric.HAND_OVER, team=OuterRef("team"), state__in=UNFINISHED
    )
    latest = own.order_by("-pk").values("due_at")[:1]
    return rows.annotate(due_at=Case(When(ended_at=None, then=Subquery(latest)), default=None))


@dataclass(frozen=True)
class Page:
    rows: list[HandOver]
    more: bool


def page(user: User, *, show: str = OPEN, team: int | None = None, number: int = 1) -> Page:
    """Return a page of what this person may see: what is due first on top, what is over by when it ended."""
    rows = HandOver.objects.visible_to(user).select_related("ticket", "team", "owner", "asked_by")
    rows = with_due(rows).filter(_shown(show, user))
    if team is not None:
        rows = rows.filter(team=team)
    now = whole_second(clock.now())
    if show == OVERDUE:
        rows = rows.filter(Q(("due_at__lt", now)))
    over = Case(When(ended_at=None, then=0), default=1, output_field=IntegerField())
    due = Coalesce("due_at", Value(NEVER_DUE))
    rows = rows.order_by(over, due, F("ended_at").desc(nulls_last=True), "pk")
    start = (number - 1) * SIZE
    found = list(rows[start : start + SIZE + 1])
    return Page(found[:SIZE], len(found) > SIZE)


def _shown(show: str, user: User) -> Q:
    is_open = Q(ended_at=None)
    if show == MINE:
        own = Q(owner=user)
        if not user.teams_as(Role.PARTNER):  # of the desk: what this person asked, answers included
            return Q(asked_by=user) & (is_open | Q(state=HandOverState.ANSWERED))
        return own & is_open
    if show == UNOWNED:
        return is_open & Q(owner=None)
    if show == ANSWERED:
        return Q(state=HandOverState.ANSWERED)
    return Q() if show == ALL else is_open


def due_of(hand_over: HandOver) -> Clock | None:
    """Return the hand-over's open clock, or its last one."""
    clocks = Clock.objects.filter(ticket=hand_over.ticket_id, metric=Metric.HAND_OVER, team=hand_over.team_id)
    since: datetime = whole_second(hand_over.asked_at)
    return clocks.filter(started_at=since).select_related("team").order_by("-pk").first()
