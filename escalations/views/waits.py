"""Who waits for whom, as one list; reminding them; and escalations that wait for another one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, Team, TeamKind
from accounts.views.once import once
from common.errors import Absent, DomainError, NotAllowed, Refused
from escalations import waits
from escalations.models import Dependency, Ticket
from escalations.similar import exact_reference
from escalations.views.parts import done, forbidding, person, ticket_url, visible_ticket


@require_safe
def wait_list(request: HttpRequest) -> HttpResponse:
    """Show every open wait: who waits for whom, since when, until when."""
    user = person(request)
    if not waits.may_list(user):
        raise Http404
    teams = Team.objects.filter(kind=TeamKind.L2, is_active=True)
    if not user.reads_all:
        teams = teams.filter(pk__in=user.teams_as(Role.L2, Role.LEAD))
    raw, on = request.GET.get("team", ""), request.GET.get("on", "")
    team = int(raw) if raw.isdecimal() and len(raw) < 19 else None
    on = on if on in set(waits.On) else ""
    overdue = request.GET.get("show") == "overdue"
    found, more = waits.listed(user, team=team, on=on, overdue=overdue)
    context = {
        "found": found,
        "more": more,
        "most": waits.MOST,
        "teams": teams,
        "team": team,
        "on": on,
        "kinds": waits.LABELS.items(),
        "overdue": overdue,
        "may_nudge": not user.is_auditor,
    }
    return render(request, "escalations/waits.html", context)


@require_POST
@once
@forbidding
def nudge(request: HttpRequest) -> HttpResponse:
    """Remind whoever a wait is on."""
    ticket = visible_ticket(request, request.POST.get("ticket", ""))
    back = reverse("waits")
    try:
        waits.nudge(ticket, request.POST.get("wait", "")[:40], by=person(request))
    except Absent as absent:
        raise Http404 from absent
    except NotAllowed:
        raise
    except DomainError as refusal:
        context = {"message": refusal.message, "back_url": back}
        return render(request, "400.html", context, status=422)
    done(request, _("They are reminded. They can be reminded again tomorrow."))
    return redirect(back)


@require_POST
@once
@forbidding
def depend(request: HttpRequest, reference: str) -> HttpResponse:
    """Note that this escalation waits for another one."""
    ticket = visible_ticket(request, reference)
    number = exact_reference(request.POST.get("on", "").strip())
    other = Ticket.objects.visible_to(person(request)).filter(pk=number).first() if number else None
    try:
        if other is None:
            raise Refused(_("There is no such escalation."))
        waits.depend(ticket, other, by=person(request))
    except NotAllowed:
        raise
    except DomainError as refusal:
        context = {"message": refusal.message, "back_url": ticket_url(ticket)}
        return render(request, "400.html", context, status=422)
    done(request, _("It waits for %s.") % other.reference)
    return redirect(ticket_url(ticket))


@require_POST
@once
@forbidding
def end_dependency(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Note that this escalation waits for the other one no longer."""
    ticket = visible_ticket(request, reference)
    row = get_object_or_404(Dependency, pk=number, ticket=ticket)
    waits.release(row, by=person(request))
    done(request, _("It waits no longer."))
    return redirect(ticket_url(ticket))
