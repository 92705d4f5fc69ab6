"""Checking all clocks against their ledgers every night, saying so when any differs, and repairing them.

A check goes through the tickets a few thousand at a time: one delivery of one event each. So it takes no lock,
ends within a job's time however many tickets there are, lets other work in between, and goes on where it was
after a worker dies.
"""

import logging
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import event_mail, people
from accounts.models import User
from common import clock
from common.errors import NotAllowed
from common.rewriting import rewrite
from escalations import changes, ledger_check, reapplying, service_levels, ticket_clocks
from escalations.clocks import Ledger
from escalations.ledger_check import Difference
from escalations.models import Clock, LedgerCheck, LedgerDifference, Ticket
from escalations.snapshot import SUBJECT as TICKET
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

SUBJECT = "ledger_check"
CONSUMER = "ledger_check"
KIND = "sla.ledger_check_step"
ALARM = "ledger_alarm"
DIFFERS = "sla.ledger_differs"

#: Tickets per step: some seconds.
STEP = 5000
#: More differences than these are counted, but not kept one by one.
MOST_KEPT = 10_000
#: Tickets that one press of the button repairs.
MOST_REPAIRED = 500
_LONGEST = 60


@transaction.atomic
def begin() -> LedgerCheck:
    """Begin a check, whose steps the workers take."""
    check = LedgerCheck.objects.create(started_at=clock.now())
    _owe(check)
    return check


def _owe(check: LedgerCheck) -> None:
    recording.record(KIND, subject=(SUBJECT, check.pk), by=people.system(), data={"after": check.after})


def handle(event: Event) -> None:
    """Take one step of a check. A step that was taken is not taken again."""
    check = LedgerCheck.objects.get(pk=event.subject_id)
    if check.finished_at is None and check.after == event.data["after"] and take_step(check):
        _owe(check)


@transaction.atomic
def take_step(check: LedgerCheck) -> bool:
    """Look at the next tickets and keep what differs; return whether there may be more."""
    looked_at = 0
    for seen in islice(ledger_check.recompute(after=check.after), STEP):
        looked_at += 1
        check.after = seen.ticket
        check.clocks += seen.clocks
        if seen.differences:
            room = max(0, MOST_KEPT - check.differences)
            LedgerDifference.objects.bulk_create(_row(check, one) for one in seen.differences[:room])
            check.differences += len(seen.differences)
    check.tickets += looked_at
    more = looked_at == STEP
    if not more:
        check.finished_at = clock.now()
        _tell(check)
    check.save()
    return more


def _row(check: LedgerCheck, difference: Difference) -> LedgerDifference:
    return LedgerDifference(
        check_run=check,
        ticket_id=difference.ticket,
        clock_id=difference.clock,
        column=difference.column,
        cached=_words(difference.cached),
        ledger=_words(difference.ledger),
    )


def _words(value: Any) -> str:
    if value is None:
        return "–"
    return (value.isoformat() if hasattr(value, "isoformat") else str(value))[:_LONGEST]


def _tell(check: LedgerCheck) -> None:
    """Raise the alarm if the finished check found anything."""
    if not check.differences:
        return
    tickets = check.found.values("ticket").distinct().count()
    logger.error(
        "Check %s of the ledger: %s cached columns of %s tickets differ from what their clocks' entries say.",
        check.pk, check.differences, tickets,
    )  # fmt: skip
    data = {"differences": check.differences, "tickets": tickets}
    recording.record(DIFFERS, subject=(SUBJECT, check.pk), by=people.system(), data=data)


def alarm(event: Event) -> None:
    """Mail every admin what a check found. The same event makes the same mail, should it be sent twice."""
    context = {**event.data, "url": settings.SITE_URL + reverse("ledger_check")}
    for admin in User.objects.filter(is_superuser=True, is_active=True, is_robot=False).order_by("pk"):
        event_mail.send(event, admin, "escalations/mail/ledger_differs", context)


def to_repair(check: LedgerCheck, *, by: User) -> list[int]:
    """Return the tickets with differences of this check that `by` may repair, and nobody has."""
    led = reapplying.led_by(by).filter(pk__in=check.found.filter(repaired_at=None).values("ticket"))
    return list(led.order_by("pk").values_list("pk", flat=True))


def repair(check: LedgerCheck, *, by: User) -> int:
    """Rewrite what differs from the ledger, ticket by ticket, with an event each; return how many tickets.

    At most MOST_REPAIRED of them. Raises NotAllowed.
    """
    if not service_levels.may_set_up(by):
        raise NotAllowed(_("Only team leads and admins repair clocks."))
    numbers = to_repair(check, by=by)[:MOST_REPAIRED]
    for number in numbers:
        _repair(check, number, by=by)
    return len(numbers)


@transaction.atomic
def _repair(check: LedgerCheck, number: int, *, by: User) -> None:
    ticket = changes.lock(Ticket(pk=number), by=by)
    ledgers = [ledger for ledger in ticket_clocks.load(ticket) if ledger.entries]
    at = clock.now()
    unmarked = [ledger for ledger in ledgers if ledger.noticed is None]
    for ledger in ledgers:
        ledger.noticed = None  # what the mark says is part of what is repaired
    rows = {ledger.clock_id: ticket_clocks.clock_row(ledger, ticket, at) for ledger in ledgers}
    rewrite(list(rows.values()), [column.removesuffix("_id") for column in ledger_check.COLUMNS])
    ticket_clocks.changed(ticket, ledgers, at)
    changes.save(ticket)
    found = check.found.filter(ticket=ticket, repaired_at=None).exclude(column="entries")
    changes.record(ticket, "clocks_repaired", by=by, columns=sorted(set(found.values_list("column", flat=True))))
    ticket_clocks.record_breaches(
        (rows[ledger.clock_id], ticket) for ledger in unmarked if _is_news(rows[ledger.clock_id], ledger)
    )
    found.update(repaired_at=at)


def _is_news(row: Clock, ledger: Ledger) -> bool:
    """Tell whether a breach was never recorded: its mark may have got lost after it was."""
    if row.breached_at is None:
        return False
    told = Event.objects.filter(subject_type=TICKET, subject_id=row.ticket_id, kind=ticket_clocks.BREACHED)
    return not told.filter(data__metric=ledger.metric, data__cycle=ledger.cycle).exists()
