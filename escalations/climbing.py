"""Taking the steps of the ladder when their instant has come, each once, by Secondline itself.

A ticket is locked before its rungs, as every change locks them. One that somebody holds is left for the next
round. What a late job finds it does in the order in which it should have been done.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import people
from accounts.models import User
from common import clock
from escalations import alerts, assignment, forgotten, recipients, sla, ticket_clocks
from escalations.changes import record
from escalations.clocks import whole_second
from escalations.models import (
    Alert,
    AlertKind,
    Clock,
    LadderRung,
    Metric,
    Priority,
    RungState,
    StepAction,
    Ticket,
)
from escalations.snapshot import SUBJECT
from events.models import Event

logger = logging.getLogger(__name__)

#: Rungs, and forgotten tickets, that one round looks at; the next round is half a minute away.
MOST_AT_ONCE = 2_000


def take_steps() -> int:
    """Take every step that is due, oldest first, and look after forgotten tickets. Returns how many were taken."""
    now = whole_second(clock.now())  # in the second in which it falls due, a target can still be kept
    due = LadderRung.objects.filter(state=RungState.PLANNED, at__lt=now).order_by("at", "pk")
    forgotten_ones = Ticket.objects.filter(forgotten_at__lt=now).order_by("forgotten_at", "pk")
    rungs = list(due.values_list("pk", "clock__ticket_id")[:MOST_AT_ONCE])
    tickets = list(forgotten_ones.values_list("pk", flat=True)[:MOST_AT_ONCE])
    taken = 0
    for rung, ticket in rungs:
        try:
            taken += _take(rung, ticket)
        except Exception:
            logger.exception("A step on %s could not be taken (rung %s); it is tried again.", ticket, rung)
    for ticket in tickets:
        try:
            taken += _look(ticket)
        except Exception:
            logger.exception("Whether ticket %s is forgotten could not be settled; it is tried again.", ticket)
    return taken


def after_reopening(locked: Ticket) -> None:
    """Raise the priority of a ticket that keeps coming back, and alert the lead, as its policy says."""
    policy = sla.service_policy(ticket_clocks.load(locked))
    if policy is None or policy.raise_after_reopens is None or locked.reopen_count < policy.raise_after_reopens:
        return
    leads, why = recipients.leads(locked), {"reopenings": locked.reopen_count}
    event = _raise_priority(locked, why)
    if event is None:
        _alert(locked, leads, AlertKind.REOPENED, "alerted", why)
    else:
        alerts.tell(locked, leads, AlertKind.REOPENED, event=event)


@transaction.atomic
def _take(rung_pk: int, ticket_pk: int) -> bool:
    """Take one step, unless somebody else did, the ticket ended, or somebody is at work on it."""
    ticket = _held(ticket_pk)
    if ticket is None:
        return False
    rung = (
        LadderRung.objects.select_for_update(of=("self",))
        .select_related("clock")
        .filter(pk=rung_pk, state=RungState.PLANNED, at__lt=whole_second(clock.now()))
        .first()
    )
    if rung is None:
        return False
    if not ticket.is_open or rung.clock.stopped_at is not None:
        LadderRung.objects.filter(pk=rung.pk).update(state=RungState.CANCELLED)
        return False
    event = _do(rung, ticket)
    outcome: dict[str, Any] = {"state": RungState.SKIPPED}
    if event is not None:
        outcome = {"state": RungState.DONE, "done_at": clock.now(), "event": event}
    LadderRung.objects.filter(pk=rung.pk).update(**outcome)
    return event is not None


def _held(ticket_pk: int) -> Ticket | None:
    """Return the ticket, locked, or None while somebody else has it."""
    return (
        Ticket.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("customer", "category", "team", "owner")
        .filter(pk=ticket_pk)
        .first()
    )


def _do(rung: LadderRung, ticket: Ticket) -> Event | None:
    """Do what the rung says and return the event, or None where there is nothing to do."""
    due_at = rung.clock.breached_at or rung.clock.due_at
    why: dict[str, Any] = {"step": _described(rung, due_at)}
    if rung.does == StepAction.RAISE_PRIORITY:
        return _raise_priority(ticket, why)
    if rung.does == StepAction.REASSIGN and (person := recipients.least_busy(ticket)) is not None:
        event = assignment.change_owner(ticket, person, by=people.system(), how="ladder", **why)
        alerts.tell(ticket, [person], AlertKind.ASSIGNED, event=event)
        return event
    reached = recipients.reached_by(rung.does, ticket, reached_before=_climbed_to(rung.clock))
    if rung.clock.metric == Metric.HAND_OVER:
        row = ticket.hand_overs.owed().select_related("owner").filter(team=rung.clock.team_id).first()
        if row is not None and rung.does in {StepAction.NOTIFY_OWNER, StepAction.NOTIFY_TEAM}:
            reached = [*reached, *recipients.of_hand_over(row)]
        why |= {"hand_over": row.pk} if row is not None else {}
    late = due_at is not None and due_at < clock.now()
    return _alert(ticket, reached, AlertKind.MISSED if late else AlertKind.DUE_SOON, "alerted", why)


def _described(rung: LadderRung, due_at: datetime | None) -> dict[str, Any]:
    return {
        "metric": rung.clock.metric,
        "cycle": rung.clock.cycle,
        "minutes": rung.minutes,
        "does": rung.does,
        "due_at": due_at.isoformat() if due_at else None,
    }


def _raise_priority(ticket: Ticket, why: dict[str, Any]) -> Event | None:
    if ticket.priority == Priority.P1:
        return None
    return assignment.change_priority(ticket, ticket.priority - 1, by=people.system(), **why)


def _alert(
    ticket: Ticket, reached: Iterable[User], kind: AlertKind, event_kind: str, data: dict[str, Any]
) -> Event | None:
    """Record that these people are alerted, and alert them; None where there is nobody.

    A partner who has a hand-over of the ticket and not the ticket finds it in their queue.
    """
    seen = Ticket.objects.filter(pk=ticket.pk)
    found = {person.pk: person for person in reached if seen.visible_to(person).exists()}
    if not found:
        return None
    event = record(ticket, event_kind, by=people.system(), people=sorted(found), **data)
    alerts.tell(ticket, found.values(), kind, event=event)
    return event


def _climbed_to(row: Clock) -> list[int]:
    """Return whom this clock has climbed to already."""
    climbs = LadderRung.objects.filter(clock=row, does=StepAction.CLIMB, event__isnull=False).values("event")
    return list(Alert.objects.filter(event__in=climbs).values_list("recipient_id", flat=True))


@transaction.atomic
def _look(ticket_pk: int) -> bool:
    """Alert of a ticket that nobody has touched for long: the owner, and each time the next person further up."""
    now = clock.now()
    ticket = _held(ticket_pk)
    if ticket is None or ticket.forgotten_at is None or ticket.forgotten_at >= now:
        return False
    patience = forgotten.patience_with(ticket, ticket_clocks.load(ticket))
    if patience is None:
        _look_again(ticket, None)
        return False
    touched = forgotten.touched_at(ticket)
    if (over := patience.after(touched)) >= whole_second(now):
        _look_again(ticket, over)
        return False
    before = Event.objects.filter(
        kind="ticket.forgotten", subject_type=SUBJECT, subject_id=ticket.pk, at__gte=touched
    )
    reached_before = list(Alert.objects.filter(event__in=before).values_list("recipient_id", flat=True))
    reached = [
        *recipients.reached_by(StepAction.NOTIFY_OWNER, ticket),
        *recipients.reached_by(StepAction.CLIMB, ticket, reached_before=reached_before),
    ]
    data = {"touched_at": touched.isoformat(), "time": before.count() + 1}
    event = _alert(ticket, reached, AlertKind.FORGOTTEN, "forgotten", data)
    _look_again(ticket, patience.after(now))
    return event is not None


def _look_again(ticket: Ticket, at: datetime | None) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(forgotten_at=at)
