"""What the desk's views share: finding a ticket, and answering refusals."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import StaleVersion
from escalations.models import Ticket
from escalations.similar import exact_reference


def person(request: HttpRequest) -> User:
    """Return who is signed in; the login middleware has seen to it that somebody is."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def visible_ticket(request: HttpRequest, reference: str) -> Ticket:
    """Return the ticket of that reference, or answer 404 if this person may not see it."""
    number = exact_reference(reference)
    ticket = (
        Ticket.objects.visible_to(person(request))
        .select_related(
            "customer", "category", "team", "owner", "created_by", "l1_team", "form", "form__category",
            "resolution", "root_cause", "known_issue", "merged_into",
        )
        .filter(pk=number)
        .first()
    )  # fmt: skip
    if number is None or ticket is None:
        raise Http404
    return ticket


def stale(
    request: HttpRequest,
    error: StaleVersion,
    rows: list[tuple[Any, Any, Any]],
    *,
    back_url: str,
    **context: Any,
) -> HttpResponse:
    """Answer 409 with both versions: what is kept now, and what this person sent."""
    return render(
        request,
        "409.html",
        {"message": error.message, "rows": rows, "back_url": back_url, **context},
        status=409,
    )


def ticket_rows(current: Ticket, sent: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
    """Return (label, as it is now, as it was sent) for what a person sent about a ticket."""
    rows = [(_("State"), current.get_state_display(), "")]
    for name, value in sent.items():
        if name in {"version", "uploads"} or value in (None, ""):
            continue
        field = next((field for field in Ticket._meta.fields if field.name == name), None)
        label = field.verbose_name if field else name.replace("_", " ").capitalize()
        now = getattr(current, name, "") if field else ""
        rows.append((label, now if now is not None else "", value))
    return rows


def done(request: HttpRequest, sentence: str) -> None:
    """Say on the next page that something was done."""
    messages.success(request, sentence)


def ticket_url(ticket: Ticket) -> str:
    return reverse("ticket", args=[ticket.reference])
