"""The queue, L1's own list, and taking the next ticket."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.views.once import once
from common.errors import Refused
from escalations import assignment, queue
from escalations.deadlines import of_clocks
from escalations.filters import TicketFilter
from escalations.models import State, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.views.parts import person, ticket_url


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead each person to where their day begins."""
    user = person(request)
    if user.is_lead or user.is_auditor or (user.is_superuser and not user.roles):
        return redirect("dashboard")
    if user.is_l1 and not user.is_l2:
        return redirect("my_escalations")
    return redirect("queue")


@require_safe
def queue_page(request: HttpRequest) -> HttpResponse:
    """Show the tickets this person works on, most urgent first."""
    user = person(request)
    tickets = Ticket.objects.visible_to(user)
    if not user.reads_all and (own := user.teams_as(Role.L2, Role.LEAD)):
        tickets = tickets.filter(team__in=own)
    return _listing(request, tickets, template="escalations/queue.html", order="urgency")


@require_safe
def my_escalations(request: HttpRequest) -> HttpResponse:
    """Show what this person and their first-line team escalated, the newest first."""
    user = person(request)
    tickets = Ticket.objects.visible_to(user)
    own = tickets.filter(created_by=user)
    if (from_teams := user.teams_as(Role.L1, Role.LEAD)) and request.GET.get("whose") != "mine":
        own = tickets.filter(l1_team__in=from_teams) | own
    return _listing(request, own, template="escalations/my_escalations.html", order="newest")


def _listing(request: HttpRequest, tickets: TicketQuerySet, *, template: str, order: str) -> HttpResponse:
    user = person(request)
    filters = TicketFilter(request.GET, queryset=tickets, user=user)
    chosen = request.GET.get("order", order)
    status = 200
    page = queue.Page([], None, None)
    problem = ""
    try:
        if chosen not in queue.ORDERS:
            raise Refused(_("There is no such order."))
        if filters.is_valid():
            page = queue.page(
                _open_unless_said(filters),
                order=chosen,
                after=request.GET.get("after", ""),
                before=request.GET.get("before", ""),
            )
        else:
            status = 400
    except Refused as refusal:
        problem, status = refusal.message, 400
    rows = [(ticket, of_clocks(ticket.live_clocks)) for ticket in page.tickets]
    context = {
        "filters": filters,
        "rows": rows,
        "page": page,
        "problem": problem,
        "order": chosen,
        "orders": queue.ORDERS.items(),
        "scope": request.GET.get("scope", "open"),
        "narrowed": any(value for name, value in request.GET.items() if name not in _NOT_FILTERS),
        "returned_state": State.RETURNED,
    }
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        template = "escalations/parts/rows.html"
    return render(request, template, context, status=status)


_NOT_FILTERS = {"order", "after", "before", "scope", "whose"}


def _open_unless_said(filters: TicketFilter) -> TicketQuerySet:
    """Show open tickets unless the address asks for a state or a scope."""
    cleaned = filters.form.cleaned_data
    tickets: TicketQuerySet = filters.qs
    asked = cleaned.get("state") or cleaned.get("scope") or cleaned.get("q") or cleaned.get("resolved")
    return tickets if asked else tickets.open()


@require_POST
@once
def take_next(request: HttpRequest) -> HttpResponse:
    """Give this person the most urgent ticket nobody has, and open it."""
    try:
        ticket = assignment.take_next(by=person(request))
    except Refused as refusal:
        messages.warning(request, refusal.message)
        return redirect("queue")
    if ticket is None:
        messages.info(request, _("Nothing waits to be taken in your teams."))
        return redirect("queue")
    if ticket.state == State.NEW:
        return redirect(reverse("triage", args=[ticket.reference]))
    return redirect(ticket_url(ticket))
