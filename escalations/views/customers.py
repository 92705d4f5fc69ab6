"""A customer with their escalations, and correcting what is known of them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import customer_history, customers, queue
from escalations.escalating import may_escalate
from escalations.forms.customers import CustomerForm
from escalations.models import Customer, Ticket
from escalations.views.columns import USUAL, plain_headings
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person
from escalations.views.rows import as_html, shown

#: What the page shows, by the word in its address.
TABS = {
    "": gettext_lazy("Everything"),
    "said": gettext_lazy("Messages"),
    "promises": gettext_lazy("Promises"),
    "ratings": gettext_lazy("Ratings"),
    "actions": gettext_lazy("Actions"),
    "tickets": gettext_lazy("Escalations"),
}


@require_safe
def customer(request: HttpRequest, number: int) -> HttpResponse:
    """Show a customer: what happened on their tickets on one line of time, or the list of these."""
    user = person(request)
    found = get_object_or_404(Customer.objects.visible_to(user), pk=number)
    show = request.GET.get("show", "")
    context = {
        "customer": found,
        "figures": customer_history.figures(found, user),
        "show": show,
        "tabs": list(TABS.items()),
        "may_correct": may_escalate(user),
    }
    try:
        context |= _tickets(request, found, user) if show == "tickets" else _line(request, found, user, show)
    except Refused as refusal:
        return render(request, "400.html", {"message": refusal.message}, status=400)
    return render(request, "escalations/customer.html", context)


def _line(request: HttpRequest, found: Customer, user: User, show: str) -> dict[str, Any]:
    line = customer_history.line(found, user, kind=show, before=request.GET.get("before", ""))
    return {"moments": line.moments, "older": line.older}


def _tickets(request: HttpRequest, found: Customer, user: User) -> dict[str, Any]:
    page = queue.page(
        Ticket.objects.visible_to(user).filter(customer=found),
        order="newest",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        read=shown,
    )
    return {"rows": as_html(page.tickets, user, USUAL, ""), "headings": plain_headings(USUAL), "page": page}


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def correct_customer(request: HttpRequest, number: int) -> HttpResponse:
    """Correct what is known of a customer."""
    user = person(request)
    found = get_object_or_404(Customer.objects.visible_to(user), pk=number)
    if not may_escalate(user):
        raise PermissionDenied
    form = CustomerForm(request.POST or None, instance=found)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            customers.correct(found, form.known(), by=user, version=form.cleaned_data["version"])
        except StaleVersion as error:
            form, conflict = _again(request.POST, error, form)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The customer is corrected."))
            return redirect("customer", number=found.pk)
    context = {"form": form, "customer": found, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "escalations/customer_edit.html", context, status=status)


def _again(sent: QueryDict, error: StaleVersion, form: CustomerForm) -> tuple[CustomerForm, Conflict]:
    """Return the same form on the customer as they are now, and both versions."""
    current = error.current
    if not isinstance(current, Customer):
        raise Http404
    data = sent.copy()
    data["version"] = str(current.version)
    rows = [
        (form.fields[name].label, getattr(current, name), form.cleaned_data[name])
        for name in form.fields
        if name != "version"
    ]
    return CustomerForm(data, instance=current), conflict_of(error, rows)
