"""Setting trackers up."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.views.once import once
from bugs import setup
from bugs.forms.tracker import TrackerForm
from bugs.models import Tracker
from common.errors import Refused, StaleVersion
from escalations.views.parts import done, forbidding, person


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not user.reads_all:
        raise Http404
    return user


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


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def tracker(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add or change a tracker."""
    user = _reader(request)
    if not setup.may_change(user):
        raise Http404
    found = get_object_or_404(Tracker, pk=number) if number is not None else None
    names = ("name", "base_url", "project", "is_retired", "version")
    initial = {name: getattr(found, name) for name in names} if found else None
    form = TrackerForm(request.POST or None, tracker=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            setup.save(found, form.wanted(), by=user, version=form.cleaned_data["version"] or 0)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            context = {"message": stale.message, "rows": [], "back_url": reverse("trackers")}
            return render(request, "409.html", context, status=409)
        else:
            done(request, _("Saved."))
            return redirect("trackers")
    context = {"tracker": found, "form": form}
    return render(request, "bugs/tracker.html", context, status=422 if form.errors else 200)
