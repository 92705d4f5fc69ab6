"""What leaves the house of a bug report: its text as Markdown, and a ZIP with a manifest. Redacted once more."""

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import redaction
from bugs import impact
from bugs.models import BugReport, Severity
from common.errors import Refused
from escalations import evidence_words
from escalations.models import Attachment, Evidence, EvidenceKind
from redaction.files import TooMuch, redact_file
from redaction.schemes import MASK

MARK = "secondline-bug"
#: Bytes of all files that go into one archive, which is made in memory.
LARGEST = 50 * 1024**2
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MASKED = re.compile(rf"({MASK}+(?:[ -]{MASK}+)*)")


def mark_of(bug: BugReport) -> str:
    """Return the line by which a report is found in a tracker."""
    return f"{MARK}:{bug.marker.hex}"


def check(bug: BugReport) -> None:
    """Raise Refused where nothing about the report may leave the house."""
    if bug.concerned.exclude(ticket__restricted_as="").exists():
        raise Refused(_("One of its escalations is restricted: nothing about it leaves the house."))


def chosen_evidence(bug: BugReport) -> list[Evidence]:
    """Return the evidence that leaves: what was chosen, is not removed, and hangs on no restricted escalation."""
    found = bug.evidence.filter(removed_at=None, ticket__restricted_as="", ticket__bugs__bug=bug)
    return list(found.distinct().order_by("pk"))


def title(bug: BugReport) -> str:
    """Return the title as it leaves."""
    return redaction.clean(bug.title)


def markdown(bug: BugReport) -> str:
    """Return the whole text as it leaves, in English: trackers are read by whoever mends the product."""
    with translation.override("en"):
        return redaction.clean(_text(bug))


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return a text in pieces, and of each whether it is a mask: what redaction has hidden, now or before."""
    return [(piece, number % 2 == 1) for number, piece in enumerate(_MASKED.split(text)) if piece]


def _text(bug: BugReport) -> str:
    reach = impact.of(bug)
    since = reach.since.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if reach.since else "–"
    parts = [
        f"**{_('Severity')}:** {Severity(bug.severity).label}",
        f"**{_('Impact')}:** "
        + ", ".join([
            ngettext("%d customer", "%d customers", reach.customers) % reach.customers,
            ngettext("%d escalation", "%d escalations", reach.tickets) % reach.tickets,
            *reach.money,
            _("since %s") % since,
        ]),
    ]  # fmt: skip
    for name, text in (
        (_("Environment"), bug.environment), (_("Steps"), bug.steps),
        (_("Expected"), bug.expected), (_("Actual"), bug.actual),
    ):  # fmt: skip
        if text:
            parts.append(f"## {name}\n\n{text}")
    if kept := chosen_evidence(bug):
        parts.append(f"## {_('Evidence')}")
        parts += ["\n\n".join(_piece(one)) for one in kept]
    return "\n\n".join([*parts, f"<!-- {mark_of(bug)} -->"]) + "\n"


def _piece(evidence: Evidence) -> list[str]:
    """Return a piece of evidence: its title, where it comes from, and what it says."""
    origin = " · ".join(evidence_words.origin(evidence))
    return [f"### {evidence.title}", *filter(None, [origin, _fenced(evidence.body) if evidence.body else ""])]


def _fenced(text: str) -> str:
    """Return text as a code block that nothing in it can end: the tracker renders none of it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"


def archive(bug: BugReport) -> bytes:
    """Return a ZIP of report.md, the evidence and its files, and MANIFEST.json with the SHA-256 of each.

    Raises Refused where a file can't be looked through once more, or all are too large.
    """
    contents = {"report.md": f"# {title(bug)}\n\n{markdown(bug)}".encode()}
    room = LARGEST
    for number, one in enumerate(chosen_evidence(bug), 1):
        text = "\n\n".join(_piece(one))
        contents[f"evidence/{number:02}.txt"] = redaction.clean(f"{text}\n").encode()
        if (file := _file_of(one)) is not None:
            room -= file.size
            if room < 0:
                raise Refused(
                    _("Together the files are too large: choose fewer, at most %d MB.") % (LARGEST >> 20)
                )
            contents[f"evidence/{number:02}-{_safe(file.name)}"] = _looked_through(file)
    manifest = {
        "report": mark_of(bug), "version": bug.version,
        "files": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in contents.items()
        ],
    }  # fmt: skip
    contents["MANIFEST.json"] = json.dumps(manifest, indent=2).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in contents.items():
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _file_of(evidence: Evidence) -> Attachment | None:
    """Return the file that a piece of evidence is, if it is one and still there."""
    if evidence.kind != EvidenceKind.FILE:
        return None
    return Attachment.objects.filter(ticket=evidence.ticket_id, sha256=evidence.source.get("sha256", "")).first()


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)[-80:]


def _looked_through(file: Attachment) -> bytes:
    """Return the file as it may leave. Raises Refused where something in it can't be taken out."""
    with file.file.open("rb") as stored:
        content = stored.read()
    try:
        cleaned = redact_file(content, file.name).content
    except TooMuch:
        cleaned = None
    if cleaned is None:
        raise Refused(_("“%s” can't be looked through once more: leave it out.") % file.name)
    return cleaned
