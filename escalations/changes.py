"""How a ticket is changed: locked, checked, saved with a new version, and written down.

Every domain function about a ticket goes through these steps, in one transaction.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import Team, User
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import ticket_clocks
from escalations.access import parties
from escalations.models import State, Ticket
from escalations.snapshot import SUBJECT, snapshot
from escalations.transitions import BY_VERB, Verb
from events import recording
from events.models import Event

#: What can change on a ticket, by the names of its attributes. Answers are replaced, never edited in place.
_COLUMNS = [
    field.attname for field in Ticket._meta.concrete_fields if not field.primary_key and not field.generated
]


def lock(ticket: Ticket, *, by: User, version: int | None = None) -> Ticket:
    """Return the ticket as stored now, locked until the transaction ends.

    Raises Absent when `by` may not see it, StaleVersion when `version` is
    given and somebody has changed the ticket since.
    """
    tickets = Ticket.objects.all() if by.is_robot else Ticket.objects.visible_to(by)
    locked = (
        tickets.select_for_update(of=("self",), no_key=True)
        .select_related("customer", "category", "team")
        .filter(pk=ticket.pk)
        .first()
    )
    if locked is not None and locked.restricted_as and not tickets.filter(pk=locked.pk).exists():
        locked = None  # taken off its list while this waited for the row
    if locked is None:
        raise Absent(_("There is no such escalation."))
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody changed this escalation while you were writing. Nothing was saved."),
            current=locked,
        )
    remember(locked)
    return locked


def remember(locked: Ticket) -> None:
    """Remember how a locked ticket is stored, so that `save` writes what has changed and nothing else.

    A ticket has a dozen indexes, and words that are stemmed anew whenever its texts are written.
    """
    locked.stored = {name: getattr(locked, name) for name in _COLUMNS}  # type: ignore[attr-defined]


def lock_in_order(*tickets: int) -> dict[int, Ticket]:
    """Lock several tickets before any of them is changed, and return them as stored now.

    Everybody locks in the order of ids, so that two changes crossing can't wait for each other.
    """
    locked = Ticket.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=tickets).order_by("pk")
    return {ticket.pk: ticket for ticket in locked}


def lock_for(ticket: Ticket, verb: Verb, *, by: User, version: int | None = None) -> Ticket:
    """Lock the ticket and check that `by` may use `verb` on it in its state.

    Raises NotAllowed or Refused (wrong state), besides what `lock` raises.
    """
    locked = lock(ticket, by=by, version=version)
    transition = BY_VERB[verb]
    if not parties(by, locked) & transition.who:
        raise NotAllowed(_("You may not do this on this escalation."))
    if locked.state not in transition.sources:
        raise Refused(
            _("“%(action)s” is not possible: the escalation is “%(state)s” now.")
            % {"action": transition.label, "state": locked.get_state_display()}
        )
    return locked


def enter(ticket: Ticket, state: State) -> None:
    """Put the ticket in `state` from now on."""
    ticket.state = state
    ticket.state_since = clock.now()


def save(ticket: Ticket) -> None:
    """Store a changed ticket as its next version."""
    ticket.version += 1
    ticket.updated_at = clock.now()
    stored = getattr(ticket, "stored", None)
    if stored is None:
        ticket.save()
        return
    ticket.save(update_fields=[name for name in _COLUMNS if stored[name] != getattr(ticket, name)])
    remember(ticket)


def record(ticket: Ticket, kind: str, /, *, by: User, at: datetime | None = None, **data: Any) -> Event:
    """Write down what happened to the ticket, with what it looked like afterwards.

    `at` is the instant at which its clocks were brought along, so that event and ledger name the same one.
    """
    return recording.record(
        f"ticket.{kind}", subject=(SUBJECT, ticket.pk), by=by, at=at, data={**data, "ticket": snapshot(ticket)}
    )


def commit(
    ticket: Ticket, kind: str, /, *, by: User, because: str = "", rematch: bool = False, **data: Any
) -> Event:
    """Finish a change of a locked ticket: bring its clocks, store its next version, record `ticket.<kind>`.

    `because` goes into the clocks' ledger, the kind if there is none; `rematch` after a change of what
    policies look at. The event tells how much time each clock has used.
    """
    change = ticket_clocks.bring(ticket, reason=because or kind, rematch=rematch)
    save(ticket)
    event = record(ticket, kind, by=by, at=change.at, used=change.used, **data)
    ticket_clocks.keep(change, event)
    return event


def set_team(ticket: Ticket, team: Team) -> None:
    """Put the ticket with another team from now on; nobody there owns it yet."""
    ticket.team, ticket.owner, ticket.let_go_at = team, None, None
    ticket.team_since = clock.now()
    ticket.reassignment_count += 1


def required(value: str, field: str, sentence: str) -> str:
    """Return `value` without surrounding space; raise Refused with `sentence` if nothing is left."""
    stripped = value.strip()
    if not stripped:
        raise Refused(sentence, field=field)
    return stripped


def chosen(choices: models.QuerySet[Any], pk: int | None, field: str, sentence: str) -> Any:
    """Return the row `pk` of `choices`; raise Refused with `sentence` if it is not one of them."""
    found = choices.filter(pk=pk).first() if pk else None
    if found is None:
        raise Refused(sentence, field=field)
    return found
