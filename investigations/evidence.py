"""Lines of logs become evidence of a hypothesis: with file, line and hash, so that anybody can check them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Refused
from escalations import diagnosis
from escalations.diagnosis import Findings, Hypothesis
from escalations.models import Diagnosis, Ticket
from investigations.lines import Line

MOST_LINES = 50
_LONGEST = 300  # characters of a line that are quoted


def add(
    ticket: Ticket, lines: Sequence[Line], *, by: User, version: int, hypothesis: int | None, text: str = ""
) -> Diagnosis:
    """Quote lines as evidence of the `hypothesis`th hypothesis, or of a new one that says `text`.

    `version` is the diagnosis's that the choice was made by, 0 for none. Raises what diagnosis.write does.
    """
    if not lines:
        raise Refused(_("Tick the lines that are evidence."), field="line")
    if len(lines) > MOST_LINES:
        raise Refused(_("At most %d lines can be evidence at once.") % MOST_LINES, field="line")
    current = Diagnosis.objects.filter(ticket=ticket).first()
    hypotheses = [Hypothesis(**row) for row in current.hypotheses] if current else []
    quoted = "\n".join(quote(line) for line in lines)
    if hypothesis is None:
        if not text.strip():
            raise Refused(_("Say what the lines are evidence of."), field="text")
        hypotheses.append(Hypothesis(text=text, evidence=quoted))
    elif 0 <= hypothesis < len(hypotheses):
        old = hypotheses[hypothesis]
        hypotheses[hypothesis] = Hypothesis(old.text, old.status, f"{old.evidence}\n{quoted}".strip())
    else:
        raise Refused(_("Choose one of the list."), field="hypothesis")
    findings = Findings(
        symptoms=current.symptoms if current else "",
        hypotheses=hypotheses,
        root_cause=current.root_cause_id if current else None,
        workaround=current.workaround if current else "",
        fix=current.fix if current else "",
    )
    return diagnosis.write(ticket, findings, by=by, version=version)


def quote(line: Line) -> str:
    """Return a line as evidence: file, line number, the hash of the line, and what it says."""
    text = line.text if len(line.text) <= _LONGEST else f"{line.text[:_LONGEST]} …"
    return f"{line.log.name}:{line.number} (SHA-256 {line.sha256})\n{text}"
