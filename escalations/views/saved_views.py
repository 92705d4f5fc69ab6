"""Saving the queue's address under a name, counts beside the views, and the neighbours in a list."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, User
from accounts.views.once import once
from common.errors import Refused
from escalations import queue, saved_views
from escalations.forms.filters import TicketFilter
from escalations.forms.saved_views import NewListForm, SavedViewForm
from escalations.models import SavedView, Ticket
from escalations.views.parts import done, forbidding, person, visible_ticket
from escalations.views.queue import queue_tabs, worked_by
from escalations.views.rows import address


@dataclass(frozen=True)
class Offer:
    """A view on the page where views are kept in order: with its form, if this person may change it."""

    view: SavedView
    form: SavedViewForm | None


@require_safe
def view_list(request: HttpRequest) -> HttpResponse:
    """Show the views that are offered to this person, to rename, share and delete."""
    return _list(request)


@require_POST
@once
@forbidding
def save_view(request: HttpRequest) -> HttpResponse:
    """Give an address of the queue a name."""
    user = person(request)
    form = SavedViewForm(request.POST, user=user)
    if form.is_valid():
        given = form.cleaned_data
        try:
            view = saved_views.save(
                given["name"], given["query"], by=user, audience=given["audience"], team=given["team"]
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Saved as a view."))
            return redirect(_address(view))
    return _list(request, new=form, status=422)


@require_POST
@once
@forbidding
def list_instead(request: HttpRequest) -> HttpResponse:
    """Let a view list what the queue lists now."""
    user = person(request)
    views = {view.pk: view for view in saved_views.offered(user) if saved_views.may_change(view, user)}
    form = NewListForm(request.POST, views=views.values())
    if not form.is_valid():
        messages.error(request, _("Choose which view is to list this. Nothing has been changed."))
        return redirect("saved_views")
    given = form.cleaned_data
    try:
        view = saved_views.list_instead(views[given["view"]], given["query"], by=user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("saved_views")
    done(request, _("“%s” lists this from now on.") % view.name)
    return redirect(_address(view))


@require_POST
@once
@forbidding
def change_view(request: HttpRequest, number: int) -> HttpResponse:
    """Rename a view, or share it otherwise."""
    user, view = person(request), _visible(request, number)
    form = SavedViewForm(request.POST, user=user, prefix=f"view-{view.pk}")
    if form.is_valid():
        given = form.cleaned_data
        try:
            saved_views.change(view, by=user, name=given["name"], audience=given["audience"], team=given["team"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The view is changed."))
            return redirect("saved_views")
    return _list(request, changed={view.pk: form}, status=422)


@require_POST
@once
@forbidding
def delete_view(request: HttpRequest, number: int) -> HttpResponse:
    """Delete a view; the page then offers to bring it back."""
    view = _visible(request, number)
    saved_views.delete(view, by=person(request))
    done(request, _("Deleted: %s") % view.name)
    return redirect(f"{reverse('saved_views')}?{urlencode({'deleted': view.pk})}")


@require_POST
@once
@forbidding
def restore_view(request: HttpRequest, number: int) -> HttpResponse:
    """Bring a deleted view back."""
    view = _visible(request, number)
    saved_views.restore(view, by=person(request))
    done(request, _("Brought back: %s") % view.name)
    return redirect("saved_views")


@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """Return how many tickets each view holds, for the page to show beside their names."""
    user = person(request)
    addresses = [f"scope={scope}" for scope, _label in queue_tabs(user) if scope != "all"]
    views = saved_views.offered(user)
    lists = [_listed(QueryDict(one), user) for one in (*addresses, *(view.query for view in views))]
    known = saved_views.counts([one for one in lists if one is not None])
    found = iter(known)
    numbers = [next(found) if one is not None else None for one in lists]
    keys = [*(f"scope-{one.partition('=')[2]}" for one in addresses), *(f"view-{view.pk}" for view in views)]
    context = {"counts": list(zip(keys, numbers, strict=True)), "most": saved_views.MOST_COUNTED}
    return render(request, "escalations/parts/view_counts.html", context)


@require_safe
def next_in_view(request: HttpRequest, reference: str, direction: str) -> HttpResponse:
    """Lead to the ticket behind this one, or before it, in the list that the address names."""
    ticket, user = visible_ticket(request, reference), person(request)
    data = QueryDict(request.GET.get("in", ""))
    tickets = _listed(data, user)
    order = data.get("order") or "urgency"
    if tickets is None or order not in queue.ORDERS:
        raise Http404
    found = queue.neighbour(tickets, ticket, order=order, backwards=direction == "previous")
    if found is None:
        messages.info(
            request,
            _("That was the first of this view.")
            if direction == "previous"
            else _("That was the last of this view."),
        )
        return redirect(f"{reverse('queue')}?{data.urlencode()}")
    triages = found.team_id in user.teams_as(Role.L2, Role.LEAD)
    return redirect(f"{address(found, triages=triages)}?{urlencode({'in': data.urlencode()})}")


def _listed(data: QueryDict, user: User) -> QuerySet[Ticket] | None:
    """Return what the queue lists at that address, None where it lists nothing."""
    filters = TicketFilter(data, queryset=worked_by(user), user=user)
    return filters.tickets() if filters.is_valid() else None


def _list(
    request: HttpRequest,
    *,
    new: SavedViewForm | None = None,
    changed: dict[int, SavedViewForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    user, changed = person(request), changed or {}
    offers = [
        Offer(
            view,
            (changed.get(view.pk) or SavedViewForm.of(view, user=user))
            if saved_views.may_change(view, user)
            else None,
        )
        for view in SavedView.objects.visible_to(user).kept().select_related("owner", "team")
    ]
    deleted = request.GET.get("deleted", "")
    context = {
        "offers": offers,
        "new_view": new,
        "deleted": SavedView.objects.visible_to(user).exclude(deleted_at=None).filter(pk=deleted).first()
        if deleted.isascii() and deleted.isdecimal() and len(deleted) < 18
        else None,
    }
    return render(request, "escalations/saved_views.html", context, status=status)


def _visible(request: HttpRequest, number: int) -> SavedView:
    view = SavedView.objects.visible_to(person(request)).filter(pk=number).first()
    if view is None:
        raise Http404
    return view


def _address(view: SavedView) -> str:
    return f"{reverse('queue')}?{view.query}" if view.query else reverse("queue")
