"""Decisions by two people: one proposes over the exact content, another confirms that very content, or rejects.

Each proves anew, by the password or second factor, that it is them (accounts.proof): there is no way around it.
The database refuses one person in both places, and a decided case without a confirmed proposal.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts import proof
from accounts.models import User
from accounts.proof import Proof
from common import clock
from common.errors import Refused
from compliance import changes, checklists, content, deadlines
from compliance.models import OUTCOMES, Case, Ending, Kind, Outcome, Proposal, Step
from compliance.sealing import CaseKey, next_number
from compliance.transitions import Verb

LONGEST_REASON = 20_000


@dataclass(frozen=True)
class Opened:
    """A proposal with its texts opened."""

    row: Proposal
    reason: str
    remark: str


def outcomes_of(case: Case) -> list[Outcome]:
    """Return what may be decided about a case of this kind."""
    return list(OUTCOMES[Kind(case.kind)])


def lacking(case: Case, key: CaseKey) -> list[checklists.Item]:
    """Return the items of the checklist without which nothing can be proposed. Raises Unreadable."""
    return [item for item in checklists.items(case, key) if item.lacks]


def all_of(case: Case, key: CaseKey) -> list[Opened]:
    """Return what was proposed so far, the oldest first. Raises Unreadable."""
    rows = case.proposals.select_related("proposed_by", "ended_by").order_by("pk")
    return [Opened(row, key.text(row, "reason"), key.text(row, "remark") if row.remark else "") for row in rows]


@transaction.atomic
def propose(case: Case, outcome: str, *, by: User, reason: str, proof_given: Proof | None) -> Proposal:
    """Propose to decide, over the content as it is now. Raises Refused, or NotAllowed without a fresh proof."""
    _check(proof_given, by)
    case = changes.locked(case, by)
    if outcome not in outcomes_of(case):
        raise Refused(_("Choose one of the list."), field="outcome")
    text = _cleaned(reason, "reason")
    key = CaseKey(case)
    if missing := lacking(case, key):
        raise Refused(_("The checklist is not complete: %s") % f"{missing[0].text} {missing[0].lacks}")
    changes.follow(case, Verb.PROPOSE, by)
    proposal = Proposal(
        pk=next_number(Proposal), case=case, outcome=outcome, digest=content.digest(case, key), proposed_by=by,
        proposed_at=clock.now(),
    )  # fmt: skip
    proposal.reason = key.seal_text(proposal, "reason", text)
    proposal.save(force_insert=True)
    changes.commit(case, "compliance.proposed", by=by, data=_said(proposal))
    return proposal


@transaction.atomic
def withdraw(case: Case, *, by: User) -> None:
    """Take back what one proposed. Raises Refused."""
    case = changes.locked(case, by)
    proposal = _open(changes.follow(case, Verb.WITHDRAW, by))
    changes.end(proposal, Ending.WITHDRAWN, by=by)
    changes.commit(case, "compliance.withdrawn", by=by, data=_said(proposal))


@transaction.atomic
def confirm(case: Case, *, by: User, digest: str, proof_given: Proof | None) -> None:
    """Decide as somebody else proposed. `digest` is of the content that the person has read.

    Raises Refused when that is not what was proposed, or not what stands there now, NotAllowed without a proof.
    """
    _check(proof_given, by)
    case = changes.locked(case, by)
    proposal = _open(changes.follow(case, Verb.CONFIRM, by))
    if not proposal.digest == digest == content.digest(case, CaseKey(case)):
        raise Refused(_("The review is not what this proposal was made for. It has to be proposed again."))
    changes.end(proposal, Ending.CONFIRMED, by=by)
    case.decision = proposal
    deadlines.meet(case, Step.DECIDE)
    changes.commit(case, "compliance.decided", by=by, data=_said(proposal))


@transaction.atomic
def reject(case: Case, *, by: User, remark: str, proof_given: Proof | None) -> None:
    """Give the case back to be reviewed further. Raises Refused, or NotAllowed without a fresh proof."""
    _check(proof_given, by)
    case = changes.locked(case, by)
    text = _cleaned(remark, "remark")
    proposal = _open(changes.follow(case, Verb.REJECT, by))
    changes.end(proposal, Ending.REJECTED, by=by, remark=CaseKey(case).seal_text(proposal, "remark", text))
    changes.commit(case, "compliance.rejected", by=by, data=_said(proposal))


def _check(proof_given: Proof | None, by: User) -> None:
    proof.check(proof_given, by, _("Give your password or the code of your app once more."))


def _open(proposal: Proposal | None) -> Proposal:
    if proposal is None:
        raise Refused(_("Nothing is proposed any more."))
    return proposal


def _said(proposal: Proposal) -> dict[str, str | int]:
    return {
        "proposal": proposal.pk,
        "outcome": proposal.outcome,
        "proposer": proposal.proposed_by_id,
        "digest": proposal.digest,
    }


def _cleaned(text: str, field: str) -> str:
    cleaned = redaction.clean(text.strip())
    if not cleaned:
        raise Refused(_("Give the reason."), field=field)
    if len(cleaned) > LONGEST_REASON:
        raise Refused(_("This is too long: at most %d characters.") % LONGEST_REASON, field=field)
    return cleaned
