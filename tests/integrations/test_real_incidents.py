"""The real incident log: what is stored equals what this test works out from the CSV by itself.

Nothing of the importer is used on the expecting side. `make test` takes a slice of
the log; FULL_INCIDENT_LOG=1 takes all of its 24,918 incidents (about two minutes).
"""

import csv
import lzma
import os
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.core.management import call_command

from escalations import custody
from escalations.custody import Hands
from escalations.models import Ticket
from events.models import Event
from tests.integrations.incident_logs import REAL_LOG, write

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not REAL_LOG.exists(), reason=f"the real incident log is not here ({REAL_LOG.name})"),
]

FULL = os.environ.get("FULL_INCIDENT_LOG") == "1"
FIRST = 100
STATES = {
    "New": "new",
    "Active": "in_progress",
    "Awaiting User Info": "waiting_customer",
    "Awaiting Problem": "waiting_partner",
    "Awaiting Vendor": "waiting_partner",
    "Awaiting Evidence": "waiting_partner",
    "Resolved": "resolved",
    "Closed": "closed",
}
ENDED = {"resolved", "closed"}


class Figures:
    """What is counted on both sides."""

    def __init__(self) -> None:
        self.tickets: Counter[str] = Counter()
        self.reassignments: Counter[str] = Counter()
        self.assignments: Counter[str] = Counter()
        self.priorities: Counter[str] = Counter()
        self.reopens: Counter[str] = Counter()
        self.resolutions: Counter[str] = Counter()
        self.closures: Counter[str] = Counter()
        self.entered: Counter[str] = Counter()
        self.seconds: defaultdict[str, list[int]] = defaultdict(list)

    def stay(self, state: str, since: datetime, until: datetime) -> None:
        """Note a stretch in a state; passing through one within a minute of the log is none."""
        if state not in {"accepted", "reopened"} or since != until:
            self.seconds[state].append(int((until - since).total_seconds()))

    def as_dict(self) -> dict[str, Any]:
        figures = {name: dict(+count) for name, count in vars(self).items() if isinstance(count, Counter)}
        return {**figures, "seconds": {state: sorted(stays) for state, stays in self.seconds.items()}}


def month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")


def expected(rows: list[dict[str, str]]) -> Figures:
    figures = Figures()
    incidents: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        incidents[row["number"]].append(row)
    for log in incidents.values():
        log.sort(key=lambda row: (moment(row["sys_updated_at"]), int(row["sys_mod_count"])))
        _expect_life(figures, log)
    return figures


def _expect_life(figures: Figures, log: list[dict[str, str]]) -> None:
    since = min(moment(log[0]["opened_at"]), moment(log[0]["sys_updated_at"]))
    figures.tickets[month(since)] += 1
    state, former = "new", log[0]
    for row in log:
        at = moment(row["sys_updated_at"])
        figures.reassignments[month(at)] += row["assignment_group"] != former["assignment_group"]
        figures.assignments[month(at)] += row["assigned_to"] != former["assigned_to"]
        figures.priorities[month(at)] += row["priority"] != former["priority"]
        former = row
        now = STATES.get(row["incident_state"], state)
        if now == state or (now == "new" and state not in ENDED):
            continue
        figures.stay(state, since, at)
        if state in ENDED and now not in ENDED:
            figures.reopens[month(at)] += 1
            now = "reopened" if now == "new" else now
        figures.resolutions[month(at)] += now == "resolved"
        figures.closures[month(at)] += now == "closed"
        figures.entered[now] += now != "reopened"
        state, since = now, at


def stored() -> Figures:
    figures = Figures()
    last: dict[int, tuple[str, datetime]] = {}
    counted = {
        "ticket.team_changed": figures.reassignments,
        "ticket.assigned": figures.assignments,
        "ticket.priority_changed": figures.priorities,
        "ticket.reopened": figures.reopens,
        "ticket.resolved": figures.resolutions,
        "ticket.closed": figures.closures,
    }
    for event in Event.objects.filter(subject_type="ticket").order_by("id").iterator():
        at, state = event.at, event.data["ticket"]["state"]
        if event.kind == "ticket.created":
            figures.tickets[month(at)] += 1
        elif event.kind in counted:
            counted[event.kind][month(at)] += 1
        former, since = last.get(event.subject_id, (state, at))
        if state != former:
            figures.stay(former, since, at)
            figures.entered[state] += state not in {"accepted", "reopened"}
        last[event.subject_id] = (state, at if state != former else since)
    return figures


def held() -> dict[Hands, int]:
    """Add up in whose hands the tickets were, up to the last that the log knows of each."""
    lives: defaultdict[int, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(subject_type="ticket").order_by("at", "id").iterator():
        lives[event.subject_id].append(event)
    totals: Counter[Hands] = Counter()
    for life in lives.values():
        told = [event for event in life if event.kind.startswith("ticket.")]
        stretches = custody.stretches(life, since=life[0].at, until=told[-1].at)
        for holder, seconds in custody.totals(stretches).items():
            totals[holder.hands] += seconds
            assert holder.hands != Hands.PARTNER or holder.team_id is None  # the log does not tell which
    return dict(totals)


def _slice(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The first incidents, and every one in which something rare happens."""
    chosen = set(list(dict.fromkeys(row["number"] for row in rows))[:FIRST])
    chosen |= {row["number"] for row in rows if row["incident_state"] in {"-100", "Awaiting Evidence"}}
    chosen |= {row["number"] for row in rows if row["reopen_count"] != "0"}
    return [row for row in rows if row["number"] in chosen]


def test_every_figure_equals_the_log(tmp_path: Path) -> None:
    with lzma.open(REAL_LOG, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 141_712
    if not FULL:
        rows = _slice(rows)
    path = REAL_LOG if FULL else write(tmp_path / "log.csv", rows, rows[0])
    call_command("import_incidents", str(path), verbosity=0, report=tmp_path / "report.json")

    expect, there = expected(rows), stored()
    for name, wanted in expect.as_dict().items():
        got = there.as_dict()[name]
        assert (+got if isinstance(got, Counter) else got) == (
            +wanted if isinstance(wanted, Counter) else wanted
        ), name
    medians = {state: median(seconds) for state, seconds in there.seconds.items()}
    assert medians == {state: median(seconds) for state, seconds in expect.seconds.items()}
    assert set(medians) >= {"new", "in_progress", "waiting_customer", "waiting_partner", "resolved"}
    assert held() == {
        Hands.SECOND_LINE: sum(
            sum(expect.seconds[state]) for state in ("new", "accepted", "in_progress", "reopened")
        ),
        Hands.CUSTOMER: sum(expect.seconds["waiting_customer"]),
        Hands.PARTNER: sum(expect.seconds["waiting_partner"]),
        Hands.NOBODY: sum(expect.seconds["resolved"]) + sum(expect.seconds["closed"]),
    }
    assert Ticket.objects.count() == len({row["number"] for row in rows})
    assert sum(expect.reopens.values()) > 250
