"""What is in a report pack.

report.html, report.css   the review to read: facts, checklist, approvals, timeline, accesses, documents
report.json               the same for a program
documents/                the files
audit.jsonl               the trail's sealed records of the case, each with its hash, as docs/audit.md has them
checkpoints.jsonl         the signed checkpoints of the trail from the case's first record on
SHA256SUMS                a line for each file: `sha256sum -c SHA256SUMS` checks them
SIGNATURE.json            the trail's signing key over the bytes of SHA256SUMS (Ed25519)
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from accounts.models import User
from audit import canonical, checkpoints, keys
from audit.models import Entry
from common import clock
from compliance import changes, checklists, content, decisions, documents, timeline
from compliance.indicators import Indicator
from compliance.models import Case
from compliance.sealing import CaseKey

SUMS, SIGNATURE = "SHA256SUMS", "SIGNATURE.json"
STYLE = Path(__file__).parent / "report.css"
ACCESSES = ("compliance.case_read", "compliance.document_read", "compliance.pack_taken")
MOST_CHECKPOINTS = 20_000

Tell = Callable[[int, int], None]


@dataclass
class _Archive:
    """A ZIP that counts along what is in it."""

    buffer: BytesIO = field(default_factory=BytesIO)
    sums: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zip = zipfile.ZipFile(self.buffer, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, what: bytes) -> None:
        self.zip.writestr(zipfile.ZipInfo(name, clock.now().timetuple()[:6]), what, zipfile.ZIP_DEFLATED)
        self.sums.append(f"{hashlib.sha256(what).hexdigest()}  {name}\n")

    def finished(self) -> bytes:
        """Return the ZIP, with the sums and their signature."""
        sums = "".join(self.sums).encode()
        signature = {
            "signed": SUMS,
            "sha256": hashlib.sha256(sums).hexdigest(),
            "key": keys.signing(),
            "public": keys.public(keys.signing()).hex(),
            "signature": base64.b64encode(keys.signed(sums)).decode(),
        }
        self.zip.writestr(SUMS, sums)
        self.zip.writestr(SIGNATURE, json.dumps(signature, indent=2))
        self.zip.close()
        return self.buffer.getvalue()


def build(case: Case, key: CaseKey, *, made_by: User, tell: Tell) -> bytes:
    """Return the pack of the case as it is now, as a ZIP. Raises Unreadable."""
    held = documents.of(case, key)
    total = len(held) + 2
    archive = _Archive()
    entries = list(
        Entry.objects.filter(object_type=changes.SUBJECT, object_id=case.pk)
        .select_related("seal")
        .order_by("at", "id")
    )
    facts = _facts(case, key, held, entries, made_by)
    archive.add("report.html", render_to_string("compliance/report.html", facts | {"case": case}).encode())
    archive.add("report.css", STYLE.read_bytes())
    archive.add("report.json", json.dumps(facts, ensure_ascii=False, indent=2, default=str).encode())
    tell(1, total)
    for done, one in enumerate(held, start=2):
        archive.add(_path(one), key.open(one.row.content, "sealed"))
        tell(done, total)
    _add_trail(archive, entries)
    tell(total, total)
    return archive.finished()


def _path(one: documents.About) -> str:
    return f"documents/{one.row.pk}-{one.name}"


def _add_trail(archive: _Archive, entries: list[Entry]) -> None:
    sealed = [(entry, seal) for entry in entries if (seal := getattr(entry, "seal", None))]
    lines = [
        canonical.spelled(
            {"record": canonical.record(entry, seal.number, seal.key), "hash": bytes(seal.hash).hex()}
        )
        for entry, seal in sealed
    ]
    archive.add("audit.jsonl", b"".join(line + b"\n" for line in lines))
    first = min((seal.number for _, seal in sealed), default=None)
    file = Path(settings.AUDIT_CHECKPOINT_FILE)
    signed: list[bytes] = []
    if first is not None and file.exists():
        lines_of_file = file.read_bytes().splitlines(keepends=True)
        signed = [lines_of_file[one.line - 1] for one in checkpoints.read(file) if one.number >= first]
    archive.add("checkpoints.jsonl", b"".join(signed[-MOST_CHECKPOINTS:]))


def _facts(
    case: Case, key: CaseKey, held: list[documents.About], entries: list[Entry], made_by: User
) -> dict[str, Any]:
    """Return what the report says, as JSON has it."""
    return {
        "reference": case.reference,
        "made": {"by": str(made_by), "at": canonical.moment(clock.now())},
        "type": case.get_kind_display(),
        "state": case.get_state_display(),
        "customer": {"id": case.customer.external_id, "name": case.customer.name},
        "opened": {"by": str(case.opened_by), "at": canonical.moment(case.opened_at)},
        "owner": str(case.owner) if case.owner else "",
        "deadlines": [
            {"step": one.get_step_display(), "due": canonical.moment(one.due_at), "met": _moment(one.met_at),
             "missed": _moment(one.missed_at)}
            for one in case.deadlines.order_by("due_at")
        ],
        "indicators": [Indicator(one).label for one in key.json(case, "indicators")],
        "procedure": case.procedure.number,
        "checklist": [
            {"asked": item.text, "answer": item.answer.get_value_display() if item.answer else "",
             "note": item.note, "document": item.answer.document_id if item.answer else None,
             "by": str(item.answer.by) if item.answer else ""}
            for item in checklists.items(case, key)
        ],
        "approvals": [
            {"outcome": one.row.get_outcome_display(), "reason": one.reason, "digest": one.row.digest,
             "proposed_by": str(one.row.proposed_by), "proposed_at": canonical.moment(one.row.proposed_at),
             "ended_as": one.row.get_ended_as_display() if one.row.ended_as else "",
             "ended_by": str(one.row.ended_by) if one.row.ended_by else "", "ended_at": _moment(one.row.ended_at),
             "remark": one.remark}
            for one in decisions.all_of(case, key)
        ],
        "documents": [
            {"id": one.row.pk, "file": _path(one), "size": one.size, "sha256": one.sha256, "by": str(one.row.by),
             "at": canonical.moment(one.row.at)}
            for one in held
        ],
        "tickets": [link.ticket.reference for link in case.tickets.select_related("ticket").order_by("ticket")],
        "customers": [link.customer.external_id for link in case.customers.select_related("customer")],
        "timeline": [
            {"at": canonical.moment(one.at), "who": str(one.actor), "what": one.line, "text": one.text}
            for one in timeline.of(case, key)
        ],
        "accesses": [
            {"at": canonical.moment(one.at), "who": one.name, "what": one.action, "result": one.result,
             "address": one.address, "data": one.data}
            for one in entries if one.action in ACCESSES
        ],
        "audit": {
            "records": len(entries),
            "not_sealed_yet": sum(getattr(one, "seal", None) is None for one in entries),
        },
        "content_sha256": content.digest(case, key),
    }  # fmt: skip


def _moment(at: Any) -> str:
    return canonical.moment(at) if at else ""
