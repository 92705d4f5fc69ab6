"""Whether the process answers (/healthz), and whether it can do its work (/readyz).

Neither needs a sign-in, and neither tells more than a name and a state: no
addresses, no messages of a library, no data.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common import clock, jobs
from config import live
from events.models import Delivery

logger = logging.getLogger(__name__)

# A relay hands an event on within seconds; a minute of back-off is still health.
LATEST_DELIVERY = timedelta(minutes=5)
# Four beats of the schedule's heartbeat.
LATEST_BEAT = timedelta(seconds=60)
LATEST_LOOK = 30.0  # seconds; the live stream looks ten times a second

Finding = dict[str, Any]


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers."""
    return JsonResponse({"ok": True})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether all that the desk stands on works: 200 if so, otherwise 503, part by part."""
    parts = {name: _look(name, check) for name, check in CHECKS.items()}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ok": ready, **parts}, status=200 if ready else 503)


def _look(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception:
        logger.warning("%s is not ready", name, exc_info=True)
        return {"ok": False}


def _database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True}


def _redis() -> Finding:
    cache.ping()  # type: ignore[attr-defined]  # ours: common.cache
    return {"ok": True}


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {"ok": not waiting, "waiting": len(waiting)}


def _deliveries() -> Finding:
    """Look for events that nobody tried to hand on: those mean that no relay works.

    One that was tried and failed is its consumer's trouble, not a reason to take the desk down.
    """
    waiting = Delivery.objects.filter(delivered_at=None)
    oldest, untried = (
        _age(found.aggregate(at=Min("created_at"))["at"]) for found in (waiting, waiting.filter(attempts=0))
    )
    return {"ok": untried is None or untried <= LATEST_DELIVERY, "oldest_seconds": _seconds(oldest)}


def _beat() -> Finding:
    age = _age(jobs.last_beat())
    return {"ok": age is not None and age <= LATEST_BEAT, "seconds_ago": _seconds(age)}


def _live() -> Finding:
    """Look whether this process, if it serves live streams, can still read what to tell them."""
    hub = live.running
    return {"ok": hub is None or hub.seconds_behind() <= LATEST_LOOK, "streams": len(hub.streams) if hub else 0}


def _age(moment: datetime | None) -> timedelta | None:
    return None if moment is None else clock.now() - moment


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else round(age.total_seconds())


CHECKS: dict[str, Callable[[], Finding]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "deliveries": _deliveries,
    "beat": _beat,
    "live": _live,
}
