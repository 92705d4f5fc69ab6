"""The diagnosis board of a ticket: what is suspected, what speaks for and against it, who said so and when."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from escalations import hypotheses
from escalations.diagnosis import Hypothesis, HypothesisStatus
from escalations.models import Diagnosis, DiagnosisRevision, Evidence, Ticket


@dataclass(frozen=True)
class Said:
    """Who brought something to how it is now, and when."""

    by: User
    at: datetime


@dataclass
class Row:
    """A hypothesis with its evidence. `judged` is set once it is confirmed or ruled out."""

    hypothesis: Hypothesis
    suspected: Said | None = None
    judged: Said | None = None
    supporting: list[Evidence] = field(default_factory=list)
    opposing: list[Evidence] = field(default_factory=list)

    @property
    def number(self) -> str:
        """What people call it, as “H2”."""
        return self.hypothesis.id.upper()

    @property
    def status_label(self) -> str:
        return str(HypothesisStatus(self.hypothesis.status).label)

    @property
    def is_confirmed(self) -> bool:
        return self.hypothesis.status == HypothesisStatus.CONFIRMED

    @property
    def is_open(self) -> bool:
        return self.hypothesis.status == HypothesisStatus.OPEN


@dataclass
class Board:
    """A ticket's diagnosis as a board; `shelf` is evidence that is held against no hypothesis.

    `said` tells of symptoms, root_cause, workaround and fix, by those names, who wrote what stands there.
    """

    diagnosis: Diagnosis | None
    rows: list[Row]
    shelf: list[Evidence]
    removed: list[Evidence]
    dropped: list[Hypothesis]
    said: dict[str, Said]

    @property
    def version(self) -> int:
        return self.diagnosis.version if self.diagnosis else 0

    @property
    def confirmed(self) -> bool:
        return any(row.is_confirmed for row in self.rows)

    @property
    def standing(self) -> list[Evidence]:
        """All evidence but what was taken off the board."""
        return [*self.shelf, *(one for row in self.rows for one in [*row.supporting, *row.opposing])]

    @property
    def off(self) -> int:
        """How much was taken off the board and can be put back."""
        return len(self.removed) + len(self.dropped)

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.shelf or self.off)


_TEXTS = ("symptoms", "root_cause_id", "workaround", "fix")


def of_ticket(ticket: Ticket) -> Board:
    """Return the board of a ticket."""
    current = Diagnosis.objects.filter(ticket=ticket).select_related("root_cause__parent", "updated_by").first()
    past: list[DiagnosisRevision] = []
    if current is not None:
        past = list(current.revisions.select_related("written_by").order_by("version"))
    rows = {row["id"]: Row(Hypothesis(**row)) for row in (current.hypotheses if current else [])}
    _tell_when(rows, past)
    kept = list(Evidence.objects.filter(ticket=ticket).select_related("kept_by", "removed_by"))
    for one in kept:
        one.ticket = ticket
    standing = [one for one in kept if one.removed_at is None]
    for one in standing:
        if row := rows.get(one.hypothesis):
            (row.supporting if one.supports else row.opposing).append(one)
    return Board(
        diagnosis=current,
        rows=list(rows.values()),
        shelf=[one for one in standing if one.hypothesis not in rows],
        removed=[one for one in kept if one.removed_at is not None],
        dropped=hypotheses.dropped(past, rows),
        said=_said(past),
    )


def _tell_when(rows: dict[str, Row], past: Iterable[DiagnosisRevision]) -> None:
    """Note for each hypothesis who named it first, and who judged it as it is judged now."""
    status: dict[str, str] = {}
    for revision in past:
        said = Said(revision.written_by, revision.written_at)
        for hypothesis in revision.hypotheses:
            row = rows.get(hypothesis["id"])
            if row is None:
                continue
            row.suspected = row.suspected or said
            if status.get(hypothesis["id"]) != hypothesis["status"]:
                row.judged = None if hypothesis["status"] == HypothesisStatus.OPEN else said
            status[hypothesis["id"]] = hypothesis["status"]


def _said(past: Iterable[DiagnosisRevision]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    values: dict[str, Any] = {}
    for revision in past:
        for name in _TEXTS:
            value = getattr(revision, name)
            if value != values.get(name, None if name.endswith("_id") else ""):
                found[name.removesuffix("_id")] = Said(revision.written_by, revision.written_at)
            values[name] = value
    return found
