"""The life of a review as data: which verb leads from where to where, and who may use it."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from compliance.models import Case, Proposal, State


class Verb(StrEnum):
    TAKE = "take"
    WAIT = "wait"
    RESUME = "resume"
    PROPOSE = "propose"
    WITHDRAW = "withdraw"
    CONFIRM = "confirm"
    REJECT = "reject"
    REOPEN = "reopen"


class Who(StrEnum):
    """Of those who review: anybody, who proposed the decision, or anybody else."""

    ANYBODY = "anybody"
    PROPOSER = "proposer"
    SECOND = "second"


@dataclass(frozen=True)
class Transition:
    """One row: `verb` leads from any of `sources` to `target`. `has_page`: it asks for more than a click."""

    verb: Verb
    label: str | Promise
    sources: frozenset[State]
    target: State
    who: Who = Who.ANYBODY
    has_page: bool = False


TRANSITIONS = (
    Transition(Verb.TAKE, _("Take it on"), frozenset({State.OPEN}), State.IN_REVIEW),
    Transition(Verb.WAIT, _("Wait for evidence"), frozenset({State.IN_REVIEW}), State.WAITING),
    Transition(Verb.RESUME, _("Go on"), frozenset({State.WAITING}), State.IN_REVIEW),
    Transition(
        Verb.PROPOSE, _("Propose a decision"), frozenset({State.IN_REVIEW, State.WAITING}), State.PROPOSED,
        has_page=True,
    ),
    Transition(
        Verb.WITHDRAW, _("Withdraw the proposal"), frozenset({State.PROPOSED}), State.IN_REVIEW, Who.PROPOSER
    ),
    Transition(
        Verb.CONFIRM, _("Confirm"), frozenset({State.PROPOSED}), State.DECIDED, Who.SECOND, has_page=True
    ),
    Transition(
        Verb.REJECT, _("Reject"), frozenset({State.PROPOSED}), State.IN_REVIEW, Who.SECOND, has_page=True
    ),
    Transition(Verb.REOPEN, _("Reopen"), frozenset({State.DECIDED}), State.IN_REVIEW),
)  # fmt: skip


def of(verb: Verb) -> Transition:
    return next(row for row in TRANSITIONS if row.verb == verb)


def open_proposal(case: Case) -> Proposal | None:
    """Return what is proposed and not ended."""
    return case.proposals.select_related("proposed_by").filter(ended_at=None).first()


def may(verb: Verb, case: Case, user: User, proposal: Proposal | None) -> bool:
    """Tell whether the person may use the verb now; `proposal` is the case's open one."""
    row = of(verb)
    if case.state not in row.sources or not user.reviews_compliance or user.is_robot:
        return False
    is_own = proposal is not None and proposal.proposed_by_id == user.pk
    return row.who == Who.ANYBODY or (row.who == Who.PROPOSER) == is_own


def offered(case: Case, user: User, proposal: Proposal | None) -> list[Transition]:
    """Return what the person may do now, in the table's order."""
    return [row for row in TRANSITIONS if may(row.verb, case, user, proposal)]
