"""Re-checks: an endpoint is asked on a schedule until it works again, and the ticket's people are told.

A worker claims a few that are due, asks without holding anything, and keeps what came of it. Whoever dies in
between leaves a claim that lapses. With the queue away nothing is asked, and everything is asked late when it
is back. With its ticket a re-check is over.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import User
from common import clock, outgoing
from common.errors import NotAllowed, Refused
from escalations.access import works_on
from escalations.changes import record
from escalations.models import Ticket
from escalations.models.ticket import OPEN
from events import recording
from investigations.health.integrations import check_address
from investigations.models import Integration, Outcome, Recheck, RecheckResult, RecheckState

SUBJECT = "recheck"
STARTED = "recheck.started"
STOPPED = "recheck.stopped"
WORKS = "ticket.recheck_works"
ENDED = "ticket.recheck_ended"

#: So many are asked at once, by all workers together; so many of these of one customer; so many run of a ticket.
AT_ONCE = 5
OF_CUSTOMER = 2
MOST_OF_TICKET = 5
_LOCK = 0x52434B  # "RCK": the advisory lock of whoever claims
LONGEST = timedelta(days=14)
LONGEST_PAUSE = timedelta(hours=1)
#: An answer is waited for so long, and a body read so far.
WITHIN = 10.0
LARGEST = 256 * 1024
#: A claim of a worker that died lapses after this.
_CLAIM = timedelta(minutes=3)
#: Results that are kept of each.
KEPT = 200


@dataclass(frozen=True)
class Wanted:
    """What is asked, how often, until when, and what is success."""

    url: str
    ends_at: datetime
    minutes: int = 5
    status: int = 200
    most_milliseconds: int | None = None
    contains: str = ""
    wanted: int = 2


@transaction.atomic
def start(integration: Integration, ticket: Ticket, asked: Wanted, *, by: User) -> Recheck:
    """Begin to ask. Raises NotAllowed, Refused."""
    if not works_on(by, ticket):
        raise NotAllowed(_("You may not start re-checks on this escalation."))
    if integration.customer_id != ticket.customer_id:
        raise Refused(_("This integration is another customer's."))
    now = clock.now()
    check_address(asked.url, "url")
    outgoing_allowed(asked.url)
    if not 1 <= asked.minutes <= 24 * 60:
        raise Refused(_("Between one minute and a day."), field="minutes")
    if not now < asked.ends_at <= now + LONGEST:
        raise Refused(_("It can go on for %d days at most.") % LONGEST.days, field="ends_at")
    if not 1 <= asked.wanted <= 10:
        raise Refused(_("Between one and ten."), field="wanted")
    # The integration before the ticket, as whoever brings one back.
    kept = Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
    locked = Ticket.objects.select_for_update(no_key=True).get(pk=ticket.pk)
    if not locked.is_open:
        raise Refused(_("The escalation is over: nothing is asked for it any more."))
    if kept.retired_at:
        raise Refused(_("This integration is retired. Bring it back first."))
    if _free(locked) <= 0:
        raise Refused(_("At most %d re-checks can run for an escalation. Stop one.") % MOST_OF_TICKET)
    recheck = Recheck.objects.create(
        integration=integration, ticket=ticket, url=asked.url, status=asked.status,
        most_milliseconds=asked.most_milliseconds, contains=redaction.clean(asked.contains)[:200],
        minutes=asked.minutes, wanted=asked.wanted, started_by=by, started_at=now, ends_at=asked.ends_at,
        next_at=now,
    )  # fmt: skip
    _record(STARTED, recheck, by)
    return recheck


def _free(locked: Ticket) -> int:
    """Return how many more may run of a ticket that is locked."""
    return MOST_OF_TICKET - Recheck.objects.filter(ticket=locked, state=RecheckState.RUNNING).count()


def outgoing_allowed(url: str) -> None:
    """Raise Refused where Secondline may not call this host at all."""
    try:
        outgoing.check(url)
    except outgoing.NotAllowedHost as error:
        raise Refused(str(error), field="url") from error


@transaction.atomic
def stop(recheck: Recheck, *, by: User) -> None:
    """Ask no more; one that is over stays as it is. Raises NotAllowed."""
    if not works_on(by, recheck.ticket):
        raise NotAllowed(_("You may not stop this re-check."))
    _stop(Recheck.objects.filter(pk=recheck.pk), at=clock.now(), by=by)


def stop_all(integration: Integration, *, at: datetime, by: User) -> None:
    """Stop whatever runs of an integration that is retired at this instant. Within its transaction."""
    _stop(Recheck.objects.filter(integration=integration), at=at, by=by)


def go_on_with(integration: Integration, *, stopped_at: datetime, by: User) -> int:
    """Go on with those that `stop_all` stopped at that instant, where there is still something to find out.

    Others may have taken their places meanwhile. Returns how many stay stopped because of that.
    """
    now, left = clock.now(), 0
    stopped = Recheck.objects.filter(
        integration=integration, state=RecheckState.STOPPED, finished_at=stopped_at, ends_at__gt=now,
        ticket__state__in=OPEN,
    )  # fmt: skip
    tickets = Ticket.objects.filter(pk__in=stopped.values("ticket")).select_for_update(no_key=True)
    for ticket in tickets.order_by("pk"):
        free = _free(ticket)
        for one in stopped.filter(ticket=ticket).select_for_update(of=("self",)).order_by("pk"):
            if free <= 0:
                left += 1
                continue
            one.state, one.finished_at, one.next_at, free = RecheckState.RUNNING, None, now, free - 1
            one.save(update_fields=["state", "finished_at", "next_at"])
            _record(STARTED, one, by)
    return left


def _stop(which: QuerySet[Recheck], *, at: datetime, by: User) -> None:
    running = which.filter(state=RecheckState.RUNNING).select_for_update(of=("self",)).order_by("pk")
    for one in running:
        one.state, one.finished_at, one.claimed_at = RecheckState.STOPPED, at, None
        one.save(update_fields=["state", "finished_at", "claimed_at"])
        _record(STOPPED, one, by)


def _record(kind: str, recheck: Recheck, by: User) -> None:
    data = {"ticket": recheck.ticket_id, "integration": recheck.integration_id}
    recording.record(kind, subject=(SUBJECT, recheck.pk), by=by, data=data)


def run_due() -> int:
    """Stop those whose ticket is over, and ask those that are due, one after the other; return how many."""
    _stop_what_is_over()
    claimed = _claim()
    for recheck in claimed:
        ask(recheck)
    return len(claimed)


@transaction.atomic
def _stop_what_is_over() -> None:
    _stop(Recheck.objects.exclude(ticket__state__in=OPEN), at=clock.now(), by=people.system())


@transaction.atomic
def _claim() -> list[Recheck]:
    """Claim those that are due longest, few of each customer, so that endpoints that hang hold up nobody else's.

    Those that failed least come first, since they are answered soonest.
    """
    with connection.cursor() as cursor:  # one counts and claims at a time
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    now = clock.now()
    running = Recheck.objects.filter(state=RecheckState.RUNNING)
    busy = Counter(running.filter(claimed_at__gte=now - _CLAIM).values_list("integration__customer", flat=True))
    lapsed = Q(claimed_at=None) | Q(claimed_at__lt=now - _CLAIM)
    turn = Window(RowNumber(), partition_by="integration__customer", order_by=["next_at", "pk"])
    due = running.filter(lapsed, next_at__lte=now).annotate(turn=turn).filter(turn__lte=OF_CUSTOMER)
    chosen = []
    for number, customer in due.order_by("next_at", "pk").values_list("pk", "integration__customer"):
        if busy.total() < AT_ONCE and busy[customer] < OF_CUSTOMER:
            busy[customer] += 1
            chosen.append(number)
    claimed = running.filter(pk__in=chosen).select_for_update(of=("self",), skip_locked=True)
    found = list(claimed.order_by("failures", "next_at", "pk"))
    Recheck.objects.filter(pk__in=[one.pk for one in found]).update(claimed_at=now)
    return found


def ask(recheck: Recheck) -> RecheckResult | None:
    """Ask once, and keep what came of it; None when it was stopped, or its ticket ended, meanwhile."""
    outcome, status, seconds = _ask(recheck)
    milliseconds = None if seconds is None else round(seconds * 1000)
    with transaction.atomic():
        # The ticket first, as every change has it.
        ticket = Ticket.objects.select_for_update(no_key=True).get(pk=recheck.ticket_id)
        locked = Recheck.objects.select_for_update().get(pk=recheck.pk)
        if locked.state != RecheckState.RUNNING:
            return None
        now = clock.now()
        if not ticket.is_open:
            _stop(Recheck.objects.filter(pk=locked.pk), at=now, by=people.system())
            return None
        result = RecheckResult.objects.create(
            recheck=locked, at=now, outcome=outcome, status=status, milliseconds=milliseconds
        )
        _go_on(locked, ticket, works=outcome == Outcome.WORKS, now=now)
        old = locked.results.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1]
        if old:
            locked.results.filter(pk__lte=old[0]).delete()
    return result


def _ask(recheck: Recheck) -> tuple[Outcome, int | None, float | None]:
    began = time.monotonic()
    try:
        answer = outgoing.send("GET", recheck.url, within=WITHIN, largest=LARGEST)
    except outgoing.NotAllowedHost:
        return Outcome.NOT_ALLOWED, None, None
    except outgoing.TooSlow:
        return Outcome.TIMEOUT, None, time.monotonic() - began
    except outgoing.Unreachable:
        return Outcome.AWAY, None, time.monotonic() - began
    return judge(recheck, answer.status, answer.seconds, answer.body), answer.status, answer.seconds


def judge(recheck: Recheck, status: int, seconds: float, body: bytes) -> Outcome:
    """Return what an answer comes to."""
    if status != recheck.status:
        return Outcome.STATUS
    if recheck.most_milliseconds is not None and seconds * 1000 > recheck.most_milliseconds:
        return Outcome.SLOW
    if recheck.contains and recheck.contains.encode() not in body:
        return Outcome.BODY
    return Outcome.WORKS


def pause(recheck: Recheck) -> timedelta:
    """Return how long until the next one: longer by half for each failure after the third, an hour at most."""
    usual = timedelta(minutes=recheck.minutes)
    if recheck.failures <= 3:
        return usual
    return max(usual, min(LONGEST_PAUSE, usual * 1.5 ** min(recheck.failures - 3, 20)))


def _go_on(recheck: Recheck, ticket: Ticket, *, works: bool, now: datetime) -> None:
    if works:
        recheck.successes, recheck.failures = recheck.successes + 1, 0
    else:
        recheck.successes, recheck.failures = 0, recheck.failures + 1
    recheck.claimed_at = None
    recheck.next_at = now + pause(recheck)
    over: dict[RecheckState, str] = {RecheckState.WORKS: "recheck_works", RecheckState.ENDED: "recheck_ended"}
    if recheck.successes >= recheck.wanted:
        recheck.state = RecheckState.WORKS
    elif recheck.next_at > recheck.ends_at:
        recheck.state = RecheckState.ENDED
    if recheck.state != RecheckState.RUNNING:
        recheck.finished_at = now
        record(ticket, over[RecheckState(recheck.state)], by=people.system(), recheck=recheck.pk)
    recheck.save()


def with_strips(rechecks: Iterable[Recheck], size: int = 30) -> list[tuple[Recheck, list[RecheckResult]]]:
    """Return each re-check with its newest results, the oldest of these first."""
    found = list(rechecks)
    strips: defaultdict[int, list[RecheckResult]] = defaultdict(list)
    place = Window(RowNumber(), partition_by="recheck", order_by=F("pk").desc())
    results = RecheckResult.objects.filter(recheck__in=found).annotate(place=place)
    for result in results.filter(place__lte=size).order_by("pk"):
        strips[result.recheck_id].append(result)
    return [(one, strips[one.pk]) for one in found]


def failing() -> Any:
    """Return the re-checks that run and failed last, those that fail longest first."""
    running = Recheck.objects.filter(state=RecheckState.RUNNING, failures__gt=0)
    return running.select_related("integration__customer", "ticket").order_by("started_at")
