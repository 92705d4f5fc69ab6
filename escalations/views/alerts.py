"""A person's own notifications."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from escalations import alerts
from escalations.models import AlertKind
from escalations.views.parts import person

PAGE_SIZE = 50


@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """List the person's notifications: what is unread first, then the newest first."""
    show, kind = request.GET.get("show", ""), request.GET.get("kind", "")
    if show not in {"", "unread"} or (kind and kind not in AlertKind.values):
        raise Http404
    after = request.GET.get("after", "")
    try:
        page = alerts.page(
            person(request), kind=kind, only_unread=show == "unread", after=after, size=PAGE_SIZE
        )  # fmt: skip
    except ValueError:
        raise Http404 from None
    chosen = {name: value for name, value in (("show", show), ("kind", kind)) if value}
    context = {
        "rows": [(alert, alerts.sentence(alert), alerts.address(alert)) for alert in page.alerts],
        "show": show,
        "kind": kind,
        "kinds": AlertKind.choices,
        "unread": alerts.unread(person(request)),
        "first_url": f"?{urlencode(chosen)}" if after else "",
        "next_url": f"?{urlencode({**chosen, 'after': page.following})}" if page.following else "",
    }
    return render(request, "escalations/alerts.html", context)


@require_POST
@once
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark one of the person's notifications as read, or all of them."""
    raw = request.POST.get("alert", "")
    if raw and not (raw.isdecimal() and len(raw) < 19):
        raise Http404
    alerts.read([int(raw)] if raw else None, by=person(request))
    kept = {name: request.POST.get(name, "") for name in ("show", "kind")}
    chosen = urlencode({name: value for name, value in kept.items() if value})
    return redirect(reverse("alerts") + (f"?{chosen}" if chosen else ""))
