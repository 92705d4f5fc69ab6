"""The life of a sensitive action as data: which verb leads from where to where, who may use it, what it needs.

Buttons, API, checks, tests, docs/actions.md and the database's own guard (migration 0002) say the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from actions.access import Party, parties
from actions.models import Action, State


class Verb(StrEnum):
    EDIT = "edit"
    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    EXECUTE = "execute"
    FINISH = "finish"
    FAIL = "fail"
    LOSE = "lose"
    VERIFY = "verify"


@dataclass(frozen=True)
class Transition:
    """One row: `verb` leads from any of `sources` to `target`. `needs` names what must be given with it."""

    verb: Verb
    label: str | Promise
    sources: frozenset[State]
    target: State
    who: frozenset[Party]
    needs: tuple[str, ...] = ()


_WORKER = frozenset({Party.WORKER})
_APPROVER = frozenset({Party.APPROVER})
_SYSTEM = frozenset({Party.SYSTEM})
_BEFORE = frozenset({State.DRAFT, State.REQUESTED, State.APPROVED})
_UNDER_WAY = frozenset({State.EXECUTING, State.UNKNOWN})

TRANSITIONS: tuple[Transition, ...] = (
    Transition(Verb.EDIT, _("Edit"), _BEFORE, State.DRAFT, _WORKER, ("payload", "evidence")),
    Transition(Verb.REQUEST, _("Request approval"), frozenset({State.DRAFT}), State.REQUESTED, _WORKER),
    Transition(
        Verb.APPROVE, _("Approve"), frozenset({State.REQUESTED}), State.APPROVED, _APPROVER,
        ("digest", "accepted", "password"),
    ),
    Transition(Verb.REJECT, _("Reject"), frozenset({State.REQUESTED}), State.REJECTED, _APPROVER, ("reason",)),
    Transition(Verb.CANCEL, _("Cancel"), _BEFORE, State.CANCELLED, _WORKER, ("reason",)),
    Transition(
        Verb.EXPIRE, _("Expire"), frozenset({State.REQUESTED, State.APPROVED}), State.EXPIRED, _SYSTEM,
    ),
    Transition(Verb.EXECUTE, _("Begin to carry out"), frozenset({State.APPROVED}), State.EXECUTING, _SYSTEM),
    Transition(Verb.FINISH, _("Finish"), _UNDER_WAY, State.DONE, _SYSTEM),
    Transition(Verb.FAIL, _("Fail"), _UNDER_WAY, State.FAILED, _SYSTEM),
    Transition(Verb.LOSE, _("Lose sight of"), frozenset({State.EXECUTING}), State.UNKNOWN, _SYSTEM),
    Transition(Verb.VERIFY, _("Verify"), frozenset({State.DONE}), State.VERIFIED, _SYSTEM),
)  # fmt: skip

BY_VERB = {transition.verb: transition for transition in TRANSITIONS}


def open_to(user: User, action: Action) -> Iterator[Transition]:
    """Yield the transitions that `user` may make on `action` as it stands now."""
    stances = parties(user, action)
    for transition in TRANSITIONS:
        if action.state in transition.sources and stances & transition.who:
            yield transition


def steps() -> set[tuple[str, str]]:
    """Return every (from, to) that the table has, besides staying where one is."""
    return {
        (source.value, transition.target.value)
        for transition in TRANSITIONS
        for source in transition.sources
        if source != transition.target
    }
