"""A ticket's clocks in the database: read, brought to what the ticket asks for, kept, and marked when late."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import transaction

from accounts import people
from common import clock
from common.rewriting import rewrite
from escalations import calendars, forgotten, ladder, policies, sla
from escalations.clocks import Aim, Entry, Ledger, whole_second
from escalations.models import AMONG_US, Clock, ClockEntry, Does, HandOver, HandOverState, Target, Ticket
from escalations.sla import OpenHandOver
from escalations.snapshot import SUBJECT, snapshot
from events import recording
from events.models import Event

BREACHED = "sla.breached"
QUESTION_BACK = HandOverState.QUESTION_BACK

#: The columns of a ticket that `changed` sets; whoever stores the ticket's clocks stores these with them.
ON_TICKET = ("next_due_at", "next_due_metric", "forgotten_at", "breach_risk")
#: Looked up a million times where all clocks are read; calling Does takes ten times as long.
_DOES = {str(does): does for does in Does}
#: What identifies a clock; all else of it is rewritten with each entry.
_OWN = {"id", "ticket", "metric", "cycle", "started_at", "team"}


@dataclass
class Change:
    """What `bring` did to a ticket's clocks, to be kept together with the event that caused it."""

    ticket: Ticket
    ledgers: list[Ledger]
    at: datetime

    @property
    def is_new(self) -> bool:
        """Whether any ledger has entries that are not stored yet."""
        return any(ledger.stored < len(ledger.entries) for ledger in self.ledgers)

    @property
    def used(self) -> dict[str, int]:
        """The seconds that each metric has used by then."""
        return sla.used_by(self.ledgers, self.at)


def bring(
    ticket: Ticket, *, reason: str, rematch: bool = False, reapply: bool = False, also_by_hand: bool = False
) -> Change:
    """Bring the clocks of a locked ticket to what it asks for now, in memory, and cache the next due time on it.

    `rematch`, `reapply` and `also_by_hand` are those of sla.follow. The caller saves the ticket, records the
    event and then calls `keep`.
    """
    (change,) = bring_many([ticket], reason=reason, rematch=rematch, reapply=reapply, also_by_hand=also_by_hand)
    return change


def bring_many(
    tickets: Sequence[Ticket],
    *,
    reason: str,
    rematch: bool = False,
    reapply: bool = False,
    also_by_hand: bool = False,
    lock: bool = True,
) -> list[Change]:
    """Do what `bring` does for many tickets, in as few questions as for one; return the changes in their order.

    Without `lock` it only shows what would come of it.
    """
    stored = [ticket.pk for ticket in tickets if ticket.pk]
    ledgers = _ledgers_by_ticket(stored, lock=lock) if stored else {}
    hand_overs = _open_hand_overs(stored) if stored else {}
    at = clock.now()  # read once the clocks are locked: nothing can be marked later than this
    rules = cache(policies.rulebook)
    changes = []
    for ticket in tickets:
        own = ledgers.get(ticket.pk, [])
        sla.follow(
            ticket,
            own,
            at=at,
            rules=rules,
            reason=reason,
            hand_overs=hand_overs.get(ticket.pk, ()),
            rematch=rematch,
            reapply=reapply,
            also_by_hand=also_by_hand,
            stored=ticket.pk is not None,
        )
        changes.append(changed(ticket, own, at))
    return changes


def changed(ticket: Ticket, ledgers: list[Ledger], at: datetime) -> Change:
    """Return the change of ledgers that were written to, and keep on the ticket what is due next."""
    ticket.next_due_at, ticket.next_due_metric = sla.next_due(ledgers)
    if not any(_may_breach(ledger, at) for ledger in ledgers):
        ticket.breach_risk = None
    forgotten.watch(ticket, ledgers, at=at)
    return Change(ticket, ledgers, at)


def _may_breach(ledger: Ledger, at: datetime) -> bool:
    return ledger.is_open and ledger.metric not in AMONG_US and ledger.breached(at) is None


def keep(change: Change, event: Event) -> None:
    """Store what is new in the ledgers as caused by `event`, and record breaches that nobody had noticed."""
    keep_many([change], [event])


def keep_many(changes: Sequence[Change], events: Sequence[Event]) -> None:
    """Store what is new in the ledgers of many tickets, each as caused by its event.

    As many statements as for one. The steps of their ladders are planned, and breaches that nobody had
    noticed recorded.
    """
    fresh = [
        (ledger, clock_row(ledger, change.ticket, change.at), change.ticket, event)
        for change, event in zip(changes, events, strict=True)
        for ledger in change.ledgers
        if ledger.stored < len(ledger.entries)
    ]
    rows = [row for _ledger, row, _ticket, _event in fresh]
    begun, known = [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]
    Clock.objects.bulk_create(begun)
    rewrite(known, _cached_columns())
    ClockEntry.objects.bulk_create(
        [
            entry
            for ledger, row, _ticket, event in fresh
            for entry in entry_rows(ledger, row, [event] * (len(ledger.entries) - ledger.stored))
        ]
    )
    record_breaches(
        [(row, ticket) for ledger, row, ticket, _event in fresh if row.breached_at and ledger.noticed is None]
    )
    for ledger, row, _ticket, _event in fresh:
        ledger.clock_id, ledger.stored, ledger.noticed = row.pk, len(ledger.entries), row.breached_at
    written = {ticket.pk for _ledger, _row, ticket, _event in fresh}
    ladder.plan([change.ledgers for change in changes if change.ticket.pk in written])


def _cached_columns() -> list[str]:
    return [field.name for field in Clock._meta.concrete_fields if field.name not in _OWN]


def _open_hand_overs(tickets: Sequence[int]) -> dict[int, list[OpenHandOver]]:
    """Return the partner teams that owe an answer, by ticket."""
    found: defaultdict[int, list[OpenHandOver]] = defaultdict(list)
    for row in HandOver.objects.filter(ticket__in=tickets).owed().defer("question", "answers"):
        found[row.ticket_id].append(open_hand_over(row))
    return found


def open_hand_over(row: HandOver) -> OpenHandOver:
    """Return what the clocks need of a hand-over that is owed."""
    return OpenHandOver(row.team_id, row.asked_at, agreed(row), row.wanted_by, row.state == QUESTION_BACK)


def agreed(row: HandOver) -> Target | None:
    """Return how long the partner has by its own agreement, None where the policy says it."""
    return Target(row.agreed_minutes, row.agreed_business) if row.agreed_minutes else None


def load(ticket: Ticket) -> list[Ledger]:
    """Return the ticket's ledgers, their clocks locked."""
    return _ledgers_by_ticket([ticket.pk], lock=True).get(ticket.pk, [])


def _ledgers_by_ticket(tickets: Sequence[int], *, lock: bool) -> dict[int, list[Ledger]]:
    clocks = Clock.objects.filter(ticket__in=tickets).order_by("pk")
    rows = list(clocks.select_for_update() if lock else clocks)
    found: defaultdict[int, list[Ledger]] = defaultdict(list)
    for row, ledger in zip(rows, ledgers_of(rows), strict=True):
        found[row.ticket_id].append(ledger)
    return found


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
            forecast=row.breach_probability,
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
        ledgers[clock_id].entries.append(Entry(at, _DOES[does], aim, reason))
    for ledger in ledgers.values():
        ledger.stored = len(ledger.entries)
    return list(ledgers.values())


def clock_row(ledger: Ledger, ticket: Ticket, at: datetime) -> Clock:
    """Return the clock as its ledger has it at `at`: identity, and all that is cached."""
    reading, aim = ledger.now, ledger.aim
    breached_at = ledger.noticed or ledger.breached(at)
    return Clock(
        pk=ledger.clock_id,
        ticket=ticket,
        metric=ledger.metric,
        cycle=ledger.cycle,
        started_at=ledger.started_at,
        team_id=ledger.team_id,
        policy_id=aim.policy_id,
        calendar_id=aim.calendar_id,
        target_seconds=aim.seconds,
        fixed_due_at=aim.due_at,
        state=reading.state,
        counted_to=ledger.entries[-1].at,
        used_seconds=reading.used,
        paused_seconds=reading.paused,
        due_at=reading.due_at,
        stopped_at=reading.stopped_at,
        breached_at=breached_at,
        # It stands until the next one, which comes within seconds (reports.forecast).
        breach_probability=ledger.forecast if ledger.is_open and breached_at is None else None,
    )


def entry_rows(ledger: Ledger, row: Clock, causes: Sequence[Event]) -> list[ClockEntry]:
    """Return the rows of a stored clock's entries that are not stored yet, each with the event that caused it."""
    fresh = zip(ledger.entries[ledger.stored :], causes, strict=True)
    return [
        ClockEntry(
            clock_id=row.pk,
            number=number,
            at=entry.at,
            does=entry.does,
            reason=entry.reason,
            policy_id=entry.aim.policy_id,
            calendar_id=entry.aim.calendar_id,
            target_seconds=entry.aim.seconds,
            fixed_due_at=entry.aim.due_at,
            event_id=event.pk,
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
        changed = Clock.objects.filter(pk=row.pk, breached_at=None).update(
            breached_at=row.due_at, breach_probability=None
        )
        if changed:
            row.breached_at = row.due_at
            record_breaches([(row, row.ticket)])
    return len(late)


def record_breaches(breached: Iterable[tuple[Clock, Ticket]]) -> None:
    """Write down that the time of these clocks ran out, each at the instant at which it did."""
    rows = list(breached)
    if not rows:
        return
    system, now = people.system(), clock.now()
    recording.record_many(
        Event(
            kind=BREACHED,
            subject_type=SUBJECT,
            subject_id=ticket.pk,
            actor=system,
            at=row.breached_at or now,
            recorded_at=now,
            data={"metric": row.metric, "cycle": row.cycle, "ticket": snapshot(ticket)},
        )
        for row, ticket in rows
    )
