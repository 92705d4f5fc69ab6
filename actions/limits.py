"""How much of a kind has been asked for already: for an account, by a person, in a day.

An action counts from its request on, until it is rejected, expired, cancelled, failed or made a draft again.
Whoever requests holds the policy's row (actions.lifecycle), so requests of one kind come one after another, and
of those that come at the same moment none sees too little.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum

from actions import kinds
from actions.models import HOLDING, Action
from actions.terms import CURRENCY
from common import clock


def day_began(now: datetime) -> datetime:
    """Return when the desk's day began."""
    return now.astimezone(ZoneInfo(settings.DESK_TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)


def used(action: Action, person: int) -> dict[str, tuple[int, int]]:
    """Return for each limit of the action's policy what other actions use of it, and the limit."""
    now, terms = clock.now(), action.policy.terms
    holding = Action.objects.filter(kind=action.kind, state__in=HOLDING).exclude(pk=action.pk)
    if action.currency:
        holding = holding.filter(currency=action.currency)
    today = holding.filter(requested_at__gte=day_began(now))
    since = now - timedelta(days=terms.get("customer_days") or 1)
    counted = {
        "customer_most": holding.filter(account=action.account, requested_at__gte=since),
        "person_most": today.filter(requested_by=person),
        "day_most": today,
    }
    return {
        name: (found.aggregate(total=Sum("amount"))["total"] or 0, terms[name])
        for name, found in counted.items()
        if terms.get(name) is not None
    }


def are_comparable(action: Action) -> bool:
    """Tell whether the policy's limits are in the action's currency."""
    return kinds.of(action.kind).unit != kinds.MONEY or action.policy.terms.get(CURRENCY) == action.currency
