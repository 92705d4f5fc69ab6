"""Which clocks a ticket has, and what each state means to them.

The rules: a policy is found by the ticket's category, team, segment, channel and
priority when the ticket is created and again when one of these changes. A clock
pauses in the states that its policy names. Accept stops at acceptance, first
response at L2's first message to L1 or the customer, resolution when resolved; a
reopened ticket's resolution clock goes on. Whatever happens, time used and time
paused stay.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum, auto

from django.db import transaction
from django.db.models import Prefetch

from accounts import people
from common import clock
from escalations.clocks import Ledger, started
from escalations.models import Clock, ClockSegment, ClockState, Metric, Policy, State, Target, Ticket
from escalations.snapshot import SUBJECT, snapshot
from events import recording

BREACHED = "sla.breached"


class Standing(Enum):
    """What a clock should do while the ticket is as it is."""

    RUN = auto()
    PAUSE = auto()
    STOP = auto()
    CANCEL = auto()


def standing(metric: str, ticket: Ticket, pauses_in: Iterable[str]) -> Standing:
    """Return what the clock of `metric` should do for this ticket as it stands."""
    if ticket.state in {State.CANCELLED, State.MERGED}:
        return Standing.CANCEL
    ended = ticket.state in {State.RESOLVED, State.CLOSED}
    done = {
        Metric.ACCEPT: ticket.accepted_at is not None or ended,
        Metric.FIRST_RESPONSE: ticket.first_response_at is not None or ended,
        Metric.RESOLUTION: ended,
    }
    if done[Metric(metric)]:
        return Standing.STOP
    return Standing.PAUSE if ticket.state in pauses_in else Standing.RUN


def policies() -> list[Policy]:
    """Return the active policies in order, with all that matching needs."""
    return list(
        Policy.objects.filter(is_active=True)
        .select_related("calendar")
        .prefetch_related("targets", "categories", "teams")
    )


def policy_for(ticket: Ticket, among: Iterable[Policy]) -> Policy | None:
    """Return the first policy whose every condition the ticket meets, or None."""
    return next((policy for policy in among if _matches(policy, ticket)), None)


def _matches(policy: Policy, ticket: Ticket) -> bool:
    category_ids = [category.pk for category in policy.categories.all()]
    team_ids = [team.pk for team in policy.teams.all()]
    return (
        (not category_ids or ticket.category_id in category_ids)
        and (not team_ids or ticket.team_id in team_ids)
        and (not policy.priorities or ticket.priority in policy.priorities)
        and (not policy.segments or ticket.customer.segment in policy.segments)
        and (not policy.channels or ticket.channel in policy.channels)
    )


def follow(
    ticket: Ticket, ledgers: dict[str, Ledger], *, at: datetime, policy: Policy | None, reason: str
) -> None:
    """Bring the ticket's clocks to what its state asks for at `at`, in memory.

    `policy` is the one that matches now: it starts missing clocks and retargets
    unfinished ones. Without a policy the clocks there are go on as they were.
    """
    if policy is not None:
        for target in policy.targets.all():
            if target.priority == ticket.priority:
                _aim(ticket, ledgers, target, policy, at=at, reason=reason)
    for metric, ledger in ledgers.items():
        _bring(ledger, standing(metric, ticket, ledger.clock.policy.pauses_in), at=at, reason=reason)


def _aim(
    ticket: Ticket, ledgers: dict[str, Ledger], target: Target, policy: Policy, *, at: datetime, reason: str
) -> None:
    calendar = policy.calendar if target.business_time else None
    seconds = target.minutes * 60
    ledger = ledgers.get(target.metric)
    if ledger is not None:
        ledger.clock.policy = policy
        ledger.retarget(at, seconds, calendar, reason)
        return
    aim = standing(target.metric, ticket, policy.pauses_in)
    if aim in {Standing.RUN, Standing.PAUSE}:
        clock_row = Clock(
            ticket=ticket, metric=target.metric, policy=policy, calendar=calendar, target_seconds=seconds
        )
        ledgers[target.metric] = started(clock_row, at, reason, running=aim is Standing.RUN)


def _bring(ledger: Ledger, aim: Standing, *, at: datetime, reason: str) -> None:
    if aim is Standing.STOP:
        ledger.stop(at)
    elif aim is Standing.CANCEL:
        ledger.cancel(at)
    elif ledger.clock.state == ClockState.STOPPED and ledger.clock.metric != Metric.RESOLUTION:
        return  # accepting and answering first happen once; only the resolution can come undone
    elif aim is Standing.PAUSE:
        if ledger.clock.state == ClockState.STOPPED:
            ledger.run(at, reason)
        ledger.pause(at, reason)
    else:
        ledger.run(at, reason)


def next_due(ledgers: Iterable[Ledger]) -> tuple[datetime | None, str]:
    """Return the earliest due time of the running clocks, and its metric."""
    running = [(ledger.clock.due_at, ledger.clock.metric) for ledger in ledgers if ledger.clock.due_at]
    return min(running, default=(None, ""))


def update(ticket: Ticket, *, reason: str, rematch: bool = False) -> dict[str, int]:
    """Bring the stored clocks of a locked ticket to its state, and cache the next due time on it.

    `rematch` looks for the policy again: for a new ticket, or after a change of
    what policies look at. The caller saves the ticket, and may record what is
    returned: the seconds each metric has used by now.
    """
    at = clock.now()
    ledgers = load(ticket)
    before = {metric: ledger.clock.breached_at for metric, ledger in ledgers.items()}
    follow(
        ticket,
        ledgers,
        at=at,
        policy=policy_for(ticket, policies()) if rematch else None,
        reason=reason,
    )
    for metric, ledger in ledgers.items():
        store(ledger)
        if ledger.clock.breached_at is not None and before.get(metric) is None:
            _record_breach(ledger.clock)
    ticket.next_due_at, ticket.next_due_metric = next_due(ledgers.values())
    return {metric: ledger.used(at) for metric, ledger in ledgers.items()}


def load(ticket: Ticket) -> dict[str, Ledger]:
    """Return the ticket's clocks with their segments, by metric, locked."""
    clocks = (
        Clock.objects.filter(ticket=ticket)
        .select_for_update(of=("self",))
        .select_related("policy", "calendar")
        .prefetch_related(Prefetch("segments", ClockSegment.objects.select_related("calendar")))
    )
    return {row.metric: Ledger(row, list(row.segments.all())) for row in clocks}


def store(ledger: Ledger) -> None:
    """Save the clock and those of its segments that are new or have just ended."""
    ledger.clock.save()
    for segment in ledger.segments[-3:]:
        segment.clock = ledger.clock
        segment.save()


def mark_breaches() -> int:
    """Mark every running clock whose due time has passed, once, at that very instant.

    Returns how many were marked. Runs beside the people at work: a clock that
    somebody holds is left for the next round.
    """
    marked = 0
    while batch := _mark_batch():
        marked += batch
    return marked


@transaction.atomic
def _mark_batch() -> int:
    late = list(
        Clock.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("ticket")
        .filter(state=ClockState.RUNNING, breached_at=None, due_at__lt=clock.now())
        .order_by("due_at")[:200]
    )
    for row in late:
        changed = Clock.objects.filter(pk=row.pk, breached_at=None).update(breached_at=row.due_at)
        if changed:
            row.breached_at = row.due_at
            _record_breach(row)
    return len(late)


def _record_breach(row: Clock) -> None:
    recording.record(
        BREACHED,
        subject=(SUBJECT, row.ticket_id),
        by=people.system(),
        at=row.breached_at,
        data={"metric": row.metric, "ticket": snapshot(row.ticket)},
    )
