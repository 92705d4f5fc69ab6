"""All integrations of customers: those in use, those that fail at present, and those that are retired."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import User
from escalations.models import Ticket
from escalations.views.parts import person
from investigations.health import integrations, rechecks, runbooks
from investigations.models import Integration, Recheck

#: What the list shows, by the word in its address.
TABS = {"": gettext_lazy("All"), "failing": gettext_lazy("Failing"), "retired": gettext_lazy("Retired")}
PAGE = 50
MOST_FAILING = 100


@require_safe
def integration_list(request: HttpRequest) -> HttpResponse:
    """List the integrations, or what fails of them."""
    user = person(request)
    if not integrations.may_read(user):
        raise Http404
    show = request.GET.get("show", "")
    context: dict[str, Any] = {
        "tabs": list(TABS.items()),
        "show": show if show in TABS else "",
        "may_write_runbooks": runbooks.may_write(user) or user.is_auditor,
    }
    context |= _failing(user) if show == "failing" else _all(user, show, request.GET.get("page", ""))
    return render(request, "investigations/health/list.html", context)


def _failing(user: User) -> dict[str, Any]:
    failing = rechecks.failing().filter(
        ticket__in=Ticket.objects.visible_to(user), integration__in=Integration.objects.visible_to(user)
    )
    return {"failing": rechecks.with_strips(failing[:MOST_FAILING])}


def _all(user: User, show: str, number: str) -> dict[str, Any]:
    found = Integration.objects.visible_to(user).filter(retired_at__isnull=show != "retired")
    page = Paginator(found.select_related("customer").order_by("customer__name", "pk"), PAGE).get_page(number)
    shown = list(page)
    newest = Recheck.objects.filter(integration__in=shown, ticket__in=Ticket.objects.visible_to(user))
    newest = newest.order_by("integration", "-pk").distinct("integration")
    checks = {recheck.integration_id: (recheck, strip) for recheck, strip in rechecks.with_strips(newest, size=12)}
    faults = integrations.faults_of(shown, user)
    rows = [(one, *checks.get(one.pk, (None, [])), len(faults[one.pk])) for one in shown]
    return {"page": page, "rows": rows}
