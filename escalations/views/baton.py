"""The hand-over at a change of shift: what is open of it now, earlier ones, and acknowledging."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import rostering
from accounts.models import User
from accounts.views.once import once
from common import clock
from common.errors import Refused
from escalations import baton, hidden
from escalations.forms.baton import AcknowledgeForm
from escalations.models import Baton, BatonItem, Ticket
from escalations.models.baton import waiting_items
from escalations.views.parts import done, forbidding, person

PAGE, EARLIER = 50, 12


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    """Show the newest hand-over of each of the person's teams, and the earlier ones."""
    user = _reader(request)
    batons = _counted(user)
    newest = list(
        Baton.objects.visible_to(user).order_by("team_id", "-at").distinct("team_id").values_list("pk", flat=True)
    )
    may = baton.acknowledging(user, clock.now())
    sections = [_section(one, user, may, "1") for one in batons.filter(pk__in=newest).order_by("team__name")]
    earlier = batons.exclude(pk__in=newest).order_by("-at", "team")[:EARLIER]
    context = {"sections": sections, "earlier": earlier, "longest_note": baton.LONGEST_NOTE}
    return render(request, "escalations/baton.html", context)


@require_safe
def past(request: HttpRequest, number: int) -> HttpResponse:
    """Show one hand-over whole."""
    user = _reader(request)
    one = _counted(user).filter(pk=number).first()
    if one is None:
        raise Http404
    newer = Baton.objects.visible_to(user).filter(team=one.team, at__gt=one.at).exists()
    may = set() if newer else baton.acknowledging(user, clock.now())
    section = _section(one, user, may, request.GET.get("page", "1"))
    context = {"section": section, "longest_note": baton.LONGEST_NOTE}
    return render(request, "escalations/baton_past.html", context)


@require_POST
@once
@forbidding
def acknowledge(request: HttpRequest, number: int) -> HttpResponse:
    """Acknowledge one item, and take its ticket if asked to."""
    user = _reader(request)
    item = BatonItem.objects.visible_to(user).select_related("ticket", "baton").filter(pk=number).first()
    if item is None:
        raise Http404
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    else:
        given = form.cleaned_data
        try:
            baton.acknowledge(item, by=user, note=given["note"], take=given["take"])
        except Refused as refusal:
            messages.error(request, str(refusal.message))
        else:
            said = _("%s is acknowledged and yours.") if given["take"] else _("%s is acknowledged.")
            done(request, said % item.ticket.reference)
    back = item.baton.get_absolute_url() if form.cleaned_data.get("whole") else reverse("baton")
    return redirect(f"{back}#item-{item.pk}")


def _reader(request: HttpRequest) -> User:
    """Return who reads; the pages look absent to whoever works in no second-line team."""
    user = person(request)
    if not rostering.may_read(user):
        raise Http404
    return user


def _counted(user: User) -> Any:
    """Return the hand-overs that `user` may see, each with how many of its items they see, and how many wait."""
    # Of those who see nearly all tickets the few that they don't are asked for: a count can't use an index.
    seen = (
        ~Q(items__ticket__in=hidden.tickets(user))
        if user.reads_all
        else Q(items__ticket__in=Ticket.objects.visible_to(user))
    )
    return (
        Baton.objects.visible_to(user)
        .annotate(
            seen=Count("items", filter=seen),
            waiting=Count("items", filter=seen & waiting_items("items__")),
        )
        .select_related("team")
        .prefetch_related("going_off", "coming_on")
    )


def _section(one: Baton, user: User, may: set[int], page: str) -> dict[str, Any]:
    items = (
        BatonItem.objects.visible_to(user)
        .filter(baton=one)
        .select_related("ticket__owner", "owner", "acknowledged_by")
    )
    return {
        "baton": one,
        "page": Paginator(items, PAGE).get_page(page),
        "may": one.team_id in may,
    }
