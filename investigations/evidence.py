"""Lines of logs become evidence of a hypothesis: with file, line and hash, so that anybody can check them."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Refused
from escalations import evidence
from escalations.models import Evidence, EvidenceKind, Ticket
from investigations.lines import Line

MOST_LINES = 50


@transaction.atomic
def add(
    ticket: Ticket,
    lines: Sequence[Line],
    *,
    by: User,
    hypothesis: str = "",
    supports: bool = True,
    suspicion: str = "",
) -> list[Evidence]:
    """Keep each line as evidence; where it goes and what is raised is said in escalations.evidence.keep."""
    if not lines:
        raise Refused(_("Tick the lines that are evidence."), field="line")
    if len(lines) > MOST_LINES:
        raise Refused(_("At most %d lines can be evidence at once.") % MOST_LINES, field="line")
    kept: list[Evidence] = []
    for line in lines:
        kept.append(
            evidence.keep(
                ticket, kind=EvidenceKind.LOG, title=f"{line.log.name}:{line.number}", body=line.text,
                source=source(line), by=by, supports=supports,
                hypothesis=kept[0].hypothesis if kept else hypothesis, suspicion="" if kept else suspicion,
            )
        )  # fmt: skip
    return kept


def source(line: Line) -> dict[str, object]:
    """Return where a line stands: its log, its number there, its own hash, when it was written, and its page."""
    return {
        "log": line.log.pk,
        "file": line.log.name,
        "line": line.number,
        "sha256": line.sha256,
        "page": line.log.get_absolute_url(),
        "at": line.at.isoformat() if line.at else None,
    }
