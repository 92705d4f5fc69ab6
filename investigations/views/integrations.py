"""A customer's integration: what is known of it, its checklists and re-checks."""

from typing import Any

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations.access import works_on
from escalations.models import Ticket
from escalations.models.ticket import OPEN
from escalations.views.parts import conflict_of, done, forbidding, person
from investigations.forms.health import FaultForm, IntegrationForm, RecheckForm, initial_of
from investigations.health import calls, checklists, integrations, rechecks, retiring, runbooks
from investigations.models import Checklist, ChecklistStep, Integration, Recheck, StepState, VersionFault
from investigations.views.asking import internal_ticket
from knowledgebase.access import may_write as may_write_issues
from knowledgebase.models import KnownIssue


def visible_integration(request: HttpRequest, number: int) -> Integration:
    """Return the integration, or answer 404."""
    visible = Integration.objects.visible_to(person(request)).select_related("customer")
    return get_object_or_404(visible, pk=number)


def _worked(integration: Integration, user: User) -> list[Ticket]:
    """Return the customer's open tickets that the person works on, the newest first."""
    visible = Ticket.objects.visible_to(user).filter(customer=integration.customer_id, state__in=OPEN)
    return [ticket for ticket in visible.order_by("-pk")[:50] if works_on(user, ticket)]


@require_safe
def integration_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show one integration."""
    return _shown(request, visible_integration(request, number))


def _shown(
    request: HttpRequest, integration: Integration, *, recheck_form: RecheckForm | None = None,
    fault_form: FaultForm | None = None,
) -> HttpResponse:  # fmt: skip
    user = person(request)
    visible = Ticket.objects.visible_to(user)
    worked = _worked(integration, user)
    offered = [] if integration.retired_at else worked
    lists = Checklist.objects.filter(integration=integration, ticket__in=visible)
    checks = Recheck.objects.filter(integration=integration, ticket__in=visible)
    steps = ChecklistStep.objects.select_related("by").order_by("place")
    first = integration.endpoints[0] if integration.endpoints else ""
    bound = [form for form in (recheck_form, fault_form) if form]
    context = {
        "integration": integration,
        "may_write": integrations.may_write(user),
        "tickets": offered,
        "worked": {ticket.pk for ticket in worked},
        "faults": integrations.faults_of([integration], user)[integration.pk],
        "removed_faults": integrations.faults_of([integration], user, removed=True)[integration.pk],
        "just_removed": request.GET.get("removed", ""),
        "may_fault": may_write_issues(user),
        "calls": calls.last(integration, user),
        "checklists": [
            (one, [(one.runbook.steps[step.place], step) for step in one.steps.all()])
            for one in lists.select_related("runbook", "ticket", "started_by")
            .prefetch_related(Prefetch("steps", steps))
            .order_by("-pk")[:5]
        ],
        "may_start": {ticket.pk for ticket in offered} - set(lists.values_list("ticket", flat=True)),
        "states": StepState.choices,
        "has_runbook": runbooks.for_customer(integration.plugin, integration.customer.language) is not None,
        "rechecks": rechecks.with_strips(checks.select_related("ticket", "started_by").order_by("-pk")[:10]),
        "recheck_form": recheck_form or RecheckForm(initial={"url": first}),
        "fault_form": fault_form or _fault_form(user),
        "form": bound[0] if bound else None,
    }
    return render(request, "investigations/health/integration.html", context, status=422 if bound else 200)


def _fault_form(user: User, data: Any = None) -> FaultForm:
    return FaultForm(data, issues=KnownIssue.objects.visible_to(user).defer("search").order_by("title"))


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_integration(request: HttpRequest, reference: str) -> HttpResponse:
    """Write down an integration of the ticket's customer, beginning with what the contract says."""
    ticket, user = internal_ticket(request, reference), person(request)
    if not works_on(user, ticket):
        raise Http404
    return _edit(
        request,
        None,
        ticket,
        IntegrationForm(request.POST or None, initial=initial_of(integrations.of_contract(ticket))),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_integration(request: HttpRequest, number: int) -> HttpResponse:
    """Change an integration."""
    integration = visible_integration(request, number)
    if not integrations.may_write(person(request)):
        raise Http404
    return _edit(
        request, integration, None, IntegrationForm(request.POST or None, initial=initial_of(integration))
    )


def _edit(
    request: HttpRequest, integration: Integration | None, ticket: Ticket | None, form: IntegrationForm
) -> HttpResponse:
    customer = integration.customer if integration else ticket.customer if ticket else None
    context: dict[str, Any] = {"integration": integration, "ticket": ticket, "form": form, "customer": customer}
    status = 422 if form.is_bound else 200
    if customer is not None and form.is_bound and form.is_valid():
        try:
            kept = integrations.save(
                integration, form.stated(), customer=customer, by=person(request),
                version=form.cleaned_data["version"],
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            context["conflict"], status = conflict_of(stale, []), 409
        else:
            return redirect(kept)
    return render(request, "investigations/health/edit.html", context, status=status)


@require_POST
@once
@forbidding
def retire_integration(request: HttpRequest, number: int) -> HttpResponse:
    """Take an integration out of use; its page offers to undo it."""
    integration = visible_integration(request, number)
    retiring.retire(integration, by=person(request))
    return redirect(integration)


@require_POST
@once
@forbidding
def bring_back_integration(request: HttpRequest, number: int) -> HttpResponse:
    """Undo that."""
    integration = visible_integration(request, number)
    try:
        left = retiring.bring_back(integration, by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
    else:
        if left:
            sentence = ngettext(
                "%d re-check was not started again: its escalation has as many as it may.",
                "%d re-checks were not started again: their escalations have as many as they may.",
                left,
            )
            done(request, sentence % left)
    return redirect(integration)


def _ticket_of(request: HttpRequest, integration: Integration) -> Ticket:
    """Return the customer's ticket that was sent along, or answer 404."""
    number = request.POST.get("ticket", "")
    if not (number.isdecimal() and len(number) < 19):
        raise Http404
    ticket = next((one for one in _worked(integration, person(request)) if one.pk == int(number)), None)
    if ticket is None:
        raise Http404
    return ticket


@require_POST
@once
@forbidding
def start_checklist(request: HttpRequest, number: int) -> HttpResponse:
    """Begin to guide the customer."""
    integration = visible_integration(request, number)
    try:
        checklists.start(integration, _ticket_of(request, integration), by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
    return redirect(f"{integration.get_absolute_url()}#checklists")


def _checklist(request: HttpRequest, number: int) -> Checklist:
    user = person(request)
    found = Checklist.objects.filter(
        integration__in=Integration.objects.visible_to(user), ticket__in=Ticket.objects.visible_to(user)
    ).select_related("integration__customer", "ticket", "runbook")
    return get_object_or_404(found, pk=number)


@require_POST
@once
@forbidding
def mark_step(request: HttpRequest, number: int) -> HttpResponse:
    """Say how far a step has come."""
    checklist, place = _checklist(request, number), request.POST.get("place", "")
    if not (place.isdecimal() and len(place) < 4):
        raise Http404
    try:
        checklists.mark(checklist, int(place), request.POST.get("state", ""), by=person(request))
    except Refused as refusal:
        raise Http404 from refusal
    return redirect(f"{checklist.integration.get_absolute_url()}#checklist-{checklist.pk}")


@require_POST
@once
@forbidding
def send_checklist(request: HttpRequest, number: int) -> HttpResponse:
    """Make the steps the draft of an answer to the customer."""
    checklist = _checklist(request, number)
    try:
        checklists.prepare_message(checklist, by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
    else:
        done(request, _("The steps are a draft of an answer to the customer now. Look it through, and send it."))
    return redirect(checklist.ticket)


@require_POST
@once
@forbidding
def renew_checklist(request: HttpRequest, number: int) -> HttpResponse:
    """Let the customer's link go on."""
    checklist = _checklist(request, number)
    try:
        checklists.renew(checklist, by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
    return redirect(f"{checklist.integration.get_absolute_url()}#checklist-{checklist.pk}")


@require_POST
@once
@forbidding
def start_recheck(request: HttpRequest, number: int) -> HttpResponse:
    """Have an endpoint asked until it works."""
    integration = visible_integration(request, number)
    ticket, form = _ticket_of(request, integration), RecheckForm(request.POST)
    if form.is_valid():
        try:
            rechecks.start(integration, ticket, form.asked(), by=person(request))
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect(f"{integration.get_absolute_url()}#rechecks")
    return _shown(request, integration, recheck_form=form)


@require_POST
@once
@forbidding
def stop_recheck(request: HttpRequest, number: int) -> HttpResponse:
    """Ask no more."""
    user = person(request)
    found = Recheck.objects.filter(
        integration__in=Integration.objects.visible_to(user), ticket__in=Ticket.objects.visible_to(user)
    ).select_related("ticket")
    recheck = get_object_or_404(found, pk=number)
    rechecks.stop(recheck, by=user)
    return redirect(recheck)


@require_POST
@once
@forbidding
def add_fault(request: HttpRequest, number: int) -> HttpResponse:
    """Say which versions of the plugin have a known issue."""
    integration, user = visible_integration(request, number), person(request)
    form = _fault_form(user, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            integrations.add_fault(said["issue"], integration.plugin, said["versions"], said["fixed_in"], by=user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect(f"{integration.get_absolute_url()}#faults")
    return _shown(request, integration, fault_form=form)


@require_POST
@once
@forbidding
def remove_fault(request: HttpRequest, number: int) -> HttpResponse:
    """Take back, for all customers, that versions have a known issue; the page offers to undo it."""
    fault = _fault(request, number)
    integrations.remove_fault(fault, by=person(request))
    return redirect(_page_of(request, fault, f"?removed={fault.pk}"))


@require_POST
@once
@forbidding
def restore_fault(request: HttpRequest, number: int) -> HttpResponse:
    """Undo that."""
    fault = _fault(request, number)
    integrations.restore_fault(fault, by=person(request))
    return redirect(_page_of(request, fault, ""))


def _fault(request: HttpRequest, number: int) -> VersionFault:
    user = person(request)
    if not integrations.may_read(user):
        raise Http404
    faults = VersionFault.objects.filter(issue__in=KnownIssue.objects.visible_to(user)).select_related("issue")
    return get_object_or_404(faults, pk=number)


def _page_of(request: HttpRequest, fault: VersionFault, query: str) -> str:
    """Return the page of the integration that was sent along, or of the known issue."""
    number = request.POST.get("integration", "")
    if number.isdecimal() and len(number) < 19:
        return f"{visible_integration(request, int(number)).get_absolute_url()}{query}#faults"
    return fault.issue.get_absolute_url()
