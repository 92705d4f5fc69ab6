"""What is still owed, and tidying away what is not."""

from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet

from common import clock
from events.models import Delivery

KEPT_FOR = timedelta(days=30)
STUCK_AFTER_ATTEMPTS = 3


def oldest_undelivered() -> datetime | None:
    """Return when the oldest undelivered delivery was recorded, or None if nothing is owed."""
    oldest: datetime | None = Delivery.objects.filter(delivered_at__isnull=True).aggregate(
        oldest=Min("created_at")
    )["oldest"]
    return oldest


def failing() -> QuerySet[Delivery]:
    """Return the undelivered ones whose consumer failed, or whose worker keeps dying."""
    return Delivery.objects.filter(
        ~Q(last_error="") | Q(attempts__gte=STUCK_AFTER_ATTEMPTS), delivered_at__isnull=True
    )


def prune(older_than: timedelta = KEPT_FOR, batch: int = 5000) -> int:
    """Delete what was delivered longer ago than that, in batches; return how many. Events stay for ever."""
    done = Delivery.objects.filter(delivered_at__lt=clock.now() - older_than).order_by("delivered_at")
    deleted = 0
    while ids := list(done.values_list("pk", flat=True)[:batch]):
        Delivery.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
