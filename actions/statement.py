"""What exactly is asked, spelled in one way, so that an approval can cover its hash."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

import redaction
from actions.kinds import Definition
from actions.models import Action
from audit import canonical
from escalations.contract import Invalid
from escalations.models import Message, MessageKind, Ticket

LONGEST_TEXT = 4_000
TEXT, SOURCE = "text", "source"
FILE, NOTE = "file", "note"


def stated(action: Action) -> tuple[str, str]:
    """Return the statement of what is requested (RFC 8785), and its SHA-256."""
    said = {
        "id": action.pk,
        "kind": action.kind,
        "ticket": action.ticket_id,
        "account": action.account,
        "order": action.order,
        "sequence": action.sequence,
        "payload": action.payload,
        "evidence": action.evidence,
        "policy": action.policy_id,
        "makers": sorted(action.makers),
        "requested_at": canonical.moment(action.requested_at) if action.requested_at else "",
    }
    spelled = canonical.spelled(said)
    return spelled.decode(), hashlib.sha256(spelled).hexdigest()


def clean_evidence(definition: Definition, ticket: Ticket, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evidence as it is kept: words, and which file or note of the ticket with its SHA-256.

    `raw` has {"text": …, "source": "file-12" or "note-7"} for each piece; what is missing may be missing for now.
    Raises Invalid, naming each piece that is wrong.
    """
    kept: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for piece in definition.evidence:
        given = raw.get(piece.key) or {}
        text = redaction.clean(str(given.get(TEXT) or "").replace("\x00", "").strip())
        source = str(given.get(SOURCE) or "")
        if len(text) > LONGEST_TEXT:
            errors[piece.key] = _("This may have at most %d characters.") % LONGEST_TEXT
            continue
        found = source_of(ticket, source) if source else None
        if source and found is None:
            errors[piece.key] = _("This is no file and no note of the escalation.")
            continue
        if text or found:
            kept[piece.key] = {TEXT: text, **({SOURCE: found} if found else {})}
    if errors:
        raise Invalid(errors)
    return kept


def missing(definition: Definition, evidence: Mapping[str, Any]) -> list[str]:
    """Return the labels of the evidence that is needed and not there."""
    return [
        str(piece.label)
        for piece in definition.evidence
        if piece.required
        and (
            piece.key not in evidence
            or (piece.file and (evidence[piece.key].get(SOURCE) or {}).get("type") != FILE)
        )
    ]


def sources(ticket: Ticket) -> list[tuple[str, str]]:
    """Return what of the ticket may serve as evidence: its files and internal notes, by "file-12" and "note-7"."""
    files = ticket.attachments.order_by("-pk").values_list("pk", "name")
    notes = (
        ticket.messages.filter(kind=MessageKind.NOTE, taken_back_at=None).order_by("-pk").values_list("pk", "body")
    )
    return [(f"{FILE}-{pk}", name) for pk, name in files] + [
        (f"{NOTE}-{pk}", _("Note: %s") % " ".join(body.split())[:60]) for pk, body in notes
    ]


def source_of(ticket: Ticket, source: str) -> dict[str, Any] | None:
    """Return the named file or note of the ticket with its hash, or None."""
    kind, _dash, number = source.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    if kind == FILE:
        file = ticket.attachments.filter(pk=number).first()
        return None if file is None else {"type": FILE, "id": file.pk, "name": file.name, "sha256": file.sha256}
    if kind == NOTE:
        note = ticket.messages.filter(pk=number, kind=MessageKind.NOTE).first()
        return None if note is None else {"type": NOTE, "id": note.pk, "sha256": _of_note(note)}
    return None


def _of_note(note: Message) -> str:
    return hashlib.sha256(note.body.encode()).hexdigest()
