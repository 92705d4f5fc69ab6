"""Proposals to improve: written, decided, released, measured. What their escalations cost is in reports.costs.

A proposal may be put to a partner team (product, risk …): its people read it, one of them may own it, and whoever
of them owns it decides about it and brings it on.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import redaction
from accounts.models import Role, Team, User
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import alerts
from escalations.models import AlertKind, Ticket
from events import recording
from events.models import Event
from knowledgebase import access as knowledge
from knowledgebase.models import KnownIssue
from reports import days, released
from reports.models import Proposal, ProposalState

SUBJECT = "proposal"
LONGEST = 20_000
MOST_TICKETS = 500


@dataclass(frozen=True)
class Step:
    """A way from one state to the next: what it is called, from where, and whether only leads and admins go it.

    `kind` is the event's, `proposal.` and the next state if it is empty.
    """

    to: ProposalState
    label: Any
    sources: tuple[ProposalState, ...]
    leads: bool = False
    kind: str = ""


STEPS = {
    "accept": Step(ProposalState.ACCEPTED, gettext_lazy("Accept"), (ProposalState.PROPOSED,), leads=True),
    "start": Step(ProposalState.IN_PROGRESS, gettext_lazy("Start"), (ProposalState.ACCEPTED,)),
    "release": Step(
        ProposalState.RELEASED, gettext_lazy("Released"), (ProposalState.ACCEPTED, ProposalState.IN_PROGRESS)
    ),
    "measure": Step(ProposalState.MEASURED, gettext_lazy("Keep the outcome"), (ProposalState.RELEASED,)),
    "correct": Step(
        ProposalState.RELEASED,
        gettext_lazy("Correct the release"),
        (ProposalState.RELEASED, ProposalState.MEASURED),
        kind="proposal.release_corrected",
    ),
    "remeasure": Step(
        ProposalState.RELEASED,
        gettext_lazy("Measure again"),
        (ProposalState.MEASURED,),
        kind="proposal.outcome_withdrawn",
    ),
    "decline": Step(
        ProposalState.DECLINED,
        gettext_lazy("Decline"),
        (ProposalState.PROPOSED, ProposalState.ACCEPTED, ProposalState.IN_PROGRESS),
        leads=True,
    ),
    "reconsider": Step(ProposalState.PROPOSED, gettext_lazy("Reconsider"), (ProposalState.DECLINED,), leads=True),
}

#: The steps that say on which day it was released.
DATED = {"release", "correct"}


@dataclass(frozen=True)
class Draft:
    """What somebody proposes. `tickets` are linked besides those of the known issue."""

    title: str
    problem: str
    suggestion: str
    evidence: str = ""
    known_issue: KnownIssue | None = None
    tickets: Iterable[Ticket] = ()
    partner: Team | None = None
    owner: User | None = None


def reads(user: User) -> bool:
    """Tell whether `user` reads proposals at all; which ones, Proposal.objects.visible_to knows."""
    return bool(user.reads_all or user.is_l2 or user.is_lead or user.is_partner)


def may(user: User, verb: str, proposal: Proposal) -> bool:
    """Tell whether `user` may go this step from where the proposal is."""
    step = STEPS[verb]
    allowed = knowledge.may_lead(user) if step.leads else knowledge.may_write(user)
    return (allowed or _owns_for_partner(user, proposal)) and proposal.state in step.sources


def may_take(user: User, proposal: Proposal) -> bool:
    """Tell whether `user` may make it theirs: people of the team that it is put to, while none of them owns it."""
    return (
        _is_of(user, proposal.partner_id)
        and not _is_of(proposal.owner, proposal.partner_id)
        and proposal.state not in {ProposalState.MEASURED, ProposalState.DECLINED}
    )


def owners(*partners: Team) -> QuerySet[User]:
    """Return who may own a proposal: the second line, and the people of the team that it is put to."""
    able = Q(pk__in=knowledge.writers().values("pk")) | Q(pk__in=_people(*partners).values("pk"))
    return User.objects.filter(able).order_by("name", "pk")


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
def take(proposal: Proposal, *, by: User, version: int) -> Proposal:
    """Make a proposal that is put to one's team one's own. Raises NotAllowed or StaleVersion."""
    locked = _locked(proposal, version)
    if not may_take(by, locked):
        raise NotAllowed(_("You may not do this with the proposal as it is now."))
    locked.owner = by
    _save(locked, "proposal.taken", by=by)
    return locked


@transaction.atomic
def step(
    proposal: Proposal, verb: str, *, by: User, version: int, reason: str = "", released_on: date | None = None
) -> Proposal:
    """Bring it to its next state; declining says why, releasing and correcting the release say when.

    A correction, and measuring again, drop the outcome; the record keeps what it was.
    Raises NotAllowed, Refused (field `reason`, `released_on`) or StaleVersion.
    """
    locked = _locked(proposal, version)
    if not may(by, verb, locked):
        raise NotAllowed(_("You may not do this with the proposal as it is now."))
    said = redaction.clean(reason).replace("\x00", "").strip()
    if verb == "decline" and not said:
        raise Refused(_("Say why it is declined."), field="reason")
    if verb in DATED:
        if released_on is None or not date(1990, 1, 1) <= released_on <= days.today():
            raise Refused(_("Give the day on which it was released, today at the latest."), field="released_on")
        locked.released_on = released_on
    if verb == "measure":
        found = released.outcome(locked)
        if found is None:
            raise Refused(released.why_not_yet(locked))
        locked.outcome = asdict(found)
    elif verb in {"correct", "remeasure"}:
        locked.outcome = None
    locked.state, locked.reason = STEPS[verb].to, said
    _save(locked, STEPS[verb].kind or f"proposal.{STEPS[verb].to}", by=by)
    return locked


def history(proposal: Proposal) -> list[Event]:
    """Return what was done with it, the latest first, each with its actor."""
    found = Event.objects.filter(subject_type=SUBJECT, subject_id=proposal.pk).select_related("actor")
    return list(found.order_by("-id")[:100])


def _people(*partners: Team) -> QuerySet[User]:
    of_team = Q(memberships__team__in=partners, memberships__role=Role.PARTNER)
    return User.objects.filter(of_team, is_active=True, is_auditor=False).distinct()


def _is_of(user: User, partner: int | None) -> bool:
    return not user.is_auditor and partner in user.teams_as(Role.PARTNER)


def _owns_for_partner(user: User, proposal: Proposal) -> bool:
    return proposal.owner_id == user.pk and _is_of(user, proposal.partner_id)


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
    had_owner, had_partner = proposal.owner_id, proposal.partner_id
    proposal.known_issue, proposal.partner = draft.known_issue, draft.partner
    proposal.owner = owner = draft.owner or by
    teams = [draft.partner] if draft.partner else []
    # Who owns it already may stay, whatever team they are of by now.
    if owner.pk != had_owner and not owners(*teams).filter(pk=owner.pk).exists():
        raise Refused(_("The owner is of the second line, or of the team that it is put to."), field="owner")
    event = _save(proposal, kind, by=by)
    # What this person does not see stays linked.
    hidden = proposal.tickets.exclude(pk__in=visible.values("pk"))
    proposal.tickets.set([*linked, *hidden])
    if owner.pk not in {had_owner, by.pk}:
        alerts.tell(None, [owner], AlertKind.ASSIGNED, event=event)
    if draft.partner is not None and draft.partner.pk != had_partner:
        others = _people(draft.partner).exclude(pk__in=[owner.pk, by.pk])
        alerts.tell(None, others, AlertKind.HANDED_OVER, event=event)
    return proposal


def _text(text: str, name: str) -> str:
    kept = redaction.clean(text).replace("\x00", "").strip()
    if not kept and name != "evidence":
        raise Refused(_("This is needed."), field=name)
    most = 200 if name == "title" else LONGEST
    if len(kept) > most:
        raise Refused(_("This may have at most %d characters.") % most, field=name)
    return kept


def _save(proposal: Proposal, kind: str, *, by: User) -> Event:
    proposal.version += 1
    proposal.updated_at = clock.now()
    proposal.save()
    data: dict[str, Any] = {
        "state": proposal.state,
        "version": proposal.version,
        "known_issue": proposal.known_issue_id,
        "owner": proposal.owner_id,
        "partner": proposal.partner_id,
    }
    if proposal.released_on is not None:
        data["released_on"] = proposal.released_on.isoformat()
    if proposal.outcome is not None:
        data["outcome"] = proposal.outcome
    return recording.record(kind, subject=(SUBJECT, proposal.pk), by=by, data=data)
