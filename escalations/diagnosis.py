"""The diagnosis: symptoms, hypotheses with evidence, root cause, workaround, fix; in versions."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import search_index
from escalations.access import works_on
from escalations.changes import chosen, lock, record
from escalations.models import Diagnosis, DiagnosisRevision, RootCause, Ticket

MOST_HYPOTHESES = 20
LONGEST = 20_000


class HypothesisStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("hypothesis", "Open")
    CONFIRMED = "confirmed", gettext_lazy("Confirmed")
    RULED_OUT = "ruled_out", gettext_lazy("Ruled out")


@dataclass(frozen=True)
class Hypothesis:
    """What may be wrong, how far it is proven, by what, and why it was ruled out or confirmed.

    `id` ("h3") stays the same in all versions of a diagnosis; who leaves it out means the one with this text, or a
    new one.
    """

    text: str
    status: str = HypothesisStatus.OPEN
    evidence: str = ""
    id: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Findings:
    """What a specialist writes down."""

    symptoms: str = ""
    hypotheses: list[Hypothesis] = field(default_factory=list)
    root_cause: int | None = None
    workaround: str = ""
    fix: str = ""


@transaction.atomic
def write(ticket: Ticket, findings: Findings, *, by: User, version: int) -> Diagnosis:
    """Store the findings as the diagnosis's next version. `version` is the one they build on, 0 for none.

    Raises NotAllowed, Refused, or StaleVersion when somebody wrote meanwhile.
    """
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not write the diagnosis."))
    diagnosis = Diagnosis.objects.filter(ticket=locked).first() or Diagnosis(ticket=locked, version=0)
    if diagnosis.version != version:
        raise StaleVersion(
            _("Somebody changed the diagnosis while you were writing. Nothing was saved."), current=diagnosis
        )
    content = _content(findings, diagnosis)
    for name, value in content.items():
        setattr(diagnosis, name, value)
    diagnosis.version += 1
    diagnosis.updated_at, diagnosis.updated_by = clock.now(), by
    diagnosis.save()
    DiagnosisRevision.objects.create(
        diagnosis=diagnosis,
        version=diagnosis.version,
        written_at=diagnosis.updated_at,
        written_by=by,
        **content,
    )
    record(locked, "diagnosed", by=by, version=diagnosis.version)
    search_index.refresh([locked.pk])
    return diagnosis


def as_found(diagnosis: Diagnosis | None) -> Findings:
    """Return what stands in a diagnosis, to be written anew with a change."""
    if diagnosis is None:
        return Findings()
    return Findings(
        symptoms=diagnosis.symptoms,
        hypotheses=[Hypothesis(**row) for row in diagnosis.hypotheses],
        root_cause=diagnosis.root_cause_id,
        workaround=diagnosis.workaround,
        fix=diagnosis.fix,
    )


def _content(findings: Findings, current: Diagnosis) -> dict[str, Any]:
    if len(findings.hypotheses) > MOST_HYPOTHESES:
        raise Refused(_("At most %d hypotheses can be listed.") % MOST_HYPOTHESES, field="hypotheses")
    root_cause = current.root_cause  # one that is not offered any more may stay
    if findings.root_cause != current.root_cause_id:
        root_cause = (
            chosen(
                RootCause.objects.filter(is_active=True, children=None),
                findings.root_cause,
                "root_cause",
                _("Choose the root cause."),
            )
            if findings.root_cause
            else None
        )
    return {
        "symptoms": cleaned(findings.symptoms, "symptoms"),
        "hypotheses": _with_ids([_hypothesis(row) for row in findings.hypotheses if row.text.strip()], current),
        "root_cause": root_cause,
        "workaround": cleaned(findings.workaround, "workaround"),
        "fix": cleaned(findings.fix, "fix"),
    }


def _hypothesis(row: Hypothesis) -> dict[str, str]:
    if row.status not in HypothesisStatus.values:
        raise Refused(_("Choose one of the list."), field="hypotheses")
    return {
        "text": cleaned(row.text, "hypotheses"),
        "status": str(row.status),
        "evidence": cleaned(row.evidence, "hypotheses"),
        "id": row.id,
        "reason": cleaned(row.reason, "hypotheses"),
    }


def _with_ids(rows: list[dict[str, str]], current: Diagnosis) -> list[dict[str, str]]:
    """Give each row the id that it had, or the next one that no version has used."""
    past = list(current.revisions.values_list("hypotheses", flat=True)) if current.pk else []
    used = {row["id"] for hypotheses in past for row in hypotheses}
    same_text = {row["text"]: row["id"] for row in current.hypotheses}
    last = max((int(one[1:]) for one in used), default=0)
    taken: set[str] = set()
    claimed = {row["id"] for row in rows}
    for row in rows:
        if row["id"] not in used or row["id"] in taken:
            row["id"] = same_text.get(row["text"], "")
            if not row["id"] or row["id"] in taken | claimed:
                last += 1
                row["id"] = f"h{last}"
        taken.add(row["id"])
    return rows


def cleaned(text: str, name: str) -> str:
    """Return a text as it may be stored; raise Refused on the field `name` where it is too long."""
    kept = redaction.clean(text).replace("\x00", "").strip()
    if len(kept) > LONGEST:
        raise Refused(_("This may have at most %d characters.") % LONGEST, field=name)
    return kept


def revision_of(findings: Findings) -> DiagnosisRevision:
    """Return findings as a version that is not stored, to be shown beside one that is."""
    return DiagnosisRevision(
        symptoms=findings.symptoms,
        hypotheses=[_hypothesis(row) for row in findings.hypotheses],
        root_cause=RootCause.objects.filter(pk=findings.root_cause).first() if findings.root_cause else None,
        workaround=findings.workaround,
        fix=findings.fix,
    )


def parts(findings: Diagnosis | DiagnosisRevision) -> list[tuple[str, str]]:
    """Return a version as (title, plain text), always the same parts in the same order."""
    hypotheses = ["\n  ".join(line for line in _lines(row) if line) for row in findings.hypotheses]
    return [
        (_("Symptoms"), findings.symptoms),
        (_("Hypotheses"), "\n".join(hypotheses)),
        (_("Root cause"), findings.root_cause.path if findings.root_cause else ""),
        (_("Workaround"), findings.workaround),
        (_("Fix"), findings.fix),
    ]


def _lines(row: dict[str, str]) -> list[str]:
    """Return a hypothesis as lines, some empty: how it stands, why, and what was written beside it."""
    status = HypothesisStatus(row["status"]).label
    return [f"- [{status}] {row['text']}", row["reason"] and _("Why: %s") % row["reason"], row["evidence"]]


def as_text(findings: Diagnosis | DiagnosisRevision) -> str:
    """Return a version as plain lines, to be compared with another."""
    return "\n\n".join(f"{title}\n{text}" for title, text in parts(findings) if text)
