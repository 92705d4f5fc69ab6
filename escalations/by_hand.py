"""A deadline that a lead sets by hand, with a reason; nothing but a hand moves it again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock, durations
from common.errors import Absent, NotAllowed, Refused
from escalations import policies, sla, ticket_clocks
from escalations.access import Party, parties, sees_clock
from escalations.changes import lock, record, required, save
from escalations.clocks import Aim, Ledger, whole_second
from escalations.deadlines import BY_HAND
from escalations.models import Clock, Metric, Target, Ticket

#: The reason of the ledger's entry by which a clock goes back to its policy's target.
CLEARED = "by_policy"
LONGEST_REASON = 300
FURTHEST = timedelta(days=366)


def may_set(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may set this ticket's deadlines: leads of its team, and admins."""
    return Party.LEAD in parties(user, ticket)


@transaction.atomic
def set_deadline(row: Clock, due_at: datetime, *, by: User, reason: str, version: int | None = None) -> Ticket:
    """Let an open clock fall due at `due_at`, whatever its policy says, until it is set or cleared again.

    A regulatory deadline may only be set to an earlier date than the law's. `version` is the ticket's as
    the person saw it. Raises NotAllowed, Refused, StaleVersion.
    """
    locked, ledgers, ledger = _open(row, by=by, version=version)
    because = redaction.clean(required(reason, "reason", _("Say why, so that everybody can understand it.")))
    if len(because) > LONGEST_REASON:
        raise Refused(_("This may have at most %d characters.") % LONGEST_REASON, field="reason")
    now, due_at = clock.now(), _date(due_at, field="due_at")
    if ledger.breached(now) is not None:
        raise Refused(_("This deadline is missed already. A later one would not undo that."))
    if ledger.metric == Metric.REGULATORY:
        law = _policy_aim(ledger, locked).due_at
        if law is not None and due_at > law:
            raise Refused(
                _("The law's date is %s: only an earlier one can be set.") % durations.exact(law), field="due_at"
            )
    if due_at == ledger.aim.due_at:
        raise Refused(_("It is due then already."), field="due_at")
    former = ledger.now.due_at
    ledger.aim_at(now, ledger.aim._replace(due_at=due_at), BY_HAND)
    _finish(locked, ledgers, ledger, now, by=by, due_at=due_at, former=former, because=because)
    return locked


def set_partners(locked: Ticket, team: int, due_at: datetime, *, by: User, because: str, **about: Any) -> None:
    """Let a partner's open clock on a locked ticket fall due at `due_at`, as part of a larger change; save it.

    Unlike `set_deadline` it is for whoever works the ticket. `about` goes into the event. Raises Refused (field
    `wanted_by`).
    """
    now, due_at = clock.now(), _date(due_at, field="wanted_by")
    ledgers = ticket_clocks.load(locked)
    own = (one for one in ledgers if one.metric == Metric.HAND_OVER and one.team_id == team and one.is_open)
    ledger = next(own, None)
    if ledger is None:
        raise Refused(_("No service level measures this hand-over: it has no due date."), field="wanted_by")
    if ledger.breached(now) is not None:
        raise Refused(_("This deadline is missed already. A later one would not undo that."), field="wanted_by")
    if due_at == ledger.aim.due_at:
        raise Refused(_("It is due then already."), field="wanted_by")
    former = ledger.now.due_at
    ledger.aim_at(now, ledger.aim._replace(due_at=due_at), BY_HAND)
    _finish(locked, ledgers, ledger, now, by=by, due_at=due_at, former=former, because=because, **about)


def _date(due_at: datetime, *, field: str) -> datetime:
    now, due_at = clock.now(), whole_second(due_at)
    if due_at < now:
        raise Refused(_("This lies in the past. A deadline can only be set from now on."), field=field)
    if due_at > now + FURTHEST:
        raise Refused(_("This is more than a year away."), field=field)
    return due_at


@transaction.atomic
def clear_deadline(row: Clock, *, by: User, version: int | None = None) -> Ticket:
    """Let a clock run towards its policy's target again; the time it has used stays used.

    Raises NotAllowed, Refused, StaleVersion.
    """
    locked, ledgers, ledger = _open(row, by=by, version=version)
    if not sla.is_set_by_hand(ledger):
        raise Refused(_("This deadline is not set by hand."))
    now, former = clock.now(), ledger.aim.due_at
    ledger.aim_at(now, _policy_aim(ledger, locked), CLEARED)
    _finish(locked, ledgers, ledger, now, by=by, due_at=None, former=former, because="")
    return locked


def _open(row: Clock, *, by: User, version: int | None) -> tuple[Ticket, list[Ledger], Ledger]:
    locked = lock(row.ticket, by=by, version=version)
    if not sees_clock(by, locked, row.metric, row.team_id):
        raise Absent(_("There is no such clock."))
    if not may_set(by, locked):
        raise NotAllowed(_("Only a lead sets a deadline by hand."))
    ledgers = ticket_clocks.load(locked)
    ledger = next(one for one in ledgers if one.clock_id == row.pk)
    if not ledger.is_open:
        raise Refused(_("This clock has stopped."))
    if ledger.metric == Metric.UPDATE:
        raise Refused(_("A promise is changed by writing to the customer and promising another date."))
    return locked, ledgers, ledger


def _policy_aim(ledger: Ledger, ticket: Ticket) -> Aim:
    """Return what the clock would run towards now if nobody had set its deadline."""
    rules = policies.rulebook()
    aim = sla.policy_aim(
        ledger, ticket, rulebook=rules, matched=rules.policies_for(ticket), agreed=_agreed(ledger, ticket)
    )
    if aim is not None:
        return aim
    # No policy sets a target any more: what the clock began with still stands in its ledger.
    return next(
        entry.aim
        for entry in reversed(ledger.entries)
        if not sla.is_by_hand(ledger.metric, entry.aim, ledger.started_at)
    )


def _agreed(ledger: Ledger, ticket: Ticket) -> Target | None:
    if ledger.metric != Metric.HAND_OVER:
        return None
    row = ticket.hand_overs.owed().filter(team=ledger.team_id).first()
    return ticket_clocks.agreed(row) if row is not None else None


def _finish(
    locked: Ticket,
    ledgers: list[Ledger],
    ledger: Ledger,
    at: datetime,
    *,
    by: User,
    due_at: datetime | None,
    former: datetime | None,
    because: str,
    **about: Any,
) -> None:
    change = ticket_clocks.changed(locked, ledgers, at)
    save(locked)
    event = record(
        locked,
        "deadline_set",
        by=by,
        at=at,
        used=change.used,
        clock=ledger.clock_id,
        metric=ledger.metric,
        cycle=ledger.cycle,
        due_at=due_at.isoformat() if due_at else None,
        former=former.isoformat() if former else None,
        because=because,
        **about,
    )
    ticket_clocks.keep(change, event)
