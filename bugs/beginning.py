"""What a report begins with: what has been found out, and no more of the customer than a bug needs."""

from typing import Any

from bugs import impact
from escalations import diagnosis
from escalations.diagnosis import HypothesisStatus
from escalations.models import Diagnosis, Evidence, EvidenceKind, Ticket
from knowledgebase.models import KnownIssue


def of(ticket: Ticket, issue: KnownIssue | None) -> dict[str, Any]:
    """Return what stands in the form: of the known issue it begins at, else of the escalation's diagnosis.

    Log lines that speak for a hypothesis are ticked. Lookups, answers of APIs and words tell of a person: whoever
    needs them in the report ticks them.
    """
    found = diagnosis.as_found(Diagnosis.objects.filter(ticket=ticket).first())
    confirmed = next((one.text for one in found.hypotheses if one.status == HypothesisStatus.CONFIRMED), "")
    lines = Evidence.objects.filter(ticket=ticket, removed_at=None, supports=True, kind=EvidenceKind.LOG)
    return {
        "title": (issue.title if issue else confirmed or ticket.subject)[:200],
        "actual": issue.symptoms if issue else found.symptoms or ticket.error_code,
        "environment": ticket.product,
        "severity": impact.of_ticket(ticket).suggested.value,
        "evidence": lines.exclude(hypothesis=""),
    }
