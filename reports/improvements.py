"""Proposals to improve: written, decided, released, measured. What their escalations cost is in reports.costs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import redaction
from accounts.models import User
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations.models import Ticket
from events import recording
from knowledgebase import access as knowledge
from knowledgebase.models import KnownIssue
from reports import days
from reports.costs import tickets_of
from reports.models import Proposal, ProposalState
from reports.poisson import Ratio, rate_ratio

SUBJECT = "proposal"
LONGEST = 20_000
MOST_TICKETS = 500
LEAST_WEEKS, MOST_WEEKS = 2, 26


@dataclass(frozen=True)
class Step:
    """A way from one state to the next: what it is called, from where, and whether only leads and admins go it."""

    to: ProposalState
    label: Any
    sources: tuple[ProposalState, ...]
    leads: bool = False


STEPS = {
    "accept": Step(ProposalState.ACCEPTED, gettext_lazy("Accept"), (ProposalState.PROPOSED,), leads=True),
    "start": Step(ProposalState.IN_PROGRESS, gettext_lazy("Start"), (ProposalState.ACCEPTED,)),
    "release": Step(
        ProposalState.RELEASED, gettext_lazy("Released"), (ProposalState.ACCEPTED, ProposalState.IN_PROGRESS)
    ),
    "measure": Step(ProposalState.MEASURED, gettext_lazy("Keep the outcome"), (ProposalState.RELEASED,)),
    "decline": Step(
        ProposalState.DECLINED,
        gettext_lazy("Decline"),
        (ProposalState.PROPOSED, ProposalState.ACCEPTED, ProposalState.IN_PROGRESS),
        leads=True,
    ),
    "reconsider": Step(ProposalState.PROPOSED, gettext_lazy("Reconsider"), (ProposalState.DECLINED,), leads=True),
}


@dataclass(frozen=True)
class Draft:
    """What somebody proposes. `tickets` are linked besides those of the known issue."""

    title: str
    problem: str
    suggestion: str
    evidence: str = ""
    known_issue: KnownIssue | None = None
    tickets: Iterable[Ticket] = ()
    owner: User | None = None


@dataclass(frozen=True)
class Outcome:
    """Escalations in as many weeks before the release as after it; the day of the release is counted after."""

    weeks: int
    before: int
    after: int
    ratio: float | None
    low: float
    high: float | None
    measured_on: str

    @property
    def is_better(self) -> bool:
        """Whether the interval lies below 1 as a whole."""
        return self.high is not None and self.high < 1


def reads(user: User) -> bool:
    """Tell whether `user` reads proposals: the second line, auditors and admins."""
    return bool(user.reads_all or user.is_l2 or user.is_lead)


def may(user: User, verb: str, proposal: Proposal) -> bool:
    """Tell whether `user` may go this step from where the proposal is."""
    step = STEPS[verb]
    allowed = knowledge.may_lead(user) if step.leads else knowledge.may_write(user)
    return allowed and proposal.state in step.sources


def outcome(proposal: Proposal) -> Outcome | None:
    """Return what was measured, or what would be by today; None before two whole weeks have passed."""
    if proposal.outcome:
        return Outcome(**proposal.outcome)
    if proposal.released_on is None:
        return None
    weeks = min((days.today() - proposal.released_on).days // 7, MOST_WEEKS)
    if weeks < LEAST_WEEKS:
        return None
    length = timedelta(weeks=weeks)
    before = _created(proposal, proposal.released_on - length, proposal.released_on - timedelta(days=1))
    after = _created(proposal, proposal.released_on, proposal.released_on + length - timedelta(days=1))
    found: Ratio = rate_ratio(before, after)
    return Outcome(weeks, before, after, found.ratio, found.low, found.high, days.today().isoformat())


def _created(proposal: Proposal, first: date, last: date) -> int:
    begin, end = days.span(first, last)
    return tickets_of(proposal).filter(created_at__gte=begin, created_at__lt=end).count()


@transaction.atomic
def propose(draft: Draft, *, by: User) -> Proposal:
    """Write a proposal down. Raises NotAllowed or Refused."""
    now = clock.now()
    proposal = Proposal(proposed_by=by, proposed_at=now, version=0)
    return _write(proposal, draft, by=by, kind="proposal.proposed")


@transaction.atomic
def rewrite(proposal: Proposal, draft: Draft, *, by: User, version: int) -> Proposal:
    """Change what it says. Raises NotAllowed, Refused, or StaleVersion when somebody was first."""
    return _write(_locked(proposal, version), draft, by=by, kind="proposal.rewritten")


@transaction.atomic
def step(
    proposal: Proposal, verb: str, *, by: User, version: int, reason: str = "", released_on: date | None = None
) -> Proposal:
    """Bring it to its next state; declining says why, releasing says when.

    Raises NotAllowed, Refused (field `reason`, `released_on`) or StaleVersion.
    """
    locked = _locked(proposal, version)
    if not may(by, verb, locked):
        raise NotAllowed(_("You may not do this with the proposal as it is now."))
    said = redaction.clean(reason).replace("\x00", "").strip()
    if verb == "decline" and not said:
        raise Refused(_("Say why it is declined."), field="reason")
    if verb == "release":
        if released_on is None or not date(1990, 1, 1) <= released_on <= days.today():
            raise Refused(_("Give the day on which it was released, today at the latest."), field="released_on")
        locked.released_on = released_on
    if verb == "measure":
        found = outcome(locked)
        if found is None:
            raise Refused(_("Two whole weeks have to pass after the release."))
        locked.outcome = asdict(found)
    locked.state, locked.reason = STEPS[verb].to, said
    return _save(locked, f"proposal.{STEPS[verb].to}", by=by)


def _locked(proposal: Proposal, version: int) -> Proposal:
    locked = Proposal.objects.select_for_update(of=("self",)).filter(pk=proposal.pk).first()
    if locked is None:
        raise Absent(_("There is no such proposal."))
    if locked.version != version:
        raise StaleVersion(_("Somebody changed this proposal meanwhile. Nothing was saved."), current=locked)
    return locked


def _write(proposal: Proposal, draft: Draft, *, by: User, kind: str) -> Proposal:
    if not knowledge.may_write(by):
        raise NotAllowed(_("Only the second line writes proposals."))
    if proposal.state in {ProposalState.MEASURED, ProposalState.DECLINED}:
        raise Refused(_("It was decided. Nothing can be changed any more."))
    visible = Ticket.objects.visible_to(by)
    linked = list(
        visible.filter(pk__in=[ticket.pk for ticket in draft.tickets], restricted_as="")[: MOST_TICKETS + 1]
    )
    if len(linked) > MOST_TICKETS:
        raise Refused(_("At most %d escalations can be linked.") % MOST_TICKETS, field="tickets")
    if draft.known_issue is None and not linked:
        raise Refused(_("Name a known issue or escalations, so that the cost can be told."), field="tickets")
    for name in ("title", "problem", "suggestion", "evidence"):
        setattr(proposal, name, _text(getattr(draft, name), name))
    proposal.known_issue = draft.known_issue
    proposal.owner = draft.owner or by
    _save(proposal, kind, by=by)
    # What this person does not see stays linked.
    hidden = proposal.tickets.exclude(pk__in=visible.values("pk"))
    proposal.tickets.set([*linked, *hidden])
    return proposal


def _text(text: str, name: str) -> str:
    kept = redaction.clean(text).replace("\x00", "").strip()
    if not kept and name != "evidence":
        raise Refused(_("This is needed."), field=name)
    most = 200 if name == "title" else LONGEST
    if len(kept) > most:
        raise Refused(_("This may have at most %d characters.") % most, field=name)
    return kept


def _save(proposal: Proposal, kind: str, *, by: User) -> Proposal:
    proposal.version += 1
    proposal.updated_at = clock.now()
    proposal.save()
    data = {"state": proposal.state, "version": proposal.version, "known_issue": proposal.known_issue_id}
    recording.record(kind, subject=(SUBJECT, proposal.pk), by=by, data=data)
    return proposal
