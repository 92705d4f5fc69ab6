"""Lists of sensitive actions: what waits for me, what I asked for, and all that I may see."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from actions import access, kinds
from actions.models import OPEN, Action, Kind, State
from actions.models.action import ActionQuerySet
from actions.views.parts import visible
from escalations import approvals
from escalations.views.parts import person

PAGE_SIZE = 50
WAITING, MINE, UNDER_WAY, ALL = "waiting", "mine", "open", "all"
MOST_COUNTED = 99


@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """List actions: waiting for this person's approval, their own, all open ones, or all."""
    user = person(request)
    if not access.uses_actions(user):
        raise Http404
    show, kind = request.GET.get("show", ""), request.GET.get("kind", "")
    state, after = request.GET.get("state", ""), request.GET.get("after", "")
    if (kind and kind not in Kind.values) or (state and state not in State.values):
        raise Http404
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Http404
    others = approvals.waiting_for(user)
    waiting = Action.objects.visible_to(user).waiting_for(user).count() + len(others)
    show = show or (WAITING if waiting else MINE if user.is_l2 else ALL)
    found = _of(show, user, visible(request))
    chosen = {"show": show}
    for name, value in (("kind", kind), ("state", state)):
        if value:
            found = found.filter(**{name: value})
            chosen[name] = value
    if after:
        found = found.filter(pk__lt=int(after))
    rows = list(found[: PAGE_SIZE + 1])
    context: dict[str, Any] = {
        "rows": [(one, kinds.measured(one.kind, one.amount, one.currency)) for one in rows[:PAGE_SIZE]],
        "others": others if show == WAITING and not (kind or after) else [],
        "show": show,
        "kind": kind,
        "state": state,
        "kinds": Kind.choices,
        "states": State.choices,
        "waiting": waiting,
        "reads_policies": access.may_read_policies(user),
        "first_url": f"?{urlencode(chosen)}" if after else "",
        "next_url": f"?{urlencode({**chosen, 'after': rows[PAGE_SIZE - 1].pk})}" if len(rows) > PAGE_SIZE else "",
    }
    return render(request, "actions/list.html", context)


def _of(show: str, user: User, found: ActionQuerySet) -> ActionQuerySet:
    if show == WAITING:
        return found.waiting_for(user).order_by("expires_at", "pk")
    if show == MINE:
        return found.filter(makers__contains=[user.pk])
    if show == UNDER_WAY:
        return found.filter(state__in=OPEN)
    if show == ALL:
        return found
    raise Http404


@require_safe
def waiting_count(request: HttpRequest) -> HttpResponse:
    """Return how many wait for this person's approval, for the menu."""
    user = person(request)
    waiting = Action.objects.visible_to(user).waiting_for(user).order_by()[: MOST_COUNTED + 1].count()
    waiting += len(approvals.waiting_for(user))
    return render(request, "actions/parts/nav_count.html", {"count": waiting})
