"""Hypotheses of a diagnosis, one by one: suspected, judged, dropped, brought back. Each makes the next version."""

from collections.abc import Callable, Container, Iterable
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Refused
from escalations import diagnosis
from escalations.changes import lock, required
from escalations.diagnosis import Findings, Hypothesis, HypothesisStatus
from escalations.models import Diagnosis, DiagnosisRevision, Ticket


def ids(ticket: Ticket) -> set[str]:
    """Return the ids of the hypotheses that the ticket's diagnosis names now."""
    current = Diagnosis.objects.filter(ticket=ticket).first()
    return {row["id"] for row in current.hypotheses} if current else set()


@transaction.atomic
def suspect(ticket: Ticket, text: str, *, by: User) -> str:
    """Add a hypothesis to the diagnosis as it stands, whatever its version, and return its id.

    A text that is there already is that hypothesis. Raises Absent, NotAllowed or Refused.
    """
    cleaned = diagnosis.cleaned(required(text, "text", _("Say what may be wrong.")), "text")
    lock(ticket, by=by)
    current = Diagnosis.objects.filter(ticket=ticket).first()
    findings = diagnosis.as_found(current)
    for row in findings.hypotheses:
        if row.text == cleaned:
            return row.id
    written = diagnosis.write(
        ticket,
        replace(findings, hypotheses=[*findings.hypotheses, Hypothesis(cleaned)]),
        by=by,
        version=current.version if current else 0,
    )
    return str(written.hypotheses[-1]["id"])


@transaction.atomic
def judge(
    ticket: Ticket,
    hypothesis: str,
    *,
    status: str,
    reason: str,
    by: User,
    version: int,
    root_cause: int | None = None,
) -> Diagnosis:
    """Confirm a hypothesis, rule it out, or open it again; the first two say why.

    A confirmed one may name the root cause, which becomes the diagnosis's. Raises what diagnosis.write does.
    """
    if status != HypothesisStatus.OPEN:
        reason = required(reason, "reason", _("Say what shows it."))

    def change(findings: Findings) -> Findings:
        rows = [
            replace(row, status=status, reason="" if status == HypothesisStatus.OPEN else reason)
            if row.id == hypothesis
            else row
            for row in findings.hypotheses
        ]
        names_cause = status == HypothesisStatus.CONFIRMED and root_cause
        return replace(findings, hypotheses=rows, root_cause=root_cause if names_cause else findings.root_cause)

    return _change(ticket, hypothesis, change, by=by, version=version)


@transaction.atomic
def drop(ticket: Ticket, hypothesis: str, *, by: User, version: int) -> Diagnosis:
    """Take a hypothesis out of the diagnosis; what was held against it is assigned to none meanwhile.

    Earlier versions keep it. Raises what diagnosis.write does.
    """
    return _change(
        ticket,
        hypothesis,
        lambda found: replace(found, hypotheses=[row for row in found.hypotheses if row.id != hypothesis]),
        by=by,
        version=version,
    )


@transaction.atomic
def bring_back(ticket: Ticket, hypothesis: str, *, by: User) -> None:
    """Put a dropped hypothesis back as it last was, with its evidence. Nothing happens if it is there."""
    lock(ticket, by=by)
    current = Diagnosis.objects.filter(ticket=ticket).first()
    findings = diagnosis.as_found(current)
    kept = {row.id for row in findings.hypotheses}
    if current is None or hypothesis in kept:
        return
    lost = next(
        (row for row in dropped(current.revisions.order_by("version"), kept) if row.id == hypothesis), None
    )
    if lost is None:
        raise Refused(_("There is no such hypothesis."))
    diagnosis.write(
        ticket, replace(findings, hypotheses=[*findings.hypotheses, lost]), by=by, version=current.version
    )


def dropped(past: Iterable[DiagnosisRevision], kept: Container[str]) -> list[Hypothesis]:
    """Return the hypotheses that only earlier versions name, as they last were. `past` is in order."""
    found = {row["id"]: Hypothesis(**row) for revision in past for row in revision.hypotheses}
    return [row for row in found.values() if row.id not in kept]


def _change(
    ticket: Ticket, hypothesis: str, change: Callable[[Findings], Findings], *, by: User, version: int
) -> Diagnosis:
    lock(ticket, by=by)
    current = Diagnosis.objects.filter(ticket=ticket).first()
    findings = diagnosis.as_found(current)
    if (
        current is not None
        and current.version == version
        and hypothesis not in {row.id for row in findings.hypotheses}
    ):
        raise Refused(_("There is no such hypothesis."))
    return diagnosis.write(ticket, change(findings), by=by, version=version)
