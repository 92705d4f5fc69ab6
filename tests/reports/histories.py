"""Random but possible histories of tickets, as events."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from escalations.models import Channel, Metric
from events.models import Event

START = datetime(2026, 3, 1, tzinfo=UTC)
STATES = {
    "created": "new",
    "accepted": "accepted",
    "returned": "returned",
    "resubmitted": "new",
    "started": "in_progress",
    "waiting": "waiting_customer",
    "resumed": "in_progress",
    "resolved": "resolved",
    "reopened": "reopened",
    "closed": "closed",
    "cancelled": "cancelled",
}
KEEPING_STATE = ["assigned", "message", "priority_changed", "team_changed", "rated", "diagnosed"]


@st.composite
def histories(draw: st.DrawFn, *, ticket: int, teams: list[int], people: list[int], category: int) -> list[Event]:
    """Draw one ticket's events, in the order in which they happened; true times may coincide."""
    at = START + timedelta(minutes=draw(st.integers(0, 3000)))
    snapshot: dict[str, Any] = {
        "state": "new",
        "team": draw(st.sampled_from(teams)),
        "owner": None,
        "category": category,
        "channel": Channel.CHAT,
        "priority": 3,
    }
    kinds = ["created", *draw(st.lists(st.sampled_from([*STATES, *KEEPING_STATE, "breach"]), max_size=9))]
    found = []
    for kind in kinds:
        at += timedelta(minutes=draw(st.sampled_from([0, 1, 90, 1500])))
        if kind == "breach":
            data: dict[str, Any] = {"metric": draw(st.sampled_from(list(Metric)))}
        else:
            data = draw(_data(kind))
            snapshot = {**snapshot, **draw(_moved(kind, teams, people))}
        found.append(
            Event(
                kind="sla.breached" if kind == "breach" else f"ticket.{kind}",
                subject_type="ticket",
                subject_id=ticket,
                actor_id=draw(st.sampled_from(people)),
                at=at,
                recorded_at=START,
                data={**data, "ticket": snapshot},
            )
        )
    return found


@st.composite
def _data(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if draw(st.booleans()):
        data["used"] = {metric: draw(st.integers(0, 200_000)) for metric in Metric}
    if kind in {"returned", "reopened", "cancelled"}:
        data["reason"] = draw(st.integers(1, 3))
    if kind == "resolved":
        data["resolution"] = draw(st.integers(1, 3))
    if kind == "rated":
        data["score"] = draw(st.integers(1, 5))
    if kind == "message":
        data["kind"] = draw(st.sampled_from(["note", "to_customer", "to_l1", "from_l1"]))
    return data


@st.composite
def _moved(draw: st.DrawFn, kind: str, teams: list[int], people: list[int]) -> dict[str, Any]:
    if kind in STATES:
        return {"state": STATES[kind]}
    if kind == "assigned":
        return {"owner": draw(st.sampled_from([None, *people]))}
    if kind == "priority_changed":
        return {"priority": draw(st.integers(1, 4))}
    if kind == "team_changed":
        return {"team": draw(st.sampled_from(teams)), "owner": None}
    return {}
