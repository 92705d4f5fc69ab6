"""What the nightly check of all clocks found, and repairing it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from escalations import ledger_alarm
from escalations.models import LedgerCheck, LedgerDifference, Ticket
from escalations.views.parts import done, forbidding
from escalations.views.reapply import demand_reader

RECENT = 14
MOST_ROWS = 200


@require_safe
def ledger_check(request: HttpRequest) -> HttpResponse:
    """Show the last checks, and the differences of the newest one that found any."""
    user = demand_reader(request)
    checks = list(LedgerCheck.objects.all()[:RECENT])
    alarming = LedgerCheck.objects.filter(differences__gt=0).first()
    context: dict[str, Any] = {"checks": checks, "alarming": alarming, "newest": checks[0] if checks else None}
    if alarming is not None:
        seen = alarming.found.filter(ticket__in=Ticket.objects.visible_to(user))
        context |= {
            "rows": seen.select_related("ticket", "clock").order_by("pk")[:MOST_ROWS],
            "hidden": _hidden(alarming, seen, user),
            "to_repair": len(ledger_alarm.to_repair(alarming, by=user)),
        }
    return render(request, "escalations/setup/ledger_check.html", context)


def _hidden(check: LedgerCheck, seen: QuerySet[LedgerDifference], user: User) -> int:
    """Return how many differences are not shown; auditors and admins aren't told of restricted ones."""
    return max(0, seen.count() - MOST_ROWS) if user.reads_all else check.differences - min(seen.count(), MOST_ROWS)


@require_POST
@once
@forbidding
def repair_ledger(request: HttpRequest, number: int) -> HttpResponse:
    """Rewrite what differs from the ledger."""
    user = demand_reader(request)
    check = get_object_or_404(LedgerCheck, pk=number)
    count = ledger_alarm.repair(check, by=user)
    sentence = ngettext(
        "The clocks of %d escalation say again what their ledger says.",
        "The clocks of %d escalations say again what their ledgers say.",
        count,
    )
    done(request, sentence % count if count else _("There was nothing left to repair."))
    return redirect("ledger_check")
