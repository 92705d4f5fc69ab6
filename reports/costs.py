"""What the escalations of a proposal cost: their number, and the hours that their resolution clocks have counted.

Such a clock runs in business time while the desk has the escalation, and stands still while it waits for the
customer: so this is the time in which the escalation was the desk's to work on, an upper bound of the work itself.
One that runs counts up to now, not to its last entry.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, Sum

from common import clock
from escalations import deadlines
from escalations.models import Clock, ClockState, Metric, Ticket
from escalations.models.ticket import OPEN, TicketQuerySet
from reports.models import Proposal


@dataclass(frozen=True)
class Cost:
    """How many escalations, how many of them are still open, and their hours: see the module."""

    tickets: int
    open: int
    hours: float


def tickets_of(*proposals: Proposal) -> TicketQuerySet:
    """Return the escalations of these proposals, but for restricted ones, which no figure gives away."""
    links = Proposal.tickets.through.objects.filter(proposal__in=[one.pk for one in proposals])
    linked = Q(pk__in=links.values("ticket"))
    if issues := [one.known_issue_id for one in proposals if one.known_issue_id]:
        linked |= Q(known_issue__in=issues)
    return Ticket.objects.filter(linked, restricted_as="")


def cost(proposal: Proposal) -> Cost:
    """Return what its escalations have cost until now."""
    return costs([proposal])[proposal.pk]


def costs(proposals: Collection[Proposal]) -> dict[int, Cost]:
    """Return what each of them has cost until now, in as many statements for many as for one."""
    tickets = tickets_of(*proposals)
    states = {pk: (issue, state in OPEN) for pk, issue, state in tickets.values_list("pk", "known_issue", "state")}
    of_issue: dict[int | None, set[int]] = defaultdict(set)
    for pk, (issue, _open) in states.items():
        of_issue[issue].add(pk)
    linked: dict[int, set[int]] = defaultdict(set)
    links = Proposal.tickets.through.objects.filter(proposal__in=[one.pk for one in proposals])
    for proposal, pk in links.values_list("proposal", "ticket"):
        linked[proposal].add(pk)
    seconds = _seconds(tickets)
    found = {}
    for one in proposals:
        own = linked[one.pk] & states.keys()
        if one.known_issue_id:
            own |= of_issue[one.known_issue_id]
        found[one.pk] = Cost(len(own), sum(states[pk][1] for pk in own), _hours(own, seconds))
    return found


def _seconds(tickets: TicketQuerySet) -> dict[int, int]:
    """Return for each escalation how long its resolution clocks have counted by now."""
    clocks = Clock.objects.filter(metric=Metric.RESOLUTION, ticket__in=tickets.values("pk"))
    resting = clocks.exclude(state=ClockState.RUNNING)
    sums = resting.order_by().values("ticket").annotate(used=Sum("used_seconds"))
    seconds = dict(sums.values_list("ticket", "used"))
    now = clock.now()
    for row in clocks.filter(state=ClockState.RUNNING):
        seconds[row.ticket_id] = seconds.get(row.ticket_id, 0) + deadlines.used(row, now)
    return seconds


def _hours(tickets: Iterable[int], seconds: dict[int, int]) -> float:
    return sum(seconds.get(pk, 0) for pk in tickets) / 3600
