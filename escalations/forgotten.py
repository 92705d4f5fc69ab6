"""When a ticket counts as forgotten: nobody has touched it for so many open hours.

A touch is anything that a person did or wrote, as the ticket's events have it. What Secondline does by itself
is none, nor is a message from those who wait for an answer, L1 and the customer. `Ticket.forgotten_at` is when
to look next, never later than the instant at which the hours are up: a touch moves that instant, and whoever
looks then moves the column after it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from escalations import calendars, sla
from escalations.clocks import Ledger, due_after
from escalations.models import Calendar, CalendarVersion, MessageKind, Metric, PolicyKind, PolicyVersion, Ticket
from escalations.models.ticket import OPEN
from escalations.policies import kind_of
from escalations.snapshot import SUBJECT
from events.models import Event

_ASKING = [MessageKind.FROM_L1, MessageKind.FROM_CUSTOMER]


class Patience(NamedTuple):
    """How long a ticket may lie untouched."""

    calendar: CalendarVersion
    minutes: int

    def after(self, at: datetime) -> datetime:
        """Return when it is over if nobody touches the ticket after `at`."""
        return due_after(self.calendar, at, self.minutes * 60)


def watch(ticket: Ticket, ledgers: Sequence[Ledger], *, at: datetime) -> None:
    """Set when to look whether the ticket, as it stands from `at` on, has been forgotten. The caller saves it."""
    patience = patience_with(ticket, ledgers)
    if patience is None:
        ticket.forgotten_at = None
        return
    over = patience.after(at)
    ticket.forgotten_at = min(ticket.forgotten_at or over, over)


def patience_with(ticket: Ticket, ledgers: Sequence[Ledger]) -> Patience | None:
    """Return how long the ticket may lie untouched in this state, None: for ever.

    The hours are those of the policy that its clocks go by, counted by the calendar that they count by.
    """
    policy = sla.service_policy(ledgers)
    if policy is None or policy.forgotten_after_minutes is None:
        return None
    if ticket.state not in OPEN or ticket.state in policy.pauses_in:
        return None
    return Patience(_calendar(policy, ledgers), policy.forgotten_after_minutes)


def touched_at(ticket: Ticket) -> datetime:
    """Return when a person last touched the ticket, or when it came into its state if that is later."""
    by_people = Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk, actor__is_robot=False)
    touches = by_people.exclude(kind="ticket.message", data__kind__in=_ASKING)
    last = touches.order_by("-at").values_list("at", flat=True).first()
    return max(last, ticket.state_since) if last else ticket.state_since


def _calendar(policy: PolicyVersion, ledgers: Sequence[Ledger]) -> CalendarVersion:
    for ledger in reversed(ledgers):
        if ledger.aim.policy == policy and ledger.aim.calendar is not None and _is_the_tickets(ledger.metric):
            return ledger.aim.calendar
    current = Calendar.objects.values_list("current_id", flat=True).get(pk=policy.calendar_id)
    return calendars.version(current or 0)


def _is_the_tickets(metric: str) -> bool:
    """Tell whether a clock counts by the ticket's calendar and not by that of whoever works on it."""
    return kind_of(metric) == PolicyKind.SERVICE and metric not in {Metric.OWNERSHIP, Metric.HAND_OVER}
