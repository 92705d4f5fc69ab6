"""Setting a deadline by hand, and leaving it to the policy again."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import by_hand, deadlines
from escalations.forms.work import DeadlineForm
from escalations.models import Clock, Ticket
from escalations.views.clocks import seen_clock
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person, ticket_rows, visible_ticket


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def set_deadline(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Ask until when and why, and set the deadline."""
    ticket, user = visible_ticket(request, reference), person(request)
    row = seen_clock(ticket, user, number)
    if not by_hand.may_set(user, ticket):
        raise PermissionDenied(_("Only a lead sets a deadline by hand."))
    conflict = None
    form = DeadlineForm(request.POST or None, initial={"version": ticket.version, "due_at": row.due_at})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            by_hand.set_deadline(row, given["due_at"], by=user, reason=given["reason"], version=given["version"])
        except StaleVersion as error:
            form, conflict = _again(request, error)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The deadline is set."))
            return redirect(_proof(ticket, row))
    context = {
        "ticket": ticket,
        "row": row,
        "label": deadlines.label_of(row),
        "form": form,
        "conflict": conflict,
        "by_hand": deadlines.set_by_hand(row),
        "back_url": _proof(ticket, row),
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "escalations/set_deadline.html", context, status=status)


@require_POST
@once
@forbidding
def clear_deadline(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Leave the deadline to the policy again."""
    ticket, user = visible_ticket(request, reference), person(request)
    row = seen_clock(ticket, user, number)
    try:
        by_hand.clear_deadline(row, by=user)
    except Refused as refusal:
        context = {"message": refusal.message, "back_url": _proof(ticket, row)}
        return render(request, "400.html", context, status=422)
    done(request, _("The policy decides again."))
    return redirect(_proof(ticket, row))


def _again(request: HttpRequest, error: StaleVersion) -> tuple[DeadlineForm, Conflict]:
    """Return the form on the ticket as it is now, and what changed meanwhile."""
    if not isinstance(error.current, Ticket):
        raise Http404
    sent = request.POST.copy()
    sent["version"] = str(error.current.version)
    form = DeadlineForm(sent)
    form.is_valid()
    return form, conflict_of(error, ticket_rows(error.current, {}), at=error.current.updated_at)


def _proof(ticket: Ticket, row: Clock) -> str:
    return reverse("clock_proof", args=[ticket.reference, row.pk])
