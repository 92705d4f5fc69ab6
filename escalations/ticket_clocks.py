"""A ticket's clocks in the database: read, brought to what the ticket asks for, kept, and marked when late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import people
from common import clock
from escalations import calendars, forgotten, ladder, policies, sla
from escalations.clocks import Aim, Entry, Ledger, whole_second
from escalations.models import Clock, ClockEntry, Does, HandOver, Ticket
from escalations.sla import OpenHandOver
from escalations.snapshot import SUBJECT, snapshot
from events import recording
from events.models import Event

BREACHED = "sla.breached"


@dataclass
class Change:
    """What `bring` did to a ticket's clocks, to be kept together with the event that caused it."""

    ticket: Ticket
    ledgers: list[Ledger]
    at: datetime

    @property
    def used(self) -> dict[str, int]:
        """The seconds that each metric has used by then."""
        return sla.used_by(self.ledgers, self.at)


def bring(ticket: Ticket, *, reason: str, rematch: bool = False, reapply: bool = False) -> Change:
    """Bring the clocks of a locked ticket to what it asks for now, in memory, and cache the next due time on it.

    `rematch` and `reapply` are those of sla.follow. The caller saves the ticket, records the event and then
    calls `keep`.
    """
    ledgers = load(ticket) if ticket.pk else []
    at = clock.now()  # read once the clocks are locked: nothing can be marked later than this
    sla.follow(
        ticket,
        ledgers,
        at=at,
        rules=policies.rulebook,
        reason=reason,
        hand_overs=open_hand_overs(ticket) if ticket.pk else (),
        rematch=rematch,
        reapply=reapply,
    )
    return changed(ticket, ledgers, at)


def changed(ticket: Ticket, ledgers: list[Ledger], at: datetime) -> Change:
    """Return the change of ledgers that were written to, and keep on the ticket what is due next."""
    ticket.next_due_at, ticket.next_due_metric = sla.next_due(ledgers)
    forgotten.watch(ticket, ledgers, at=at)
    return Change(ticket, ledgers, at)


def keep(change: Change, event: Event) -> None:
    """Store what is new in the ledgers as caused by `event`, plan the steps of its ladder, and record
    breaches that nobody had noticed.
    """
    written = [ledger for ledger in change.ledgers if ledger.stored < len(ledger.entries)]
    for ledger in written:
        row = clock_row(ledger, change.ticket, change.at)
        row.save()
        fresh = len(ledger.entries) - ledger.stored
        ClockEntry.objects.bulk_create(entry_rows(ledger, row, [event] * fresh))
        if row.breached_at is not None and ledger.noticed is None:
            record_breach(row, change.ticket)
        ledger.clock_id, ledger.stored, ledger.noticed = row.pk, len(ledger.entries), row.breached_at
    if written:
        ladder.plan([change.ledgers])


def open_hand_overs(ticket: Ticket) -> list[OpenHandOver]:
    """Return the partner teams that owe an answer on this ticket."""
    rows = HandOver.objects.filter(ticket=ticket, ended_at=None).values_list("team_id", "asked_at")
    return [OpenHandOver(*row) for row in rows]


def load(ticket: Ticket) -> list[Ledger]:
    """Return the ticket's ledgers, their clocks locked."""
    rows = Clock.objects.filter(ticket=ticket).select_for_update().order_by("pk")
    return ledgers_of(list(rows))


def ledgers_of(rows: Iterable[Clock]) -> list[Ledger]:
    """Return the ledgers of these clocks."""
    ledgers = {
        row.pk: Ledger(
            metric=row.metric,
            cycle=row.cycle,
            started_at=row.started_at,
            team_id=row.team_id,
            clock_id=row.pk,
            noticed=row.breached_at,
        )
        for row in rows
    }
    columns = ("clock_id", "at", "does", "reason", "policy_id", "calendar_id", "target_seconds", "fixed_due_at")
    entries = ClockEntry.objects.filter(clock__in=ledgers).order_by("clock", "number").values_list(*columns)
    for clock_id, at, does, reason, policy_id, calendar_id, seconds, due_at in entries:
        aim = Aim(
            policies.version(policy_id) if policy_id else None,
            calendars.version(calendar_id) if calendar_id else None,
            seconds,
            due_at,
        )
        ledgers[clock_id].entries.append(Entry(at, Does(does), aim, reason))
    for ledger in ledgers.values():
        ledger.stored = len(ledger.entries)
    return list(ledgers.values())


def clock_row(ledger: Ledger, ticket: Ticket, at: datetime) -> Clock:
    """Return the clock as its ledger has it at `at`: identity, and all that is cached."""
    reading, aim = ledger.now, ledger.aim
    return Clock(
        pk=ledger.clock_id,
        ticket=ticket,
        metric=ledger.metric,
        cycle=ledger.cycle,
        started_at=ledger.started_at,
        team_id=ledger.team_id,
        policy=aim.policy,
        calendar=aim.calendar,
        target_seconds=aim.seconds,
        fixed_due_at=aim.due_at,
        state=reading.state,
        counted_to=ledger.entries[-1].at,
        used_seconds=reading.used,
        paused_seconds=reading.paused,
        due_at=reading.due_at,
        stopped_at=reading.stopped_at,
        breached_at=ledger.noticed or ledger.breached(at),
    )


def entry_rows(ledger: Ledger, row: Clock, causes: Sequence[Event]) -> list[ClockEntry]:
    """Return the rows of the entries that are not stored yet, each with the event that caused it."""
    fresh = zip(ledger.entries[ledger.stored :], causes, strict=True)
    return [
        ClockEntry(
            clock=row,
            number=number,
            at=entry.at,
            does=entry.does,
            reason=entry.reason,
            policy=entry.aim.policy,
            calendar=entry.aim.calendar,
            target_seconds=entry.aim.seconds,
            fixed_due_at=entry.aim.due_at,
            event=event,
        )
        for number, (entry, event) in enumerate(fresh, ledger.stored + 1)
    ]


def mark_breaches() -> int:
    """Mark every open clock whose due time has passed, once, at that very instant.

    Returns how many were marked. Runs beside the people at work: a clock that
    somebody holds is left for the next round.
    """
    marked = 0
    while batch := _mark_batch():
        marked += batch
    return marked


@transaction.atomic
def _mark_batch() -> int:
    # Clocks count whole seconds: in the second in which it falls due, a target can still be kept.
    late = list(
        Clock.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("ticket")
        .filter(due_at__lt=whole_second(clock.now()), breached_at=None)
        .order_by("due_at")[:200]
    )
    for row in late:
        changed = Clock.objects.filter(pk=row.pk, breached_at=None).update(breached_at=row.due_at)
        if changed:
            row.breached_at = row.due_at
            record_breach(row, row.ticket)
    return len(late)


def record_breach(row: Clock, ticket: Ticket) -> None:
    """Write down that a clock's time ran out, at the instant at which it did."""
    recording.record(
        BREACHED,
        subject=(SUBJECT, ticket.pk),
        by=people.system(),
        at=row.breached_at,
        data={"metric": row.metric, "cycle": row.cycle, "ticket": snapshot(ticket)},
    )
