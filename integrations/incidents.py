"""Importing an incident log: each incident becomes a ticket whose life is replayed row by row.

docs/imports.md says what becomes of every column and state, and why.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import redaction
from accounts import people
from accounts.models import User
from escalations import defaults, policies
from escalations.defaults.service_levels import ALWAYS
from escalations.models import (
    Calendar,
    Category,
    Channel,
    ClockState,
    Metric,
    Policy,
    PolicyVersion,
    Priority,
    State,
    Ticket,
)
from escalations.models.ticket import ENDED, WAITING
from escalations.policies import Rulebook
from integrations import importing
from integrations.directory import Directory, NewCustomer
from integrations.importing import Account, Progress
from integrations.incident_log import CHANNELS, Entry, Incident, Log
from integrations.replay import Replay
from integrations.sources import BadRow

ORIGIN = "incidents"
POLICY = "Imported incidents"

#: The names under which missing values are known.
NO_GROUP = "No group recorded"
NO_CATEGORY = "No category recorded"
NO_CALLER = "Caller not recorded"
NO_PERSON = "Not recorded"

_METRICS = (Metric.ACCEPT, Metric.FIRST_RESPONSE, Metric.RESOLUTION)
#: Minutes to accept, first response and resolution, in calendar time that never pauses. The log states
#: no targets; these for resolution come near its own verdict (docs/imports.md says how near).
_MINUTES = {
    Priority.P1: (30, 60, 60),
    Priority.P2: (60, 120, 4 * 60),
    Priority.P3: (8 * 60, 24 * 60, 96 * 60),
    Priority.P4: (24 * 60, 48 * 60, 360 * 60),
}
_FACTS = (
    "made_sla", "reassignment_count", "reopen_count", "resolved_at", "closed_at", "location", "cmdb_ci",
    "problem_id", "vendor", "closed_code",
)  # fmt: skip


def import_log(log: Log, account: Account, progress: Progress) -> None:
    """Replay every incident of a surveyed log that is not here yet. Raises Unreadable."""
    directory, rules = Directory(), policies.rulebook_of(policy_for_history())
    known = importing.known_references(ORIGIN)
    for batch in importing.batches(_new_incidents(log, known, account, progress)):
        _prepare(directory, batch)
        account.keep([replayed(incident, directory, rules) for incident in batch])


def _new_incidents(log: Log, known: set[str], account: Account, progress: Progress) -> Iterator[Incident]:
    for item in log.incidents():
        if isinstance(item, BadRow):
            account.bad(item)
            continue
        progress(len(item.entries))
        account.rows += len(item.entries)
        if item.number in known:
            account.known += 1
        else:
            yield item


def policy_for_history() -> Policy:
    """Return the policy whose targets the past is measured by, added if there is none.

    It is not in use on the live desk. An admin may set other targets before an import.
    """
    policy, _ = Policy.objects.get_or_create(name=POLICY, defaults={"position": 1000, "is_active": False})
    if policy.current is None:
        defaults.seed_calendars()
        targets = [
            {"metric": metric, "priority": priority, "minutes": minutes, "business_time": False}
            for priority, row in _MINUTES.items()
            for metric, minutes in zip(_METRICS, row, strict=True)
        ]
        draft = PolicyVersion(policy=policy, number=1, calendar=Calendar.objects.get(name=ALWAYS), targets=targets)
        policies.publish(draft, by=people.system())
        policy.refresh_from_db()
    return policy


def _prepare(directory: Directory, incidents: Iterable[Incident]) -> None:
    """Have everything that these incidents name."""
    entries = [entry for incident in incidents for entry in incident.entries]
    directory.teams.ensure({_team(entry) for entry in entries})
    directory.ensure_people(
        {_updater(entry) for entry in entries}
        | {_creator(entry) for entry in entries}
        | {name for entry in entries if (name := entry.text("assigned_to"))}
    )
    directory.ensure_categories({entry.text("category") or NO_CATEGORY for entry in entries})
    directory.ensure_resolutions({code for entry in entries if (code := entry.text("closed_code"))})
    directory.ensure_customers({_customer_id(entry): NewCustomer(_caller(entry)) for entry in entries})


def replayed(incident: Incident, directory: Directory, rules: Rulebook) -> Replay:
    """Return the incident's life as Secondline would have recorded it."""
    first, last = incident.entries[0], incident.entries[-1]
    ticket = Ticket(
        subject=_subject(incident),
        description=_description(incident),
        category=_category(incident, directory),
        customer=directory.customer(_customer_id(first)),
        channel=CHANNELS.get(first.text("contact_type"), Channel.OTHER),
        l1_reference=incident.number,
        product=_known(incident, "subcategory")[:80],
        error_code=_known(incident, "u_symptom")[:80],
        impact=first.impact,
        urgency=first.urgency,
        priority=first.priority,
        state=State.NEW,
        team=directory.teams[_team(first)],
        owner=_owner(first, directory),
        created_by=directory.person(_creator(first)),
        origin=ORIGIN,
        external_reference=incident.number,
        imported_facts=_facts(last),
    )
    replay = Replay(ticket, rules)
    replay.create(min(first.opened_at, first.at), by=ticket.created_by)
    resolution = first.text("closed_code")
    for entry in incident.entries:
        _replay_entry(replay, entry, directory, resolution)
    return replay


def _replay_entry(replay: Replay, entry: Entry, directory: Directory, resolution: str) -> None:
    """Replay what one row changed: group, priority, assignee, then the state."""
    ticket, at, by = replay.ticket, entry.at, directory.person(_updater(entry))
    ticket.impact, ticket.urgency = entry.impact, entry.urgency
    team, owner = directory.teams[_team(entry)], _owner(entry, directory)
    if team.pk != ticket.team_id:
        columns = {"team": team, "team_since": at, "reassignment_count": ticket.reassignment_count + 1}
        replay.change(
            at, "team_changed", by=by, reason="team", rematch=True,
            columns=columns, former=ticket.team_id,
        )  # fmt: skip
    if entry.priority != ticket.priority:
        replay.set_priority(at, entry.priority, by=by)
    if owner != ticket.owner:
        replay.assign(at, owner, by=by)
    if entry.state is not None:
        enter(replay, entry.state, at=at, by=by, resolution=resolution, directory=directory)


def enter(replay: Replay, state: State, *, at: datetime, by: User, resolution: str, directory: Directory) -> None:
    """Put the ticket in the state that the log says, from whatever state it was in.

    Leaving "new" for work is the acceptance, leaving an end for work the reopening;
    both are recorded as what they are, at the same instant.
    """
    ticket = replay.ticket
    former = State(ticket.state)
    if state == former or (state == State.NEW and former not in ENDED):
        return  # nothing changed for us; nothing that was begun becomes new again
    if former in ENDED and state not in ENDED:
        replay.reopen(at, by=by)
        if state == State.NEW:
            return
    if former == State.NEW and state not in ENDED:
        accepted: dict[str, Any] = {"accepted_at": ticket.accepted_at or at}
        replay.change(
            at, "accepted", by=by, state=State.ACCEPTED, reason="accepted", columns=accepted, corrected={}
        )
    _move(replay, state, former, at=at, by=by, resolution=resolution, directory=directory)


def _move(
    replay: Replay,
    state: State,
    former: State,
    *,
    at: datetime,
    by: User,
    resolution: str,
    directory: Directory,
) -> None:
    ticket = replay.ticket
    columns: dict[str, Any] = {}
    if state == State.WAITING_CUSTOMER:
        columns["first_response_at"] = ticket.first_response_at or at
    if state in ENDED:
        columns |= {
            "accepted_at": ticket.accepted_at or at,
            "first_response_at": ticket.first_response_at or at,
        }
    if state == State.RESOLVED:
        code = directory.resolution(resolution) if resolution else None
        columns |= {"resolved_at": at, "resolution": code}
        replay.change(at, "resolved", by=by, state=state, columns=columns, resolution=code)
    elif state == State.CLOSED:
        columns |= {"closed_at": at, "resolved_at": ticket.resolved_at or at}
        replay.change(at, "closed", by=by, state=state, columns=columns)
    elif state in WAITING:
        replay.change(at, "waiting", by=by, state=state, columns=columns)
    else:
        replay.change(at, "resumed" if former in WAITING else "started", by=by, state=state)


def sla_verdicts() -> dict[str, Any]:
    """Compare the log's own verdict on each incident with that of our resolution clock."""
    met = {True: "met", False: "missed"}
    counts = {f"log_{log}_ours_{ours}": 0 for log in met.values() for ours in met.values()}
    rows = Ticket.objects.filter(
        origin=ORIGIN, clocks__metric=Metric.RESOLUTION, clocks__state=ClockState.STOPPED
    ).values_list("imported_facts__made_sla", "clocks__breached_at")
    for made_sla, breached_at in rows.iterator():
        counts[f"log_{met[made_sla is True]}_ours_{met[breached_at is None]}"] += 1
    agree = counts["log_met_ours_met"] + counts["log_missed_ours_missed"]
    total = sum(counts.values())
    return {**counts, "agreement": round(agree / total, 4) if total else None}


def _team(entry: Entry) -> str:
    return redaction.clean(entry.text("assignment_group"))[:80] or NO_GROUP


def _owner(entry: Entry, directory: Directory) -> User | None:
    name = entry.text("assigned_to")
    return directory.person(name) if name else None


def _updater(entry: Entry) -> str:
    return entry.text("sys_updated_by") or NO_PERSON


def _creator(entry: Entry) -> str:
    return entry.text("opened_by") or entry.text("sys_created_by") or _updater(entry)


def _caller(entry: Entry) -> str:
    return entry.text("caller_id") or NO_CALLER


def _customer_id(entry: Entry) -> str:
    return f"{ORIGIN}:{redaction.clean(_caller(entry))}"[:80]


def _category(incident: Incident, directory: Directory) -> Category:
    """The category that the desk ended with: the log has no event for a corrected one."""
    return directory.category(_known(incident, "category") or NO_CATEGORY)


def _known(incident: Incident, column: str) -> str:
    """Return the last value of a column that is not missing, cleaned."""
    values = (text for entry in reversed(incident.entries) if (text := entry.text(column)))
    return redaction.clean(next(values, ""))


def _subject(incident: Incident) -> str:
    parts = [_known(incident, "category") or NO_CATEGORY, _known(incident, "subcategory")]
    subject = " · ".join(part for part in parts if part)
    symptom = _known(incident, "u_symptom")
    return (f"{subject} ({symptom})" if symptom else subject)[:200]


def _description(incident: Incident) -> str:
    """The log holds no text: say what it does hold."""
    columns = {"Location": "location", "Configuration item": "cmdb_ci", "Opened by": "opened_by"}
    lines = [f"{label}: {text}" for label, column in columns.items() if (text := _known(incident, column))]
    return "\n".join([f"Incident {incident.number}, imported from an audit log without texts.", *lines])


def _facts(last: Entry) -> dict[str, Any]:
    facts: dict[str, Any] = {name: text for name in _FACTS if (text := last.text(name))}
    cleaned: dict[str, Any] = redaction.redact_json(facts)
    return cleaned | {"made_sla": last.text("made_sla") == "true"}


def open_log(path: Path, zone: ZoneInfo) -> Log:
    """Return the log in `path`, surveyed. Raises Unreadable."""
    log = Log(path, zone)
    log.survey()
    return log
