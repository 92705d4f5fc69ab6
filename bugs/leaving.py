"""What leaves the house of a bug report: its text as Markdown, and a ZIP with a manifest. Redacted once more."""

import hashlib
import io
import json
import zipfile
from datetime import UTC

from django.utils import translation
from django.utils.translation import gettext as _

import redaction
from bugs import impact
from bugs.models import BugReport, Severity
from common.errors import Refused
from escalations.models import Evidence

MARK = "secondline-bug"
_EPOCH = (1980, 1, 1, 0, 0, 0)


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


def _text(bug: BugReport) -> str:
    reach = impact.of(bug)
    since = reach.since.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if reach.since else "–"
    parts = [
        f"**{_('Severity')}:** {Severity(bug.severity).label}",
        f"**{_('Impact')}:** "
        + _("%(customers)d customers, %(tickets)d escalations, since %(since)s")
        % {"customers": reach.customers, "tickets": reach.tickets, "since": since},
    ]
    for name, text in (
        (_("Environment"), bug.environment), (_("Steps"), bug.steps),
        (_("Expected"), bug.expected), (_("Actual"), bug.actual),
    ):  # fmt: skip
        if text:
            parts.append(f"## {name}\n\n{text}")
    if kept := chosen_evidence(bug):
        parts.append(f"## {_('Evidence')}")
        parts += [f"### {one.title}\n\n{_fenced(one.body)}" for one in kept]
    return "\n\n".join([*parts, f"<!-- {mark_of(bug)} -->"]) + "\n"


def _fenced(text: str) -> str:
    """Return text as a code block that nothing in it can end: the tracker renders none of it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"


def archive(bug: BugReport) -> bytes:
    """Return a ZIP of report.md and the evidence, and MANIFEST.json with the SHA-256 of each."""
    files = {"report.md": f"# {title(bug)}\n\n{markdown(bug)}"}
    for number, one in enumerate(chosen_evidence(bug), 1):
        files[f"evidence/{number:02}.txt"] = redaction.clean(f"{one.title}\n\n{one.body}\n")
    contents = {name: text.encode() for name, text in files.items()}
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
