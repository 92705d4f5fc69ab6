"""How tickets stood at each moment of their past, read from their events by the hundred thousand.

An event's snapshot says state, team, category, channel and priority by then; what else clocks look at follows
from the kinds of events, as the domain functions have it (escalations.conversation.note_said and the verbs of
escalations.lifecycle). Nothing of a ticket's present is used but who the customer is and in which segment.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from escalations import ticket_clocks
from escalations.clocks import whole_second
from escalations.models import OWED, Clock, Customer, HandOver, HandOverState, MessageKind, State, Target
from escalations.models.ticket import TicketQuerySet
from escalations.sla import OpenHandOver
from escalations.snapshot import SUBJECT

#: Tickets read at a time: enough that the questions to the database do not count, few enough for memory.
BATCH = 1000

#: Kinds of a ticket's events that no clock looks at. Every other one may be news to the clocks.
SILENT = (
    "ticket.assigned",
    "ticket.article_linked",
    "ticket.diagnosed",
    "ticket.known_issue_linked",
    "ticket.tagged",
    "ticket.rated",
    "ticket.rating_asked",
    "ticket.recheck_ended",
    "ticket.recheck_works",
)

_ENDED = {State.RESOLVED, State.CLOSED}
_ASKING = {"ticket.waiting", "ticket.handed_over"}
_WITHDRAWING = {"ticket.resumed", "ticket.resolved", "ticket.cancelled", "ticket.merged"}
#: What somebody said by waiting on them.
_SAID_BY_WAITING = {
    State.WAITING_CUSTOMER: MessageKind.TO_CUSTOMER,
    State.WAITING_L1: MessageKind.TO_L1,
}


class Happening(NamedTuple):
    """One event of a ticket."""

    kind: str
    at: datetime
    data: dict[str, Any]


class HandedOver(NamedTuple):
    """Work asked of a partner team: whose it is, when it ended, and how long they had for it."""

    team_id: int
    ended_at: datetime | None
    agreed: Target | None = None
    wanted_by: datetime | None = None


class ByHand(NamedTuple):
    """Somebody set a clock's deadline, or (None) let it run towards its target again."""

    metric: str
    cycle: int
    due_at: datetime | None


@dataclass(slots=True)
class Standing:
    """How a ticket stood at one moment, as far as its clocks are concerned (escalations.sla.Situation)."""

    created_at: datetime
    updated_at: datetime
    team_since: datetime
    customer_id: int
    customer: Customer
    category_id: int = 0
    team_id: int = 0
    priority: int = 0
    channel: str = ""
    state: str = ""
    accepted_at: datetime | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    unanswered_since: datetime | None = None
    promised_at: datetime | None = None
    promised_for: datetime | None = None


@dataclass(slots=True)
class Past:
    """One ticket's past. `own_policy` is the policy, out of use, by which an import measured it."""

    ticket_id: int
    standing: Standing
    own_policy: int | None
    happenings: list[Happening] = field(default_factory=list)
    hand_overs: dict[int, HandedOver] = field(default_factory=dict)
    withdrawn: dict[int, OpenHandOver] = field(default_factory=dict)

    def stages(self) -> Iterator["Stage"]:
        """Carry `standing` from event to event; yield each one that is news to the clocks. Once only."""
        standing, asked = self.standing, dict[int, OpenHandOver]()
        matched: tuple[int, int, int, str] | None = None
        for happening in self.happenings:
            news = _tell(standing, happening)
            news |= self._hand_over(happening, asked)
            described = (standing.category_id, standing.team_id, standing.priority, standing.channel)
            by_hand = _by_hand(happening)
            if news or by_hand or described != matched:
                rematch = described != matched
                yield Stage(happening.at, happening.kind, list(asked.values()), rematch, by_hand)
                matched = described
            standing.updated_at = happening.at

    def _hand_over(self, happening: Happening, asked: dict[int, OpenHandOver]) -> bool:
        """Note who owes an answer after this event; return whether that changed."""
        before = dict(asked)
        if happening.kind in _WITHDRAWING:
            self.withdrawn = dict(asked)
            asked.clear()
        elif happening.kind == "ticket.unmerged":
            asked.update(self.withdrawn)
        for pk in [pk for pk in asked if (ended := self.hand_overs[pk].ended_at) and ended <= happening.at]:
            del asked[pk]
        which, now = happening.data.get("hand_over"), happening.data.get("hand_over_state")
        if which not in self.hand_overs:
            return asked != before
        if happening.kind in _ASKING and (which not in asked or now == HandOverState.ASKED):
            row = self.hand_overs[which]
            asked[which] = OpenHandOver(row.team_id, happening.at, row.agreed, row.wanted_by)
        if which in asked and now is not None:
            if now not in OWED:
                del asked[which]
            else:
                asked[which] = asked[which]._replace(stands_still=now == HandOverState.QUESTION_BACK)
        return asked != before


class Stage(NamedTuple):
    """A moment at which the clocks had something to do. `rematch`: something that policies look at changed."""

    at: datetime
    kind: str
    hand_overs: list[OpenHandOver]
    rematch: bool
    by_hand: ByHand | None


def histories(tickets: TicketQuerySet) -> Iterator[list[Past]]:
    """Yield the pasts of these tickets, a batch at a time, by id."""
    last = 0
    chosen = tickets.order_by("pk").values_list("pk", "created_at", "customer_id", "customer__segment", "origin")
    while rows := list(chosen.filter(pk__gt=last)[:BATCH]):
        last = rows[-1][0]
        yield _batch(rows)


def _batch(rows: Sequence[tuple[int, datetime, int, str, str]]) -> list[Past]:
    ids = [row[0] for row in rows]
    imported = [pk for pk, *_rest, origin in rows if origin]
    own = _own_policies(imported) if imported else {}
    pasts: dict[int, Past] = {}
    for pk, created_at, customer_id, segment, origin in rows:
        if origin and pk not in own:
            continue  # imported without service levels
        at = whole_second(created_at)
        pasts[pk] = Past(pk, Standing(at, at, at, customer_id, _customer(segment)), own.get(pk))
    for pk, happening in _happenings(ids):
        if pk in pasts:
            pasts[pk].happenings.append(happening)
    for row in HandOver.objects.filter(ticket__in=ids).defer("question", "answers"):
        if row.ticket_id in pasts:
            ended_at = row.ended_at and whole_second(row.ended_at)
            pasts[row.ticket_id].hand_overs[row.pk] = HandedOver(
                row.team_id, ended_at, ticket_clocks.agreed(row), row.wanted_by
            )
    return list(pasts.values())


def _happenings(ids: list[int]) -> Iterator[tuple[int, Happening]]:
    """Yield the tickets' events in the order in which they were written down, which is that of their changes.

    Their times are whole seconds, as clocks have them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT subject_id, kind, date_trunc('second', at), data FROM events_event
            WHERE subject_type = %s AND subject_id = ANY(%s) AND kind LIKE 'ticket.%%' AND kind <> ALL(%s)
            ORDER BY subject_id, id
            """,
            [SUBJECT, ids, list(SILENT)],
        )
        for ticket, kind, at, data in cursor.fetchall():
            yield ticket, Happening(kind, at, json.loads(data))


def _own_policies(ids: list[int]) -> dict[int, int | None]:
    """Return, for imported tickets that have clocks, the policy they went by if it is not in use."""
    found: dict[int, int | None] = {}
    rows = Clock.objects.filter(ticket__in=ids).values_list(
        "ticket_id", "policy__policy_id", "policy__policy__is_active"
    )
    for ticket, policy, in_use in rows.distinct():
        found[ticket] = policy if policy and not in_use else found.get(ticket)
    return found


@cache
def _customer(segment: str) -> Customer:
    """Return what policies need of a customer."""
    return Customer(segment=segment)


def _tell(standing: Standing, happening: Happening) -> bool:
    """Put the ticket as it stood after the event; return whether that is news besides what policies look at."""
    kind, at, data = happening
    snapshot = data["ticket"]
    standing.category_id, standing.priority = snapshot["category"], snapshot["priority"]
    standing.channel = snapshot["channel"]
    if snapshot["team"] != standing.team_id:
        standing.team_since = at if standing.team_id else standing.created_at
        standing.team_id = snapshot["team"]
    news: bool = standing.state != snapshot["state"]
    standing.state = snapshot["state"]
    ended = standing.state in _ENDED
    if standing.accepted_at is None and (ended or kind == "ticket.accepted"):
        standing.accepted_at, news = at, True
    said = _said(kind, standing.state, data)
    if said == MessageKind.FROM_CUSTOMER and standing.first_response_at and not standing.unanswered_since:
        standing.unanswered_since, news = at, True
    if said == MessageKind.TO_CUSTOMER and (standing.unanswered_since or standing.promised_at):
        standing.unanswered_since = standing.promised_at = standing.promised_for = None
        news = True
    if standing.first_response_at is None and (ended or said in {MessageKind.TO_CUSTOMER, MessageKind.TO_L1}):
        standing.first_response_at, news = at, True
    if promised_for := data.get("promised_for"):
        standing.promised_at, standing.promised_for, news = at, datetime.fromisoformat(promised_for), True
    if ended and standing.resolved_at is None:
        standing.resolved_at = at
    return news


def _by_hand(happening: Happening) -> ByHand | None:
    if happening.kind != "ticket.deadline_set":
        return None
    data = happening.data
    return ByHand(
        data["metric"], data["cycle"], datetime.fromisoformat(data["due_at"]) if data["due_at"] else None
    )


def _said(kind: str, state: str, data: dict[str, Any]) -> str | None:
    """Return the kind of message that the event brought to whoever the clocks look at."""
    match kind:
        case "ticket.message":
            return str(data["kind"])
        case "ticket.waiting":
            return _SAID_BY_WAITING.get(State(state))
        case "ticket.returned":
            return MessageKind.TO_L1
        case "ticket.resolved":
            return MessageKind.TO_CUSTOMER if "message" in data else None
    return None
