"""The bug reports that somebody may see, and how many customers wait for each."""

from datetime import timedelta

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bugs.models import BugReport, State, Tracker
from common import clock
from escalations import waits
from escalations.models import Ticket
from escalations.models.ticket import OPEN
from escalations.views.parts import person

MOST = 200
AGES = (1, 7, 30, 90)


@require_safe
def bug_list(request: HttpRequest) -> HttpResponse:
    """List bug reports, those that the most escalations wait for first."""
    user = person(request)
    if not waits.may_list(user):
        raise Http404
    state, tracker, age = (request.GET.get(name, "") for name in ("state", "tracker", "age"))
    found = BugReport.objects.visible_to(user).select_related("tracker", "made_by")
    if state in State:
        found = found.filter(state=state)
    if tracker.isdecimal() and len(tracker) < 10:
        found = found.filter(tracker=int(tracker))
    if age in {str(days) for days in AGES}:
        found = found.filter(made_at__lte=clock.now() - timedelta(days=int(age)))
    seen = Ticket.objects.visible_to(user).filter(state__in=OPEN)
    waiting = Q(concerned__ticket__in=seen.values("pk"), concerned__answered_at=None)
    context = {
        "bugs": found.annotate(waiting=Count("concerned", filter=waiting, distinct=True)).order_by(
            "-waiting", "-pk"
        )[: MOST + 1],
        "most": MOST,
        "states": State.choices,
        "state": state,
        "trackers": Tracker.objects.all(),
        "tracker": tracker,
        "ages": AGES,
        "age": age,
    }
    return render(request, "bugs/bugs.html", context)
