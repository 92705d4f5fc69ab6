"""Restricting a ticket, its access list, and the way back to a custodian."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from audit.noting import note
from common.errors import DomainError, Refused, StaleVersion
from escalations import access_list, receipts, restricting
from escalations.forms.restricting import AddForm, CustodianForm, ReasonForm, RestrictForm
from escalations.models import Ticket
from escalations.similar import exact_reference
from escalations.views.parts import done, forbidding, leave, person, ticket_url, visible_ticket


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def restrict(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask who may see the ticket from now on, and why (GET); restrict it (POST); for htmx inside a dialog."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not access_list.may_restrict(user, ticket):
        if ticket.restricted_as:
            return redirect("ticket_access", ticket.reference)
        raise PermissionDenied(_("Only its owner, a lead of its team or compliance may restrict this escalation."))
    form = RestrictForm(request.POST or None, ticket=ticket, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            restricting.restrict(ticket, by=user, **form.cleaned_data)
        except (Refused, StaleVersion) as refusal:
            field = getattr(refusal, "field", None)
            form.add_error(field if field in form.fields else None, refusal.message)
        else:
            done(request, _("It is restricted: only its access list sees it from now on."))
            return leave(request, ticket_url(ticket))
    in_dialog = bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx adds it
    context = {"ticket": ticket, "form": form, "sees": access_list.who_sees(ticket), "in_dialog": in_dialog}
    template = "escalations/parts/restrict_dialog.html" if in_dialog else "escalations/restrict.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_safe
def ticket_access(request: HttpRequest, reference: str) -> HttpResponse:
    """Show who may see a restricted ticket, since when, by whom and why."""
    return _list_page(request, visible_ticket(request, reference))


def _list_page(
    request: HttpRequest, ticket: Ticket, *, add: AddForm | None = None, lift: ReasonForm | None = None
) -> HttpResponse:
    if not ticket.restricted_as:
        raise Http404
    keeps = access_list.may_keep(person(request), ticket)
    keepers = {one.pk for one in access_list.keepers(ticket)}
    gone = ticket.access_list.exclude(removed_at=None).select_related("person", "team", "added_by", "removed_by")
    context: dict[str, Any] = {
        "ticket": ticket,
        "restriction": access_list.restriction(ticket),
        "entries": [(entry, entry.person_id in keepers) for entry in access_list.entries(ticket)],
        "gone": gone.order_by("-removed_at", "-pk"),
        "keeps": keeps,
    }
    if keeps:
        context["add_form"] = add or AddForm(ticket=ticket, initial={"version": ticket.version})
        context["lift_form"] = lift or ReasonForm(initial={"version": ticket.version}, auto_id="lift_%s")
    status = 422 if any(form and form.errors for form in (add, lift)) else 200
    return render(request, "escalations/access_list.html", context, status=status)


@require_POST
@once
@forbidding
def add_access(request: HttpRequest, reference: str) -> HttpResponse:
    """Put a person or a team on the list."""
    ticket, user = visible_ticket(request, reference), person(request)
    form = AddForm(request.POST, ticket=ticket)
    given = form.cleaned_data if form.is_valid() else {}
    if given and _carried_out(form, lambda: restricting.add(ticket, by=user, **given)):
        done(request, _("%s sees it from now on.") % (given["person"] or given["team"]))
        return redirect("ticket_access", ticket.reference)
    return _list_page(request, ticket, add=form)


@require_POST
@once
@forbidding
def remove_access(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Take an entry off the list; whoever takes themselves off is led to the queue."""
    ticket, user = visible_ticket(request, reference), person(request)
    try:
        restricting.remove(ticket, number, by=user)
    except DomainError as refusal:
        if not isinstance(refusal, Refused | StaleVersion):
            raise
        context = {"message": refusal.message, "back_url": reverse("ticket_access", args=[ticket.reference])}
        return render(request, "400.html", context, status=422)
    done(request, _("Taken off the list."))
    if not Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists():
        return redirect("queue")
    return redirect("ticket_access", ticket.reference)


@require_POST
@once
@forbidding
def unrestrict(request: HttpRequest, reference: str) -> HttpResponse:
    """Lift the restriction."""
    ticket, user = visible_ticket(request, reference), person(request)
    form = ReasonForm(request.POST, auto_id="lift_%s")
    given = form.cleaned_data if form.is_valid() else {}
    if given and _carried_out(form, lambda: restricting.unrestrict(ticket, by=user, **given)):
        done(request, _("It is not restricted any more."))
        return redirect("ticket", ticket.reference)
    return _list_page(request, ticket, lift=form)


def _carried_out(form: ReasonForm, change: Callable[[], object]) -> bool:
    try:
        change()
    except (Refused, StaleVersion) as refusal:
        field = getattr(refusal, "field", None)
        form.add_error(field if field in form.fields else None, refusal.message)
    return not form.errors


@require_http_methods(["GET", "HEAD", "POST"])
@once
def custodian(request: HttpRequest) -> HttpResponse:
    """Let an admin name who keeps the list of a restricted ticket that nobody can keep any more.

    The answer is the same whether there is such a ticket or not; what was asked for is noted either way.
    """
    user = person(request)
    if not user.is_superuser or user.is_auditor:
        raise Http404
    form = CustodianForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        asked = {"reference": given["reference"], "reason": given["reason"]}
        note("custodian.asked", by=user, about=("person", given["person"].pk), data=asked)
        number = exact_reference(given["reference"]) or 0
        try:
            restricting.name_custodian(number, given["person"], by=user, reason=given["reason"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Noted. If nobody could keep that escalation's list, %s can now.") % given["person"])
            return redirect("custodian")
    return render(request, "escalations/setup/custodian.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def receipt_list(request: HttpRequest) -> HttpResponse:
    """Show what this person escalated that was restricted from the start: the references, and no more."""
    user = person(request)
    return render(request, "escalations/receipts.html", {"receipts": receipts.of(user)})
