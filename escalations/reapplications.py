"""Applying the current service levels to a whole selection of tickets, in the background.

Twice over the same tickets: a preview that writes nothing but its own result, and, once somebody has said so,
the change. Each pass goes on in a few lanes side by side, every lane through its own share of the tickets, batch
by batch: a batch is one delivery of one event (`KIND`), its transaction changes the tickets, notes how far the
lane has come and records the event of the next batch. So a pass survives a worker that is killed, does nothing
twice, and lets other work in between.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Mod
from django.utils import translation
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import reapplying, service_levels
from escalations.models import Clock, Effect, Reapplication, ReapplicationState, ReappliedTicket, Ticket
from escalations.models.clock import UNFINISHED
from escalations.models.ticket import TicketQuerySet
from escalations.reapplying import MOST_ROWS, Batch
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

SUBJECT = "reapplication"
CONSUMER = "reapplication"
KIND = "sla.reapplication_step"

LANES = 4
#: Tickets per batch, which hold up whoever wants to change one of them for that long: about a second.
BATCH = 1000
#: So often a lane comes back for tickets that somebody else was just changing.
ROUNDS = 20


@transaction.atomic
def request(reapplication: Reapplication, *, by: User) -> Reapplication:
    """Store what somebody asks for, and begin its preview. Raises NotAllowed, Refused where nothing is chosen."""
    if not service_levels.may_set_up(by):
        raise NotAllowed(_("Only team leads and admins apply service levels."))
    reapplication.requested_by, reapplication.requested_at = by, clock.now()
    reapplication.total = chosen(reapplication).count()
    if not reapplication.total:
        raise Refused(_("No open escalation within your reach is like that."))
    _begin(reapplication, ReapplicationState.PREVIEWING)
    recording.record(
        "sla.reapplication_requested",
        subject=(SUBJECT, reapplication.pk),
        by=by,
        data={"tickets": reapplication.total},
    )
    return reapplication


@transaction.atomic
def apply(reapplication: Reapplication, *, by: User) -> Reapplication:
    """Do what was previewed. Raises NotAllowed for anybody but who asked, Refused unless it waits for that."""
    locked = Reapplication.objects.select_for_update(of=("self",)).get(pk=reapplication.pk)
    if locked.requested_by_id != by.pk or not service_levels.may_set_up(by):
        raise NotAllowed(_("Only who asked for the preview applies it."))
    if locked.state != ReapplicationState.PREVIEWED:
        raise Refused(_("This was applied already, or is still being previewed."))
    locked.total = chosen(locked).count()
    _begin(locked, ReapplicationState.APPLYING)
    recording.record(
        "sla.reapplication_confirmed", subject=(SUBJECT, locked.pk), by=by, data={"tickets": locked.total}
    )
    return locked


def chosen(reapplication: Reapplication) -> TicketQuerySet:
    """Return the open tickets of the selection that are within the requester's reach now."""
    tickets = reapplying.within_reach(reapplication.requested_by)
    for name in ("team", "category", "priority"):
        if (value := getattr(reapplication, name)) is not None:
            tickets = tickets.filter(**{name: value})
    for name in ("policy", "calendar"):
        if (version := getattr(reapplication, name)) is not None:
            running = Clock.objects.filter(ticket=OuterRef("pk"), state__in=UNFINISHED, **{name: version})
            tickets = tickets.filter(Exists(running))
    return tickets


def _begin(reapplication: Reapplication, state: ReapplicationState) -> None:
    """Start a pass: every lane at its first step. Later tickets than those there are now have nothing to gain."""
    reapplication.state = state
    reapplication.looked_at = 0
    newest = Ticket.objects.aggregate(newest=Max("pk"))["newest"] or 0
    reapplication.lanes = [
        {"number": number, "step": 0, "after": 0, "up_to": newest, "left": [], "round": 0}
        for number in range(LANES)
    ]
    reapplication.save()
    for number in range(LANES):
        _owe(reapplication, number)


def _owe(reapplication: Reapplication, lane: int) -> None:
    data = {"pass": reapplication.state, "lane": lane, "step": reapplication.lanes[lane]["step"]}
    recording.record(KIND, subject=(SUBJECT, reapplication.pk), by=reapplication.requested_by, data=data)


def handle(event: Event) -> None:
    """Take one step of a lane. A step that was taken is not taken again."""
    number = event.data["lane"]
    reapplication = Reapplication.objects.select_related("requested_by").get(pk=event.subject_id)
    if not _is_next(reapplication, event):
        return
    lane = dict(reapplication.lanes[number])
    previewing = reapplication.state == ReapplicationState.PREVIEWING
    with translation.override(reapplication.requested_by.language):
        found = _preview(reapplication, lane) if previewing else _apply(reapplication, lane)
    # Lanes that end a step at the same time add to the sums one after the other.
    locked = Reapplication.objects.select_for_update().get(pk=event.subject_id)
    _add(locked, found)
    locked.lanes[number] = lane
    if lane["after"] is not None or lane["left"]:
        _owe(locked, number)
    elif all(one["after"] is None and not one["left"] for one in locked.lanes):
        _finish(locked)
    locked.save()


@dataclass
class _Found:
    """What a step adds to the sums."""

    looked_at: int = 0
    would_change: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    changed_clocks: int = 0
    changed: list[ReappliedTicket] = field(default_factory=list)
    failed: list[ReappliedTicket] = field(default_factory=list)


def _add(locked: Reapplication, found: _Found) -> None:
    locked.looked_at += found.looked_at
    locked.would_change += found.would_change
    locked.counts = dict(Counter(locked.counts) + found.counts)
    locked.rows = sorted([*locked.rows, *found.rows], key=_worst_first)[:MOST_ROWS]
    locked.changed_tickets += len(found.changed)
    locked.changed_clocks += found.changed_clocks
    locked.failed_tickets += len(found.failed)
    ReappliedTicket.objects.bulk_create([*found.changed, *found.failed])


def _worst_first(row: dict[str, Any]) -> tuple[Any, ...]:
    return (Effect.values.index(row["effect"]), row["due_after"] or "~", row["ticket"], row["metric"])


def _preview(reapplication: Reapplication, lane: dict[str, Any]) -> _Found:
    def take(numbers: Sequence[int]) -> reapplying.Preview:
        tickets = reapplying.readable(chosen(reapplication).filter(pk__in=numbers))
        return reapplying.preview(list(tickets), also_by_hand=reapplication.also_by_hand)

    previews, failed = _together_or_apart(_next_numbers(reapplication, lane), take)
    lane["step"] += 1
    found = _Found(looked_at=sum(one.tickets for one in previews) + len(failed))
    for one in previews:
        found.would_change += one.changed_tickets
        found.counts += one.counts
        found.rows += [outcome.as_json() for outcome in one.rows]
    found.counts[Effect.FAILS] += len(failed)
    return found


def _apply(reapplication: Reapplication, lane: dict[str, Any]) -> _Found:
    """Change the lane's next tickets; when there are no more, come back for those that were in use."""

    def take(numbers: Sequence[int]) -> Batch:
        return reapplying.reapply_many(
            chosen(reapplication),
            numbers,
            by=reapplication.requested_by,
            also_by_hand=reapplication.also_by_hand,
        )

    if lane["after"] is None:
        numbers, lane["left"] = lane["left"], []
        lane["round"] += 1
    else:
        numbers = _next_numbers(reapplication, lane)
    batches, failed = _together_or_apart(numbers, take)
    left = [number for batch in batches for number in batch.left]
    if lane["round"] == ROUNDS:
        failed |= dict.fromkeys(left, _("Somebody was changing it all the time: apply it there by hand."))
        left = []
    lane["left"] = [*lane["left"], *left]
    lane["step"] += 1
    return _Found(
        looked_at=len(numbers) - len(left),
        changed_clocks=sum(batch.clocks for batch in batches),
        changed=[
            ReappliedTicket(reapplication=reapplication, ticket_id=event.subject_id, event=event)
            for batch in batches
            for event in batch.events
        ],
        failed=[
            ReappliedTicket(reapplication=reapplication, ticket_id=number, problem=problem[:300])
            for number, problem in failed.items()
        ],
    )


def _next_numbers(reapplication: Reapplication, lane: dict[str, Any]) -> list[int]:
    """Return the lane's next tickets, and note on it how far it has come then; None: through."""
    share = chosen(reapplication).annotate(share=Mod("pk", LANES)).filter(share=lane["number"])
    ahead = share.filter(pk__gt=lane["after"], pk__lte=lane["up_to"])
    numbers = list(ahead.order_by("pk").values_list("pk", flat=True)[:BATCH])
    lane["after"] = numbers[-1] if len(numbers) == BATCH else None
    return numbers


Taken = TypeVar("Taken")


def _together_or_apart(
    numbers: Sequence[int], take: Callable[[Sequence[int]], Taken]
) -> tuple[list[Taken], dict[int, str]]:
    """Take the tickets together; should that fail, in halves, so that one that can't be done stops no other.

    Returns what was taken, and why which ticket could not be. An outage of the database is no ticket's fault.
    """
    if not numbers:
        return [], {}
    try:
        with transaction.atomic():
            return [take(numbers)], {}
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # a rule that fails for one ticket may fail in any way
        if len(numbers) == 1:
            logger.exception("The service levels in force could not be applied to ticket %s.", numbers[0])
            return [], {numbers[0]: redaction.clean(str(error) or type(error).__name__)}
    half = len(numbers) // 2
    first, failed = _together_or_apart(numbers[:half], take)
    second, failed_too = _together_or_apart(numbers[half:], take)
    return [*first, *second], failed | failed_too


def _is_next(reapplication: Reapplication, event: Event) -> bool:
    lane = reapplication.lanes[event.data["lane"]]
    return bool(reapplication.state == event.data["pass"] and lane["step"] == event.data["step"])


def _finish(reapplication: Reapplication) -> None:
    if reapplication.state == ReapplicationState.PREVIEWING:
        reapplication.state, reapplication.previewed_at = ReapplicationState.PREVIEWED, clock.now()
        return
    reapplication.state, reapplication.applied_at = ReapplicationState.APPLIED, clock.now()
    recording.record(
        "sla.reapplied",
        subject=(SUBJECT, reapplication.pk),
        by=reapplication.requested_by,
        data={"tickets": reapplication.changed_tickets, "failed": reapplication.failed_tickets},
    )
