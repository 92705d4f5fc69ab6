"""Histories replayed in memory: one ticket at a time, with its clocks.

Shared by the importers and the demo company. A `Replay` carries one ticket through
its past: each step first marks the deadlines that passed meanwhile, then changes
the ticket, moves its clocks by the very rules of escalations.sla, and writes the
step down. It checks neither permissions nor transitions, since the past is as it
was. integrations.storing then keeps many tickets at once.

The steps mirror the domain functions; tests/integrations/test_demo.py holds both
to the same result.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import Team, User
from escalations import conversation, sla, ticket_clocks
from escalations.clocks import Ledger
from escalations.models import (
    HandOver,
    HandOverState,
    Message,
    MessageKind,
    Reason,
    RootCause,
    State,
    Ticket,
)
from escalations.policies import Rulebook
from escalations.sla import OpenHandOver
from escalations.snapshot import snapshot
from escalations.ticket_clocks import BREACHED


@dataclass(frozen=True)
class Step:
    """Something that happened: an event before its ticket has a number.

    `by` is None when Secondline itself did it; `refs` are rows, not stored yet,
    whose ids the event's data will hold.
    """

    kind: str
    at: datetime
    by: User | None
    data: dict[str, Any]
    refs: dict[str, models.Model | list[HandOver]]


@dataclass
class Replay:
    """One unsaved ticket on its way through the past. Call the steps in the order of time.

    `rules` say which policies apply. Rows given as a step's data stand for their ids.
    """

    ticket: Ticket
    rules: Rulebook
    ledgers: list[Ledger] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    rows: list[models.Model] = field(default_factory=list)
    #: Which step caused each entry of each ledger, by metric and cycle.
    causes: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    # What every step consists of.

    def change(
        self,
        at: datetime,
        kind: str,
        /,
        *,
        by: User,
        state: State | None = None,
        reason: str = "",
        code: Reason | None = None,
        rematch: bool = False,
        columns: dict[str, Any] | None = None,
        **data: Any,
    ) -> None:
        """Change the ticket's `columns` and `state`, move its clocks, and record `ticket.<kind>`.

        `reason` goes into the clocks' ledger, `code` (what somebody chose) into the event;
        `rematch` looks for the policy again.
        """
        self.pass_deadlines(at)
        ticket = self.ticket
        self._set(columns)
        if state is not None:
            ticket.state, ticket.state_since = state, at
        sla.follow(
            ticket,
            self.ledgers,
            at=at,
            rules=lambda: self.rules,
            reason=reason or str(state or kind),
            hand_overs=self._open_hand_overs(),
            rematch=rematch,
        )
        if code is not None:
            data["reason"] = code
        ticket.next_due_at, ticket.next_due_metric = sla.next_due(self.ledgers)
        if self.steps:
            self.touch(at)
            data["used"] = sla.used_by(self.ledgers, at)
        self.record(at, kind, by=by, **data)
        for ledger in self.ledgers:
            causes = self.causes.setdefault((ledger.metric, ledger.cycle), [])
            causes += [len(self.steps) - 1] * (len(ledger.entries) - len(causes))

    def note(
        self, at: datetime, kind: str, /, *, by: User, columns: dict[str, Any] | None = None, **data: Any
    ) -> None:
        """Record something that moves no clock; `columns` of the ticket may change with it."""
        self.pass_deadlines(at)
        if columns:
            self._set(columns)
            self.touch(at)
        self.record(at, kind, by=by, **data)

    def add(self, row: models.Model) -> None:
        """Store `row`, one of the kinds that hang on a ticket, together with it."""
        self.rows.append(row)

    def record(self, at: datetime, kind: str, /, *, by: User | None, **data: Any) -> None:
        """Write down `ticket.<kind>` with what the ticket looks like by then."""
        self._step(f"ticket.{kind}", at, by=by, data={**data, "ticket": snapshot(self.ticket)})

    def pass_deadlines(self, at: datetime) -> None:
        """Mark the deadlines that passed before `at`, each at its true instant."""
        late = [
            (breached_at, ledger)
            for ledger in self.ledgers
            if ledger.noticed is None and (breached_at := ledger.breached(at)) is not None
        ]
        for breached_at, ledger in sorted(late, key=lambda pair: pair[0]):
            ledger.noticed = breached_at
            data = {"metric": str(ledger.metric), "cycle": ledger.cycle, "ticket": snapshot(self.ticket)}
            self._step(BREACHED, breached_at, by=None, data=data)

    def _set(self, columns: dict[str, Any] | None) -> None:
        for name, value in (columns or {}).items():
            setattr(self.ticket, name, value)

    def touch(self, at: datetime) -> None:
        """Count one more version of the ticket."""
        self.ticket.version += 1
        self.ticket.updated_at = at

    def _step(self, kind: str, at: datetime, *, by: User | None, data: dict[str, Any]) -> None:
        refs = {name: value for name, value in data.items() if _is_row(value)}
        plain = {name: value for name, value in data.items() if name not in refs}
        self.steps.append(Step(kind, at, by, plain, refs))

    # The steps: the domain functions' counterparts.

    def create(self, at: datetime, *, by: User) -> None:
        """Begin: the ticket's own columns are set already."""
        ticket = self.ticket
        ticket.created_at = ticket.updated_at = ticket.state_since = ticket.team_since = at
        self.change(
            at, "created", by=by, reason="created",
            l1_team=ticket.l1_team_id, customer=ticket.customer_id,
        )  # fmt: skip

    def accept(self, at: datetime, *, by: User, **columns: Any) -> None:
        """Accept, correcting `columns` of category, priority and team as triage does."""
        corrected = {name: [_plain(getattr(self.ticket, name)), _plain(value)] for name, value in columns.items()}
        if "team" in columns:
            columns |= {"reassignment_count": self.ticket.reassignment_count + 1, "team_since": at}
        columns["accepted_at"] = self.ticket.accepted_at or at
        columns["owner"] = None if "team" in corrected else by
        self.change(
            at, "accepted", by=by, state=State.ACCEPTED, reason="accepted", rematch=bool(corrected),
            columns=columns, corrected=corrected,
        )  # fmt: skip

    def assign(self, at: datetime, owner: User | None, *, by: User, how: str = "assign") -> None:
        """Give it to somebody, or (None) let go of it."""
        self.note(at, "assigned", by=by, columns={"owner": owner}, how=how)

    def move(self, at: datetime, team: Team, *, by: User) -> None:
        """Pass it to another second-line team."""
        columns = {
            "team": team, "team_since": at, "owner": None,
            "reassignment_count": self.ticket.reassignment_count + 1,
        }  # fmt: skip
        self.change(
            at, "team_changed", by=by, reason="team", rematch=True,
            columns=columns, former=self.ticket.team_id,
        )  # fmt: skip

    def set_priority(self, at: datetime, priority: int, *, by: User) -> None:
        self.change(
            at, "priority_changed", by=by, reason="priority", rematch=True,
            columns={"priority": priority}, former=self.ticket.priority,
        )  # fmt: skip

    def start(self, at: datetime, *, by: User) -> None:
        owner = self.ticket.owner or by
        self.change(at, "started", by=by, state=State.IN_PROGRESS, columns={"owner": owner})

    def say(
        self,
        at: datetime,
        kind: MessageKind,
        body: str,
        *,
        by: User,
        hand_over: HandOver | None = None,
        promise: datetime | None = None,
    ) -> Message:
        """Add a message as a part of a larger step; `body` is redacted already."""
        message = Message(ticket=self.ticket, kind=kind, author=by, body=body, hand_over=hand_over, created_at=at)
        self.add(message)
        conversation.note_said(self.ticket, kind, at=at, promise=promise)
        return message

    def message(
        self, at: datetime, kind: MessageKind, body: str, *, by: User,
        hand_over: HandOver | None = None, resumes: bool = False, promise: datetime | None = None,
    ) -> None:  # fmt: skip
        """Write a message; one that answers what the ticket waits for `resumes` it."""
        self.pass_deadlines(at)
        said = self.say(at, kind, body, by=by, hand_over=hand_over, promise=promise)
        if hand_over is not None and resumes:
            hand_over.ended_at, hand_over.state = at, HandOverState.ANSWERED
        self.change(
            at, "message", by=by, state=State.IN_PROGRESS if resumes else None, reason=str(kind),
            message=said, kind=str(kind), **conversation.promised(promise), **_of(hand_over),
        )  # fmt: skip

    def wait(
        self,
        at: datetime,
        state: State,
        *,
        by: User,
        message: Message | None = None,
        promise: datetime | None = None,
        **data: Any,
    ) -> None:
        """Wait on customer, L1 or partner; the question is a message said before, with what it promises."""
        if message is not None:
            data["message"] = message
        if isinstance(asked := data.get("hand_over"), HandOver):
            data |= {"hand_over_state": str(asked.state), "partner": asked.team_id}
        self.change(at, "waiting", by=by, state=state, **conversation.promised(promise), **data)

    def resume(self, at: datetime, *, by: User) -> None:
        withdrawn = self._end_hand_overs(at)
        self.change(at, "resumed", by=by, state=State.IN_PROGRESS, **withdrawn)

    def resolve(
        self,
        at: datetime,
        *,
        by: User,
        resolution: Reason | None = None,
        root_cause: RootCause | None = None,
        message: Message | None = None,
        **columns: Any,
    ) -> None:
        """Resolve; `columns` are the two answers, which an import may not have."""
        self.pass_deadlines(at)
        data: dict[str, Any] = self._end_hand_overs(at)
        data |= {"message": message} if message is not None else {}
        columns |= {
            "resolution": resolution,
            "root_cause": root_cause,
            "owner": self.ticket.owner or by,
            "resolved_at": at,
            "accepted_at": self.ticket.accepted_at or at,
        }
        self.change(
            at, "resolved", by=by, state=State.RESOLVED, columns=columns,
            resolution=resolution, root_cause=root_cause, **data,
        )  # fmt: skip

    def close(self, at: datetime, *, by: User) -> None:
        self.change(at, "closed", by=by, state=State.CLOSED, columns={"closed_at": at})

    def reopen(self, at: datetime, *, by: User, **data: Any) -> None:
        columns = {"reopen_count": self.ticket.reopen_count + 1, "closed_at": None}
        self.change(at, "reopened", by=by, state=State.REOPENED, columns=columns, **data)

    def cancel(self, at: datetime, *, by: User, **data: Any) -> None:
        self.pass_deadlines(at)
        data |= self._end_hand_overs(at)
        self.change(at, "cancelled", by=by, state=State.CANCELLED, **data)

    def _open_hand_overs(self) -> list[OpenHandOver]:
        return [
            ticket_clocks.open_hand_over(row)
            for row in self.rows
            if isinstance(row, HandOver) and row.ended_at is None
        ]

    def _end_hand_overs(self, at: datetime) -> dict[str, Any]:
        """Withdraw what is still asked of partners; return what the event says of it."""
        withdrawn = [row for row in self.rows if isinstance(row, HandOver) and row.ended_at is None]
        for row in withdrawn:
            row.ended_at, row.state = at, HandOverState.WITHDRAWN
        return {"withdrawn": withdrawn} if withdrawn else {}


def _of(hand_over: HandOver | None) -> dict[str, Any]:
    """Return what a message's event says of the hand-over in whose thread it stands."""
    if hand_over is None:
        return {}
    return {"hand_over": hand_over, "hand_over_state": str(hand_over.state), "partner": hand_over.team_id}


def _is_row(value: Any) -> bool:
    """Tell whether it is a row, or a list of them, which gets its number when it is stored."""
    return isinstance(value[0] if isinstance(value, list) and value else value, models.Model)


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
