"""How a person is notified, and the link in each mail that stops such mails."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.views.once import once
from escalations import notifications
from escalations.forms.notifications import NotificationsForm
from escalations.models import AlertKind, Urgent, Way
from escalations.views.parts import done, person


@require_http_methods(["GET", "HEAD", "POST"])
@once
def notification_settings(request: HttpRequest) -> HttpResponse:
    """Show and save how the person is told of each kind, and when not."""
    user = person(request)
    form = NotificationsForm(request.POST or None, person=user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        notifications.choose(
            user, form.ways(), quiet=given["quiet"], urgent=Urgent(given["urgent"]), by=user
        )  # fmt: skip
        done(request, _("Your notifications are set."))
        return redirect("notification_settings")
    status = 422 if form.is_bound else 200
    return render(request, "escalations/notification_settings.html", {"form": form, "ways": Way}, status=status)


@csrf_exempt  # mail programs post here by themselves (RFC 8058); the signed token says who and what
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether such mails are to stop (GET, which changes nothing), and stop them (POST)."""
    linked = notifications.linked(token)
    if linked is None:
        raise Http404
    user, what = linked
    if request.method == "POST":
        notifications.unsubscribe(user, what)
    with translation.override(user.language):
        of_digest = what == notifications.DIGEST
        context = {
            "what": _("The daily digest") if of_digest else AlertKind(what).label,
            "stopped": request.method == "POST",
        }
        response = render(request, "escalations/unsubscribe.html", context)
    response["Referrer-Policy"] = "same-origin"
    return response
