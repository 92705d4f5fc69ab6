"""Merging a duplicate: choosing the escalation that goes on, seeing both side by side, and doing it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import contract, conversation
from escalations.forms.actions import MergeForm
from escalations.models import State, Ticket
from escalations.similar import exact_reference, similar_to
from escalations.transitions import Verb, open_to
from escalations.views.parts import (
    conflict_of,
    done,
    forbidding,
    person,
    ticket_rows,
    ticket_url,
    visible_ticket,
)

MOST = 8


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def merge(request: HttpRequest, reference: str) -> HttpResponse:
    """Offer what the escalation may be a duplicate of, show both (`?into=ESC-1042`), and merge (POST)."""
    ticket, user = visible_ticket(request, reference), person(request)
    possible = Verb.MERGE in {transition.verb for transition in open_to(user, ticket)}
    if not possible and request.method != "POST":
        return redirect(ticket_url(ticket))
    form = MergeForm(request.POST or None, ticket=ticket, user=user)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            form.perform()
        except StaleVersion as error:
            form, conflict = _again(request, error, user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            into = form.cleaned_data["target"].survivor()
            sentence = _("%(duplicate)s is merged into %(reference)s. Its page takes that back.")
            done(request, sentence % {"duplicate": ticket.reference, "reference": into.reference})
            return redirect(ticket_url(ticket))
    asked = request.POST.get("target", request.GET.get("into", ""))
    into = _visible(user, asked, besides=ticket)
    context = {
        "ticket": form.ticket,
        "form": form,
        "conflict": conflict,
        "asked": asked,
        "sides": [_side(ticket, user), _side(into, user)] if into else [],
        "into": into,
        "similar": similar_to(ticket, user, most=MOST),
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "escalations/merge.html", context, status=status)


def _again(request: HttpRequest, error: StaleVersion, user: User) -> tuple[MergeForm, Any]:
    """Return the form on the ticket as it is now, and what has changed."""
    current = error.current
    if not isinstance(current, Ticket):
        raise Http404
    data = request.POST.copy()
    data["version"] = str(current.version)
    conflict = conflict_of(error, ticket_rows(current, {}), at=current.updated_at)
    return MergeForm(data, ticket=current, user=user), conflict


def _visible(user: User, reference: str, *, besides: Ticket) -> Ticket | None:
    """Return the escalation that goes on if it is the one of that reference, as far as `user` may see it."""
    number = exact_reference(reference)
    tickets = Ticket.objects.visible_to(user).select_related("customer", "category", "team", "owner")
    found = tickets.exclude(pk=besides.pk).filter(pk=number or 0).first()
    if found is not None and found.state == State.MERGED:
        found = tickets.exclude(pk=besides.pk).filter(pk=found.survivor().pk).first()
    return found


def _side(ticket: Ticket, user: User) -> dict[str, Any]:
    """Return what is compared of one of the two."""
    return {
        "ticket": ticket,
        "answers": contract.rows(ticket.form, ticket.answers),
        "messages": conversation.readable(user, ticket).count(),
    }
