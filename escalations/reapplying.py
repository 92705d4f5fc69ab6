"""Giving running clocks the service levels that are in force now: what would change, and changing it.

A clock keeps the versions of policy and calendar with which it began until somebody applies the current ones to
it. What it has used and paused stays; a deadline set by hand stays unless the person says otherwise; a deadline
that was missed stays missed. `preview` says beforehand what would come of it, from the same rules and without
writing. escalations.reapplications does it to many tickets in the background.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common import clock
from common.errors import NotAllowed, Refused
from common.rewriting import rewrite
from escalations import calendars, changes, policies, sla, ticket_clocks
from escalations.access import Party, parties
from escalations.clocks import Aim, Ledger, read
from escalations.models import Effect, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.policies import Rulebook
from escalations.snapshot import SUBJECT, snapshot
from escalations.ticket_clocks import Change
from events import recording
from events.models import Event

KIND = "levels_reapplied"
REASON = "reapplied"

#: How many rows a preview shows at most.
MOST_ROWS = 100

#: What neither clocks nor events look at, and what may be long.
_UNREAD = (
    "subject", "description", "answers", "l1_link", "answer_to_l1", "answer_to_customer",
    "imported_facts",
)  # fmt: skip


class Outcome(NamedTuple):
    """What re-applying does, or would do, to one clock. None in both due times: it stands still."""

    ticket: int
    metric: str
    cycle: int
    effect: str
    before: Aim | None
    after: Aim
    due_before: datetime | None
    due_after: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept for the page that shows it: versions by their ids, instants in ISO 8601."""
        return {
            **self._asdict(),
            "effect": str(self.effect),
            "before": _aim_as_json(self.before),
            "after": _aim_as_json(self.after),
            "due_before": self.due_before and self.due_before.isoformat(),
            "due_after": self.due_after and self.due_after.isoformat(),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Outcome":
        """Return what `as_json` has kept. A date that was set by hand is no longer part of the aim."""
        return cls(
            **{
                **kept,
                "before": _aim_of_json(kept["before"]) if kept["before"] else None,
                "after": _aim_of_json(kept["after"]),
                "due_before": kept["due_before"] and datetime.fromisoformat(kept["due_before"]),
                "due_after": kept["due_after"] and datetime.fromisoformat(kept["due_after"]),
            }
        )


def _aim_of_json(kept: dict[str, int | None]) -> Aim:
    policy, calendar = kept["policy"], kept["calendar"]
    return Aim(
        policies.version(policy) if policy else None,
        calendars.version(calendar) if calendar else None,
        kept["seconds"],
    )


def _aim_as_json(aim: Aim | None) -> dict[str, int | None] | None:
    if aim is None:
        return None
    return {
        "policy": aim.policy_id,
        "calendar": aim.calendar_id,
        "seconds": aim.seconds,
    }


@dataclass
class Preview:
    """How many clocks would be affected how, in how many tickets, and some of them, the worst first."""

    tickets: int = 0
    changed_tickets: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[Outcome] = field(default_factory=list)


def within_reach(by: User) -> TicketQuerySet:
    """Return the open tickets whose clocks `by` may change."""
    return led_by(by).open()


def led_by(by: User) -> TicketQuerySet:
    """Return the tickets that `by` may see and leads the work on: all of them for an admin."""
    tickets = Ticket.objects.visible_to(by)
    if by.is_superuser and not by.is_auditor:
        return tickets
    return tickets.filter(team__in=[] if by.is_auditor else by.teams_as(Role.LEAD))


def readable(tickets: TicketQuerySet) -> TicketQuerySet:
    """Return the tickets with just what their clocks and their events look at, in order."""
    return tickets.select_related("customer").defer(*_UNREAD).order_by("pk")


def preview(tickets: Sequence[Ticket], *, also_by_hand: bool = False, most: int = MOST_ROWS) -> Preview:
    """Return what re-applying would do to these tickets now. Locks and writes nothing."""
    found = ticket_clocks.bring_many(tickets, reason=REASON, reapply=True, also_by_hand=also_by_hand, lock=False)
    rulebook = cache(policies.rulebook)
    preview = Preview(tickets=len(tickets), changed_tickets=sum(change.is_new for change in found))
    outcomes = [outcome for change in found for outcome in _outcomes(change, rulebook, also_by_hand)]
    preview.counts.update(outcome.effect for outcome in outcomes)
    shown = [outcome for outcome in outcomes if outcome.effect != Effect.UNCHANGED]
    preview.rows = sorted(shown, key=_worst_first)[:most]
    return preview


def _worst_first(outcome: Outcome) -> tuple[Any, ...]:
    due = outcome.due_after
    return (Effect.values.index(outcome.effect), due is None, due, outcome.ticket, outcome.metric, outcome.cycle)


def _outcomes(change: Change, rulebook: Any, also_by_hand: bool) -> Iterator[Outcome]:
    """Yield what was written to each clock that is, or becomes, open."""
    for ledger in change.ledgers:
        before = ledger.entries[: ledger.stored]
        former = read(before) if before else None
        if former is not None and former.stopped_at is not None:
            continue
        yield Outcome(
            ticket=change.ticket.pk,
            metric=ledger.metric,
            cycle=ledger.cycle,
            effect=_effect(change, ledger, former.due_at if former else None, rulebook, also_by_hand),
            before=before[-1].aim if before else None,
            after=ledger.aim,
            due_before=former.due_at if former else None,
            due_after=ledger.now.due_at,
        )


def _effect(
    change: Change, ledger: Ledger, due_before: datetime | None, rulebook: Any, also_by_hand: bool
) -> Effect:
    due, last = ledger.now.due_at, ledger.entries[-1]
    if ledger.stored == len(ledger.entries):
        if not also_by_hand and sla.is_set_by_hand(ledger):
            return Effect.BY_HAND
        return Effect.UNCHANGED if _has_target(change.ticket, ledger, rulebook()) else Effect.NO_TARGET
    if not ledger.stored:
        return Effect.BEGINS
    if not ledger.is_open:
        return Effect.ENDS
    if ledger.now.breached_at is not None:
        return Effect.MISSED
    if due is not None and due <= last.at:
        return Effect.OVERDUE
    if due is None or due_before is None or due == due_before:
        return Effect.SAME_DEADLINE
    return Effect.EARLIER if due < due_before else Effect.LATER


def _has_target(ticket: Ticket, ledger: Ledger, rulebook: Rulebook) -> bool:
    if ledger.aim.policy is None:
        return True  # a promise is its own target
    policy = rulebook.policies_for(ticket).get(policies.kind_of(ledger.metric))
    return policy is not None and policy.target(ledger.metric, ticket.priority) is not None


@transaction.atomic
def reapply(ticket: Ticket, *, by: User, also_by_hand: bool = False, version: int | None = None) -> Event | None:
    """Give the open clocks of one ticket the service levels in force now.

    Returns the event, None if nothing changed. Raises Absent, StaleVersion, NotAllowed, or Refused where the
    ticket has ended.
    """
    locked = changes.lock(ticket, by=by, version=version)
    if Party.LEAD not in parties(by, locked):
        raise NotAllowed(_("Only leads of its team and admins apply the current service levels."))
    if not locked.is_open:
        raise Refused(_("This escalation is “%s”: its clocks have stopped.") % locked.get_state_display())
    change = ticket_clocks.bring(locked, reason=REASON, reapply=True, also_by_hand=also_by_hand)
    if not change.is_new:
        return None
    changes.save(locked)
    event = changes.record(locked, KIND, by=by, used=change.used)
    ticket_clocks.keep(change, event)
    return event


class Batch(NamedTuple):
    """What became of a batch: the event of each changed ticket, how many clocks changed, who was in use."""

    events: list[Event]
    clocks: int
    left: list[int]


@transaction.atomic
def reapply_many(
    tickets: TicketQuerySet, numbers: Sequence[int], *, by: User, also_by_hand: bool = False
) -> Batch:
    """Do what `reapply` does to those of `tickets` that bear one of `numbers`, in as few statements as for one.

    `tickets` are within the reach of `by`. One that somebody else is just changing is left, and named in the
    answer; one that is no longer among `tickets` is passed over.
    """
    chosen = tickets.filter(pk__in=numbers)
    free = chosen.select_for_update(skip_locked=True, of=("self",), no_key=True)
    locked = list(readable(free))
    missing = set(numbers) - {ticket.pk for ticket in locked}
    left = sorted(chosen.filter(pk__in=missing).values_list("pk", flat=True)) if missing else []
    found = ticket_clocks.bring_many(locked, reason=REASON, reapply=True, also_by_hand=also_by_hand)
    changed = [change for change in found if change.is_new]
    clocks = sum(ledger.stored < len(ledger.entries) for change in changed for ledger in change.ledgers)
    _save([change.ticket for change in changed])
    events = _record(changed, by=by)
    ticket_clocks.keep_many(changed, events)
    return Batch(events, clocks, left)


def _save(tickets: Iterable[Ticket]) -> None:
    """Store the next version of each, as changes.save does for one."""
    rows = list(tickets)
    now = clock.now()
    for ticket in rows:
        ticket.version += 1
        ticket.updated_at = now
    rewrite(rows, (*ticket_clocks.ON_TICKET, "version", "updated_at"))


def _record(changed: Iterable[Change], *, by: User) -> list[Event]:
    """Record what changes.record records for one."""
    now = clock.now()
    return recording.record_many(
        Event(
            kind=f"ticket.{KIND}",
            subject_type=SUBJECT,
            subject_id=change.ticket.pk,
            actor=by,
            at=now,
            recorded_at=now,
            data={"used": change.used, "ticket": snapshot(change.ticket)},
        )
        for change in changed
    )
