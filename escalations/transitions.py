"""The lifecycle as data: which verb leads from where to where, who may use it, what it needs.

Buttons, API, documentation and tests are all made from this one table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations.access import DESK, Party, parties
from escalations.models import State, Ticket


class Verb(StrEnum):
    ACCEPT = "accept"
    RETURN = "return"
    RESUBMIT = "resubmit"
    START = "start"
    WAIT_CUSTOMER = "wait_customer"
    WAIT_L1 = "wait_l1"
    WAIT_PARTNER = "wait_partner"
    RESUME = "resume"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    MERGE = "merge"
    UNMERGE = "unmerge"


@dataclass(frozen=True)
class Transition:
    """One row: `verb` leads from any of `sources` to `target`, or (None) back to the state before.

    `needs` names what must be given with it, as the keyword of the domain
    function and the field of form and API.
    """

    verb: Verb
    label: str | Promise
    sources: frozenset[State]
    target: State | None
    who: frozenset[Party]
    needs: tuple[str, ...] = ()


_BEING_WORKED = frozenset({State.ACCEPTED, State.IN_PROGRESS, State.REOPENED})
_WAITING = frozenset({State.WAITING_CUSTOMER, State.WAITING_L1, State.WAITING_PARTNER})
_REQUESTER = frozenset({Party.REQUESTER})
_SYSTEM = frozenset({Party.SYSTEM})

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        Verb.ACCEPT, _("Accept"),
        frozenset({State.NEW}), State.ACCEPTED, DESK, ("review",),
    ),
    Transition(
        Verb.RETURN, _("Return to L1"),
        frozenset({State.NEW}) | _BEING_WORKED, State.RETURNED, DESK, ("review", "reason", "missing"),
    ),
    Transition(
        Verb.RESUBMIT, _("Complete and resubmit"),
        frozenset({State.RETURNED}), State.NEW, _REQUESTER, ("contract",),
    ),
    Transition(
        Verb.START, _("Start work"),
        frozenset({State.ACCEPTED, State.REOPENED}), State.IN_PROGRESS, DESK,
    ),
    Transition(
        Verb.WAIT_CUSTOMER, _("Ask the customer"),
        frozenset({State.IN_PROGRESS}), State.WAITING_CUSTOMER, DESK, ("message",),
    ),
    Transition(
        Verb.WAIT_L1, _("Ask L1"),
        frozenset({State.IN_PROGRESS}), State.WAITING_L1, DESK, ("message",),
    ),
    Transition(
        Verb.WAIT_PARTNER, _("Hand over to a partner"),
        frozenset({State.IN_PROGRESS}), State.WAITING_PARTNER, DESK, ("partner", "message"),
    ),
    Transition(
        Verb.RESUME, _("Resume work"),
        _WAITING, State.IN_PROGRESS, DESK | _SYSTEM,
    ),
    Transition(
        Verb.RESOLVE, _("Resolve"),
        frozenset({State.IN_PROGRESS}) | _WAITING, State.RESOLVED, DESK,
        ("resolution", "root_cause", "answer_to_l1", "answer_to_customer"),
    ),
    Transition(
        Verb.CLOSE, _("Close"),
        frozenset({State.RESOLVED}), State.CLOSED, _SYSTEM | _REQUESTER | {Party.LEAD},
    ),
    Transition(
        Verb.REOPEN, _("Reopen"),
        frozenset({State.RESOLVED, State.CLOSED}), State.REOPENED, DESK | _REQUESTER | _SYSTEM,
        ("reason", "explanation"),
    ),
    Transition(
        Verb.CANCEL, _("Cancel"),
        frozenset({State.NEW, State.RETURNED}) | _BEING_WORKED | _WAITING, State.CANCELLED,
        _REQUESTER | {Party.LEAD}, ("reason",),
    ),
    Transition(
        Verb.MERGE, _("Merge"),
        frozenset({State.NEW, State.RETURNED}) | _BEING_WORKED | _WAITING, State.MERGED, DESK, ("target",),
    ),
    Transition(
        Verb.UNMERGE, _("Take the merge back"),
        frozenset({State.MERGED}), None, DESK | _REQUESTER, ("explanation",),
    ),
)  # fmt: skip

BY_VERB = {transition.verb: transition for transition in TRANSITIONS}


def open_to(user: User, ticket: Ticket) -> Iterator[Transition]:
    """Yield the transitions that `user` may make on `ticket` as it stands now."""
    stances = parties(user, ticket)
    for transition in TRANSITIONS:
        if ticket.state in transition.sources and stances & transition.who:
            yield transition
