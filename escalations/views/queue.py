"""The queue, L1's own list, and taking the next ticket."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, User
from accounts.views.once import once
from common.errors import Refused
from escalations import assignment, bulk, queue, saved_views
from escalations.bulk_deeds import DEEDS
from escalations.forms.filters import TicketFilter
from escalations.forms.saved_views import NewListForm, SavedViewForm
from escalations.models import State, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.saved_views import listing_address
from escalations.views.columns import ALWAYS, COLUMNS, USUAL, chosen, headings
from escalations.views.parts import forbidding, person, ticket_url
from escalations.views.rows import as_html, rows, shown

#: What the headings of columns sort by.
SORTED = frozenset(order for column in COLUMNS.values() for order in column.orders)


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
    deeds = DEEDS.values() if bulk.may_use(user) else []
    orders = ("urgency", "due", "risk", "newest", "oldest", "updated")
    listing = _listing(request, worked_by(user), orders=orders, selects=bool(deeds))
    here, views = listing_address(request.GET.lists()), saved_views.offered(user)
    changeable = [view for view in views if saved_views.may_change(view, user)]
    listing |= {
        "tabs": queue_tabs(user),
        "views": views,
        "here": here,
        "here_view": next((view for view in views if view.query == here), None),
        "view_form": SavedViewForm(initial={"query": here}, user=user),
        "new_list_form": NewListForm(initial={"query": here}, views=changeable),
        "changeable": changeable,
        "deeds": deeds,
    }
    return _answer(request, listing, whole="escalations/queue.html", part="escalations/parts/rows.html")


def worked_by(user: User) -> TicketQuerySet:
    """Return the tickets of the queue: those of their teams for whoever works tickets, else all they may see."""
    tickets = Ticket.objects.visible_to(user)
    own = user.teams_as(Role.L2, Role.LEAD)
    return tickets.filter(team__in=own) if own and not user.reads_all else tickets


@require_safe
def my_escalations(request: HttpRequest) -> HttpResponse:
    """Show what this person and their first-line team escalated, what needs them first."""
    user = person(request)
    tickets = Ticket.objects.visible_to(user)
    own = tickets.filter(created_by=user)
    if (from_teams := user.teams_as(Role.L1, Role.LEAD)) and request.GET.get("whose") != "mine":
        own = tickets.filter(l1_team__in=from_teams) | own
    listing = _own_listing(request, queue.with_last_word(own))
    listing["whose"] = request.GET.get("whose", "")
    listing["has_team"] = bool(from_teams)
    return _answer(
        request, listing, whole="escalations/my_escalations.html", part="escalations/parts/own_rows.html"
    )


def queue_tabs(user: User) -> list[tuple[str, str | Promise]]:
    """Return the views of the queue that mean something to `user`: (scope, label)."""
    if user.teams_as(Role.L2, Role.LEAD):
        return [
            ("mine", _("Mine")),
            ("untaken", _("Nobody's")),
            ("open", _("My teams' open")),
            ("all", _("All")),
        ]
    if user.reads_all:
        return [("untaken", _("Nobody's")), ("open", _("Open")), ("all", _("All"))]
    return [("open", _("Open")), ("all", _("All"))]


def _listing(
    request: HttpRequest, tickets: QuerySet[Ticket], *, orders: tuple[str, ...], selects: bool
) -> dict[str, Any]:
    """Return what the queue shows. Its `problem` says what is wrong with the address, if anything is."""
    user = person(request)
    filters = TicketFilter(request.GET, queryset=tickets, user=user)
    page = queue.Page([], None, None)
    problem: str | Promise = ""
    any_order, columns = filters.is_open_only, list(USUAL)
    orders = tuple(one for one in orders if any_order or queue.ORDERS[one].sorts_all)
    order = request.GET.get("order") or orders[0]
    try:
        columns = chosen(request.GET)
        if order not in SORTED:
            raise Refused(_("There is no such order."))
        if not (any_order or queue.ORDERS[order].sorts_all):
            raise Refused(_("Only open escalations can be sorted by this. Show those, or choose another order."))
        page = _page(request, filters, order, read=shown)
    except Refused as refusal:
        problem = refusal.message
    if order not in orders and order in SORTED:
        orders = (*orders, order)
    return {
        "filters": filters,
        "rows": as_html(page.tickets, user, columns, quote(listing_address(request.GET.lists())), selects=selects),
        "headings": headings(columns, request.GET, order, any_order=any_order),
        "columns": [(key, column.label, key in columns) for key, column in COLUMNS.items() if key != ALWAYS],
        "page": page,
        "problem": problem,
        "order": order,
        "orders": [(key, queue.ORDERS[key].label) for key in orders],
    }


def _own_listing(request: HttpRequest, tickets: QuerySet[Ticket]) -> dict[str, Any]:
    """Return what L1's own list shows; as `_listing`."""
    orders = ("needs_l1", "newest", "oldest", "updated")
    user = person(request)
    filters = TicketFilter(request.GET, queryset=tickets, user=user)
    page = queue.Page([], None, None)
    problem: str | Promise = ""
    order = request.GET.get("order") or orders[0]
    try:
        if order not in orders:
            raise Refused(_("There is no such order."))
        page = _page(request, filters, order)
    except Refused as refusal:
        problem = refusal.message
    return {
        "filters": filters,
        "rows": rows(page.tickets, user),
        "page": page,
        "problem": problem,
        "order": order,
        "orders": [(key, queue.ORDERS[key].label) for key in orders],
    }


def _page(request: HttpRequest, filters: TicketFilter, order: str, **how: Any) -> queue.Page:
    """Return the page of the list that the address asks for. Raises Refused for what there isn't."""
    if not filters.is_valid():
        raise Refused(_("This address asks for something that does not exist."))
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    return queue.page(filters.tickets(), order=order, after=after, before=before, **how)


def _answer(request: HttpRequest, listing: dict[str, Any], *, whole: str, part: str) -> HttpResponse:
    """Answer with the whole page, or with the rows alone when the page refreshes itself."""
    template = part if request.htmx else whole  # type: ignore[attr-defined]  # django-htmx adds it
    response = render(request, template, listing, status=400 if listing["problem"] else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@once
@forbidding
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
