"""Ladders for tests, and what came of them."""

from datetime import UTC, datetime
from typing import Any

from escalations.models import (
    Alert,
    LadderRung,
    Metric,
    Policy,
    Ticket,
)
from tests.escalations import levels

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def step(metric: Metric, minutes: int, does: str) -> dict[str, Any]:
    return {"metric": str(metric), "minutes": minutes, "does": does}


def policy(*ladder: dict[str, Any], **columns: Any) -> Policy:
    """A policy of elapsed time before all others, with pauses, at P1: accept in 1, resolve in 4 hours."""
    minutes: dict[str, int] = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240}
    columns = {"pauses_in": ["waiting_customer", "returned"], **columns}
    return levels.policy("Flat", minutes, ladder=list(ladder), **columns)


def told() -> list[tuple[str, str]]:
    """Who was alerted of what, in order."""
    return list(Alert.objects.order_by("id").values_list("recipient__name", "kind"))


def rungs(ticket: Ticket) -> dict[tuple[int, str], tuple[str, datetime | None]]:
    found = LadderRung.objects.filter(clock__ticket=ticket)
    return {(rung.minutes, rung.does): (rung.state, rung.at) for rung in found}
