"""Incidents: listed, read, closed with what was done."""

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.views.once import once
from accounts.views.preferences import person
from common.errors import NotAllowed, Refused
from incidents import handling, words
from incidents.forms import FilterForm, HandleForm
from incidents.models import Incident, State

PAGE = 50
MOST_FINDS = 100
MOST_COUNTED = 100


def reader(request: HttpRequest) -> User:
    """Return the person, for whom incidents exist. Raises Http404 for everybody else."""
    user = person(request)
    if not handling.may_read(user):
        raise Http404
    return user


@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """List the incidents that the filters leave, those first in which something came up last."""
    user = reader(request)
    form = FilterForm(request.GET)
    seen = Incident.objects.visible_to(user).select_related("person")
    found = seen
    if form.is_valid():
        asked = form.cleaned_data
        found = found.filter(**{name: asked[name] for name in ("state", "way") if asked[name]})
        if asked["kind"]:
            found = found.filter(kinds__has_key=asked["kind"])
        if asked["since"]:
            midnight = timezone.make_aware(datetime.combine(asked["since"], time()))
            found = found.filter(last_at__gte=midnight)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "form": form,
        "rows": [(one, words.kinds(one.kinds), words.place(one)[0]) for one in page.object_list],
        "count": page.paginator.count,
        "open": seen.filter(state=State.OPEN).count(),
        "filtered": any(request.GET.get(name) for name in form.fields),
        "page": page,
    }
    return render(request, "incidents/incidents.html", context, status=200 if form.is_valid() else 422)


@require_safe
def open_count(request: HttpRequest) -> HttpResponse:
    """Show how many are open, beside the menu's link: the page asks for it once it is there."""
    seen = Incident.objects.visible_to(reader(request)).filter(state=State.OPEN).order_by()
    return render(request, "incidents/parts/open.html", {"count": seen[:MOST_COUNTED].count()})


@require_http_methods(["GET", "HEAD", "POST"])
@once
def incident(request: HttpRequest, number: int) -> HttpResponse:
    """Show an incident with its finds; close it with what was done."""
    user = reader(request)
    found = get_object_or_404(
        Incident.objects.visible_to(user).select_related("person", "handled_by"), pk=number
    )  # fmt: skip
    form = HandleForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if form.is_valid():
                handling.handle(found, form.cleaned_data["note"], by=user)
                messages.success(request, _("Closed. What is found there from now on opens another incident."))
                return redirect(found)
        except NotAllowed:
            raise Http404 from None
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
    where, url = words.place(found)
    finds = [
        (one, words.kinds(one.kinds), words.deed(one.deed) if one.deed else "")
        for one in found.finds.select_related("person")[:MOST_FINDS]
    ]
    context = {
        "incident": found,
        "form": form,
        "where": where,
        "url": url,
        "what": words.kinds(found.kinds),
        "finds": finds,
        "hidden": found.finds.count() - len(finds),
        "may_handle": found.is_open and handling.may_handle(user),
    }
    return render(request, "incidents/incident.html", context, status=status)
