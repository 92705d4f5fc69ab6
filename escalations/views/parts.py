"""What the desk's views share: finding a ticket, and answering refusals."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from common.errors import NotAllowed, StaleVersion
from escalations.models import HandOver, Ticket
from escalations.reading import note_reading
from escalations.similar import exact_reference

Answered = TypeVar("Answered", bound=HttpResponseBase)


def person(request: HttpRequest) -> User:
    """Return who is signed in; the login middleware has seen to it that somebody is."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def visible_ticket(request: HttpRequest, reference: str, *also: str) -> Ticket:
    """Return the ticket of that reference, or answer 404 if this person may not see it.

    `also`: what belongs to it and is fetched with it, besides what every page about a ticket shows.
    """
    number = exact_reference(reference)
    if number is None:
        raise Http404
    ticket = (
        Ticket.objects.visible_to(person(request))
        .select_related("customer", "category", "team", "owner", "created_by", "l1_team", *also)
        .annotate(was_handed_over=Exists(HandOver.objects.filter(ticket=OuterRef("pk"))))
        .filter(pk=number)
        .first()
    )
    if ticket is None:
        raise Http404
    _note_reading(request, ticket)
    return ticket


def _note_reading(request: HttpRequest, ticket: Ticket) -> None:
    """Note that a restricted ticket is read: a page once, with what it asks for while it is open."""
    if not ticket.restricted_as:
        return
    is_part = bool(request.htmx) or request.method not in {"GET", "HEAD"}  # type: ignore[attr-defined]  # django-htmx
    view = request.resolver_match.view_name if request.resolver_match else ""
    note_reading(ticket, by=person(request), what=view, again=is_part)


@dataclass(frozen=True)
class Conflict:
    """Both sides of a refused edit: (label, as it is now, as it was sent), who changed it and when."""

    message: str
    rows: list[tuple[Any, Any, Any]]
    by: User | None
    at: datetime | None


def conflict_of(
    error: StaleVersion,
    rows: list[tuple[Any, Any, Any]],
    *,
    by: User | None = None,
    at: datetime | None = None,
) -> Conflict:
    """Return what the page that asks again shows of a stale edit."""
    return Conflict(message=str(error.message), rows=rows, by=by, at=at)


def forbidding(view: Callable[..., Answered]) -> Callable[..., Answered]:
    """Answer 403, with the reason, where the domain says NotAllowed."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> Answered:
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal.message)) from refusal

    return wrapper


def leave(request: HttpRequest, url: str) -> HttpResponse:
    """Lead on to `url`: the whole page, also from a dialog that htmx has sent."""
    if request.htmx:  # type: ignore[attr-defined]  # django-htmx adds it
        return HttpResponseClientRedirect(url)
    return redirect(url)


def ticket_rows(current: Ticket, sent: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
    """Return (label, as it is now, as it was sent) for what a person sent about a ticket."""
    rows: list[tuple[Any, Any, Any]] = [
        (_("State"), current.get_state_display(), ""),
        (_("Owner"), current.owner or _("Nobody"), ""),
    ]
    for name, value in sent.items():
        field = next((field for field in Ticket._meta.fields if field.name == name), None)
        if field is None or name in {"version", "resolution", "root_cause"} or value in (None, ""):
            continue
        now = getattr(current, f"get_{name}_display", lambda name=name: getattr(current, name))()
        shown = dict(field.flatchoices).get(value, value) if field.choices else value
        rows.append((field.verbose_name.capitalize(), now if now is not None else "", shown))
    return rows


def done(request: HttpRequest, sentence: str) -> None:
    """Say on the next page that something was done."""
    messages.success(request, sentence)


def ticket_url(ticket: Ticket) -> str:
    return reverse("ticket", args=[ticket.reference])
