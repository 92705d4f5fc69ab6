"""What pages ask for again when the live stream tells them to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from escalations import alerts, presence
from escalations.access import reads_internal, works_on
from escalations.views.parts import person, visible_ticket
from escalations.views.ticket import moving_context


@require_safe
def stream(request: HttpRequest) -> HttpResponse:
    """Say that there is no stream here (204: don't ask again). Where there is one, config.asgi answers."""
    return HttpResponse(status=204)


@require_safe
@never_cache
def ticket_now(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what moves on a ticket page: head, actions, timeline, deadlines, facts. Nothing that is typed in."""
    ticket = visible_ticket(request, reference)
    return render(request, "escalations/parts/now.html", moving_context(ticket, person(request)))


@require_POST
@never_cache
def who_is_here(request: HttpRequest, reference: str) -> HttpResponse:
    """Note that this person has the ticket open, writes an answer, or leaves; show who else is there."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not reads_internal(user, ticket):
        raise Http404
    leaves = request.POST.get("does") == "leave"
    if works_on(user, ticket):
        if leaves:
            presence.leave(ticket, by=user)
        else:
            presence.note(ticket, by=user, replying=request.POST.get("does") == "reply")
    context = {"ticket": ticket, "present": [] if leaves else presence.others(ticket, user)}
    return render(request, "escalations/parts/presence.html", context)


@require_safe
@never_cache
def unread_alerts(request: HttpRequest) -> HttpResponse:
    """Show how many alerts the person has not read."""
    return render(request, "components/nav_count.html", {"count": alerts.unread(person(request))})
