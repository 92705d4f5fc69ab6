"""What every change of a review does: lock it as `by` may see it, save the next version, record the event.

An event names the case and holds codes and numbers, never a text, and is about nothing else: no ticket and no
customer is touched by a review, so neither their pages, clocks and figures nor the live stream know of it.
"""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import Absent, Refused
from compliance.models import Case, Ending, Proposal, State
from compliance.transitions import Verb, may, of, open_proposal
from events import recording
from events.models import Event

SUBJECT = "compliance_case"


def locked(case: Case, by: User) -> Case:
    """Return the case, locked until the transaction ends. Raises Absent for whoever may not know of it.

    Secondline's own jobs may.
    """
    cases = Case.objects.select_for_update(of=("self",))
    found: Case | None = (cases if by.is_robot else cases.visible_to(by)).filter(pk=case.pk).first()
    if found is None:
        raise Absent(_("There is no such page."))
    return found


def locked_open(case: Case, by: User) -> Case:
    """Return the case as `locked` does. Raises Refused when it is decided."""
    found = locked(case, by)
    if not found.is_open:
        raise Refused(_("It is decided. Reopen it first."))
    return found


def follow(case: Case, verb: Verb, by: User) -> Proposal | None:
    """Bring the locked case to where the verb leads; return the proposal that was open. Raises Refused."""
    proposal = open_proposal(case)
    if not may(verb, case, by, proposal):
        if verb in {Verb.CONFIRM, Verb.REJECT} and proposal is not None and proposal.proposed_by_id == by.pk:
            raise Refused(_("You proposed this decision: somebody else confirms or rejects it."))
        raise Refused(_("This can't be done now: it is “%s”.") % case.get_state_display())
    case.state = of(verb).target
    return proposal


def commit(case: Case, kind: str, *, by: User, data: dict[str, Any] | None = None) -> Event:
    """Save the locked case and record what happened to it."""
    case.updated_at = clock.now()
    case.version += 1
    case.save()
    return recording.record(kind, subject=(SUBJECT, case.pk), by=by, data=data)


def commit_content(case: Case, kind: str, *, by: User, data: dict[str, Any] | None = None) -> Event:
    """Do what `commit` does after the content was changed: a decision that was proposed over it is void."""
    proposal = open_proposal(case)
    if proposal is not None:
        end(proposal, Ending.VOIDED, by=by)
        case.state = State.IN_REVIEW
    event = commit(case, kind, by=by, data=data)
    if proposal is not None:
        told = {"proposal": proposal.pk, "proposer": proposal.proposed_by_id}
        recording.record("compliance.voided", subject=(SUBJECT, case.pk), by=by, data=told)
    return event


def end(proposal: Proposal, ending: Ending, *, by: User, remark: bytes = b"") -> None:
    """End a proposal, for good."""
    proposal.ended_as, proposal.ended_by, proposal.ended_at = ending, by, clock.now()
    proposal.remark = remark
    proposal.save(update_fields=["ended_as", "ended_by", "ended_at", "remark"])
