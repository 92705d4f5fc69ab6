"""Looking something up for a ticket: which lookups there are, asking, the answer, and quoting it as evidence."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from audit.noting import note
from common.errors import Refused
from escalations.access import works_on
from escalations.forms.evidence import EvidenceForm
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person
from investigations.forms.lookups import RunForm
from investigations.lookups import parameters, running
from investigations.models import LookupRun, LookupState, LookupVersion
from investigations.views.asking import internal_ticket


@require_safe
def lookups(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what can be looked up for a ticket, and what was."""
    ticket, user = internal_ticket(request, reference), person(request)
    runs = running.read_by(user, ticket).select_related("version__lookup", "asked_by")
    runs = runs.defer("rows").order_by("-pk")
    context = {"ticket": ticket, "offered": running.offered(user, ticket), "runs": runs[:100]}
    return render(request, "investigations/lookups.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def run_lookup(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show a lookup with the ticket's values filled in, and have it run."""
    ticket, user = internal_ticket(request, reference), person(request)
    version = next((one for one in running.offered(user, ticket) if one.lookup_id == number), None)
    if version is None:
        raise Http404
    known = parameters.filled(parameters.stored(version.parameters), ticket)
    initial = {RunForm.field(name): value for name, value in known.items()}
    form = RunForm(request.POST or None, version=version, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            seen = _seen(request, version)
            run = running.ask(ticket, seen, form.values(), reason=form.cleaned_data["reason"], by=user)
        except Refused as refusal:
            field = refusal.field if refusal.field == "reason" else RunForm.field(refusal.field or "")
            form.add_error(field if field in form.fields else None, refusal.message)
        else:
            return redirect(run)
    context = {"ticket": ticket, "version": version, "form": form}
    return render(request, "investigations/run_lookup.html", context, status=422 if form.is_bound else 200)


def _seen(request: HttpRequest, version: LookupVersion) -> LookupVersion:
    """Return the version that the person saw, which may not hold any more."""
    number = request.POST.get("version", "")
    if not number.isdecimal() or len(number) > 6:
        return version
    seen = LookupVersion.objects.filter(lookup=version.lookup_id, number=number).select_related("lookup", "source")
    return seen.first() or version


def _run_of(request: HttpRequest, ticket: Ticket, number: int) -> LookupRun:
    runs = running.read_by(person(request), ticket).select_related(
        "version__lookup", "version__source", "asked_by"
    )
    run = get_object_or_404(runs, pk=number)
    run.ticket = ticket
    return run


@require_safe
def lookup_run(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show what was asked and what came, beside an earlier answer where the address names one."""
    ticket = internal_ticket(request, reference)
    run = _run_of(request, ticket, number)
    if run.state == LookupState.UNDER_WAY and request.headers.get("HX-Request"):
        return render(request, "investigations/_lookup_progress.html", {"run": run, "lost": running.is_lost(run)})
    return render(request, "investigations/lookup_run.html", _page(request, ticket, run))


def _page(
    request: HttpRequest, ticket: Ticket, run: LookupRun, form: EvidenceForm | None = None
) -> dict[str, Any]:
    user = person(request)
    context: dict[str, Any] = {
        "ticket": ticket,
        "run": run,
        "lost": running.is_lost(run),
        "works": works_on(user, ticket),
        "again": running.may_run(user, ticket, run.version) and run.version.lookup.is_active,
    }
    if run.state != LookupState.DONE:
        return context
    # What it shows is a customer's, whoever asked for it.
    note(
        "lookup.read", by=user, about=(running.SUBJECT, run.pk), data={"ticket": ticket.pk, "rows": len(run.rows)}
    )
    if len(run.rows) == 1:  # one thing with many columns reads better from above to below
        context["fields"] = list(zip(run.columns, run.rows[0], strict=True))
    context["earlier"] = earlier = running.earlier_runs(run, user)
    context["evidence_form"] = form or EvidenceForm(ticket=ticket)
    wanted = request.GET.get("with", "")
    chosen = next((one for one in earlier if str(one.pk) == wanted), None)
    if chosen is not None:
        try:
            context["difference"] = running.compare(run, chosen)
        except Refused as refusal:
            context["incomparable"] = refusal.message
    return context


@require_POST
@once
@forbidding
def lookup_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Quote an answer as evidence of a hypothesis of the ticket's diagnosis."""
    ticket = internal_ticket(request, reference)
    run = _run_of(request, ticket, number)
    form = EvidenceForm(request.POST, ticket=ticket)
    if form.is_valid():
        try:
            running.keep_as_evidence(run, by=person(request), **form.place())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The answer is evidence in the diagnosis now."))
            return redirect(ticket)
    return render(request, "investigations/lookup_run.html", _page(request, ticket, run, form), status=422)
