"""Sweeps through what is stored: how far they have come, and starting one."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from accounts.views.preferences import person
from common.errors import NotAllowed
from incidents import sweeping
from incidents.forms import SweepForm
from incidents.models import Sweep

RECENT = 20


@require_safe
def sweep_list(request: HttpRequest) -> HttpResponse:
    """Show the last sweeps, and how far the one under way has come."""
    user = person(request)
    if not user.reads_all:
        raise Http404
    sweeps = list(Sweep.objects.select_related("started_by")[:RECENT])
    under_way = next((one for one in sweeps if one.finished_at is None and not one.target), None)
    done = under_way.tables.index(under_way.table) if under_way and under_way.table in under_way.tables else 0
    context = {
        "sweeps": sweeps,
        "under_way": under_way,
        "done": done,
        "may_start": user.is_superuser,
        "form": SweepForm(),
    }
    part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == "sweeps"
    return render(request, "incidents/parts/sweeps.html" if part else "incidents/sweeps.html", context)


@require_POST
@once
def start(request: HttpRequest) -> HttpResponse:
    """Have the workers sweep everything that is stored."""
    form = SweepForm(request.POST)
    try:
        removes = form.is_valid() and form.cleaned_data["remove"]
        sweep = sweeping.begin(by=person(request), removes=removes)
    except NotAllowed:
        raise Http404 from None
    if not sweep.step:
        sweeping.owe(sweep)
    messages.success(request, _("Everything that is stored is being searched. What is found opens an incident."))
    return redirect("sweeps")
