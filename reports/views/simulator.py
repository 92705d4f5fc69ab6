"""The simulator: what to try, how far it has come, and what it would have changed."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from common import csv_export, progress
from common.errors import NotAllowed, Refused
from escalations import service_levels
from escalations.models import Ticket
from reports import access
from reports import simulation as simulating
from reports.forms.figures import SimulatedFilter, SimulationForm
from reports.models import Outcome, SimulatedClock, Simulation, SimulationState
from reports.trial import changed_since
from reports.views import simulated
from reports.views.asking import reader

PAGE_SIZE = 25
TABLES = {"figures", "clocks"}
#: Which of a clock's two outcomes is the missed one.
_MISSED = {"worse": "after", "better": "before"}


@require_http_methods(["GET", "HEAD", "POST"])
@once
def simulator(request: HttpRequest) -> HttpResponse:
    """List the simulations there are, and start another."""
    user = reader(request)
    if not service_levels.may_read(user):
        raise Http404
    teams = access.teams_read(user)
    if request.method == "POST":
        if not service_levels.may_set_up(user):
            raise Http404
        form = SimulationForm(request.POST, teams=teams)
        if form.is_valid() and (started := _start(form, request)) is not None:
            return redirect(started)
        return render(request, "reports/simulator.html", _overview(request, form), status=422)
    asked = {name: request.GET.getlist(single) for name, single in _PRESELECTED.items()}
    return render(
        request, "reports/simulator.html", _overview(request, SimulationForm(initial=asked, teams=teams))
    )


#: What the address may choose beforehand: `?policy=ID` of a draft, and so on.
_PRESELECTED = {"policies": "policy", "calendars": "calendar", "rosters": "roster"}


def _start(form: SimulationForm, request: HttpRequest) -> Simulation | None:
    """Start what the valid form asks for; where that is refused, say so in the form and return None."""
    chosen = form.cleaned_data
    try:
        return simulating.request(
            form.tried(),
            by=reader(request),
            span=chosen["span"],
            last=chosen["last"],
            team=chosen["team"],
            category=chosen["category"],
        )
    except Refused as refusal:
        form.add_error(refusal.field, refusal.message)
        return None


def _overview(request: HttpRequest, form: SimulationForm) -> dict[str, Any]:
    user = reader(request)
    past = Simulation.objects.visible_to(user).select_related("requested_by", "team", "category")
    page = Paginator(past.defer("result").order_by("-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "form": form if service_levels.may_set_up(user) else None,
        "simulations": [(one, simulated.names(one.tried)) for one in page],
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else "",
    }


@require_safe
def simulation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one simulation: how far it has come, or what came out of it."""
    found = _visible(request, pk)
    context: dict[str, Any] = {
        "simulation": found,
        "names": simulated.names(found.tried),
        "pages": simulated.pages(found.tried),
        "may_cancel": service_levels.may_set_up(reader(request)),
    }
    if found.state == SimulationState.UNDER_WAY:
        context["progress"] = progress.of(simulating.job(found))
        part = "reports/_simulation_progress.html"
        return render(request, part if request.headers.get("HX-Request") else "reports/simulation.html", context)
    if found.state == SimulationState.DONE:
        context |= _result(request, found)
    return render(request, "reports/simulation.html", context, status=400 if "errors" in context else 200)


def _result(request: HttpRequest, found: Simulation) -> dict[str, Any]:
    teams = simulated.teams(found)
    form = SimulatedFilter(request.GET, teams=teams)
    if not form.is_valid():
        return {"form": form, "errors": form.errors}
    board = simulated.Board(found, {team.pk: team.name for team in teams}, form.cleaned_data)
    page = Paginator(_clocks(request, found, form.cleaned_data), PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "form": form,
        "board": board,
        "changed_since": changed_since(found.tried),
        "page": page,
        "previous_url": board.address(page=page.previous_page_number()) if page.has_previous() else "",
        "next_url": board.address(page=page.next_page_number()) if page.has_next() else "",
    }


@require_POST
@once
def simulation_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a simulation that is under way."""
    found = _visible(request, pk)
    try:
        simulating.cancel(found, by=reader(request))
    except NotAllowed:
        raise Http404 from None
    return redirect(found)


@require_safe
def simulation_csv(request: HttpRequest, pk: int, table: str) -> HttpResponse:
    """Give the figures, or the clocks that come out otherwise, as CSV, for the filters of the address."""
    found = _visible(request, pk)
    if table not in TABLES or found.state != SimulationState.DONE:
        raise Http404
    teams = simulated.teams(found)
    form = SimulatedFilter(request.GET, teams=teams)
    if not form.is_valid():
        raise Http404
    names = {team.pk: team.name for team in teams}
    if table == "figures":
        text = csv_export.write(*simulated.Board(found, names, form.cleaned_data).sheet)
    else:
        text = csv_export.write(*simulated.clock_sheet(_clocks(request, found, form.cleaned_data), names))
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="secondline-simulation-{found.pk}-{table}.csv"'},
    )


def _visible(request: HttpRequest, pk: int) -> Simulation:
    found = Simulation.objects.visible_to(reader(request)).select_related("requested_by", "team", "category")
    return get_object_or_404(found, pk=pk)


def _clocks(request: HttpRequest, found: Simulation, chosen: dict[str, Any]) -> QuerySet[SimulatedClock]:
    """Return the clocks that come out otherwise, of the tickets that the person may see."""
    visible = Ticket.objects.visible_to(reader(request)).values("pk")
    clocks = found.clocks.filter(ticket__in=visible).select_related("ticket__customer", "ticket__category")
    if chosen["change"]:
        clocks = clocks.filter(**{_MISSED[chosen["change"]]: Outcome.MISSED})
    narrowed = {name: chosen[name] for name in ("metric", "team", "priority") if chosen[name]}
    return clocks.filter(**narrowed).order_by("ticket", "metric", "cycle")
