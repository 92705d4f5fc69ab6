"""A person's own alerts."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from escalations import alerts
from escalations.models import Alert
from escalations.views.parts import person

PAGE_SIZE = 50


@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """List the person's alerts, the newest first."""
    show = request.GET.get("show", "")
    if show not in {"", "unread"}:
        raise Http404
    own = (
        Alert.objects.visible_to(person(request))
        .select_related("ticket__category", "event")
        .order_by("-at", "-pk")
    )
    page = Paginator(own.filter(read_at=None) if show else own, PAGE_SIZE).get_page(request.GET.get("page"))
    address = f"?show={show}&page="
    context = {
        "rows": [(alert, alerts.sentence(alert)) for alert in page.object_list],
        "show": show,
        "unread": alerts.unread(person(request)),
        "previous_url": f"{address}{page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"{address}{page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "escalations/alerts.html", context)


@require_POST
@once
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark one of the person's alerts as read, or all of them."""
    raw = request.POST.get("alert", "")
    if raw and not (raw.isdecimal() and len(raw) < 19):
        raise Http404
    alerts.read([int(raw)] if raw else None, by=person(request))
    show = "?show=unread" if request.POST.get("show") == "unread" else ""
    return redirect(reverse("alerts") + show)
