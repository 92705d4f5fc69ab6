"""Setting trackers up."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from bugs import setup
from bugs.forms.tracker import TrackerForm
from bugs.models import Tracker
from bugs.trackers import choosing
from common.errors import Refused, StaleVersion
from escalations.views.parts import done, forbidding, person


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not user.reads_all:
        raise Http404
    return user


def _form(tracker: Tracker | None, entered: QueryDict | None = None) -> TrackerForm:
    names = ("name", "kind", "base_url", "project", "is_retired", "version")
    initial = {name: getattr(tracker, name) for name in names} if tracker else None
    return TrackerForm(entered, tracker=tracker, initial=initial)


@require_safe
def tracker_list(request: HttpRequest) -> HttpResponse:
    """List the trackers."""
    user = _reader(request)
    found = Tracker.objects.select_related("changed_by").order_by("is_retired", "name")
    rows = [
        (one, setup.base_url(one), request.build_absolute_uri(reverse("tracker_hook", args=[one.pk])))
        for one in found
    ]
    return render(request, "bugs/trackers.html", {"rows": rows, "may_change": setup.may_change(user)})


@require_POST
@forbidding
def check_tracker(request: HttpRequest, number: int) -> HttpResponse:
    """Ask a tracker whether its project is there and our token is good."""
    if not setup.may_change(_reader(request)):
        raise Http404
    found = get_object_or_404(Tracker, pk=number)
    try:
        choosing.client(found).check()
    except Refused as refusal:
        context = {"tracker": found, "form": _form(found), "refusal": refusal}
        return render(request, "bugs/tracker.html", context, status=422)
    done(request, _("The tracker knows us and the project."))
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def tracker(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add or change a tracker."""
    user = _reader(request)
    if not setup.may_change(user):
        raise Http404
    found = get_object_or_404(Tracker, pk=number) if number is not None else None
    form = _form(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            setup.save(found, form.wanted(), by=user, version=form.cleaned_data["version"] or 0)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            again: dict[str, Any] = {"message": stale.message, "rows": [], "back_url": reverse("trackers")}
            return render(request, "409.html", again, status=409)
        else:
            done(request, _("Saved."))
            return redirect("trackers")
    context = {"tracker": found, "form": form}
    return render(request, "bugs/tracker.html", context, status=422 if form.errors else 200)
